//! Policies that are signed in a call, at a room service that is slow to take them, or does not.

use std::{sync::Arc, time::Duration};

use anteroom_client::{
    AdminStatement, Approval, BarState, CallEvent, CallSession, DemuxId, EndReason, GroupError,
    GroupEvent, MemoryStatements, RoomStatements,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

use crate::{
    group::{Room, group_of, own_device, within},
    support::{TestUser, wait_for},
};

/// The fate of a change of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    /// The change waits.
    Wait,
    /// The connection breaks.
    Break,
    /// The room service refuses it.
    Refuse,
}

/// A door before a room service, at which changes of links are stopped.
struct Door {
    url: String,
    fate: watch::Sender<Fate>,
    seen: watch::Receiver<usize>,
}

impl Door {
    async fn before(service: &str) -> Self {
        let service = service.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (fate, fates) = watch::channel(Fate::Pass);
        let (count, seen) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (read, mut write) = client.into_split();
                let service = TcpStream::connect(&service).await.unwrap();
                let (mut answers, requests) = service.into_split();
                let (fates, count) = (fates.clone(), count.clone());
                tokio::spawn(async move {
                    let answered = async {
                        let _ = copy(&mut answers, &mut write).await;
                    };
                    let stopped = tokio::select! {
                        stopped = pass(read, requests, fates, &count) => stopped,
                        () = answered => false,
                    };
                    if stopped {
                        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
                        let _ = write.write_all(refusal.as_bytes()).await;
                    }
                });
            }
        });
        Self { url, fate, seen }
    }

    /// Waits until this number of changes have come.
    async fn seen(&self, count: usize) {
        let mut seen = self.seen.clone();
        let found = async { seen.wait_for(|seen| *seen >= count).await.map(drop) };
        within(found).await.unwrap();
    }

    fn count(&self) -> usize {
        *self.seen.borrow()
    }
}

/// Passes requests on. Returns true if a change is refused.
async fn pass(
    mut read: OwnedReadHalf,
    mut requests: OwnedWriteHalf,
    mut fates: watch::Receiver<Fate>,
    count: &watch::Sender<usize>,
) -> bool {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = read.read(&mut buffer).await else {
            return false;
        };
        let bytes = &buffer[..length];
        if bytes.starts_with(b"PUT /v1/call-link") {
            count.send_modify(|count| *count += 1);
            let fate = fates.wait_for(|fate| *fate != Fate::Wait).await;
            match fate.map(|fate| *fate) {
                Ok(Fate::Pass | Fate::Wait) => {}
                Ok(Fate::Refuse) => return true,
                Ok(Fate::Break) | Err(_) => return false,
            }
        }
        if requests.write_all(bytes).await.is_err() {
            return false;
        }
    }
}

/// An admin behind a door, with others in one group.
struct Stage {
    room: Room,
    door: Door,
    ann: TestUser,
    anns: CallSession,
    store: Arc<MemoryStatements>,
    others: Vec<(CallSession, DemuxId)>,
}

impl Stage {
    async fn with(others: u8) -> Self {
        let (room, _) = Room::create(Approval::Off, true).await;
        let door = Door::before(room.fixture.rooms.base_url()).await;
        let issuer = room.fixture.issuer.base_url();
        let ann = room.fixture.person_through(issuer, &door.url).await;
        let store = Arc::new(MemoryStatements::default());
        let mut anns = room.join_with(&store, &ann, ("Ann", 1, true)).await;
        own_device(&mut anns).await;
        let mut all = Vec::new();
        for number in 0..others {
            let person = room.fixture.person().await;
            let mut call = room.join(&person, "Bob", number + 2, false).await;
            let device = own_device(&mut call).await;
            all.push((call, device));
        }
        group_of(&mut anns, usize::from(others) + 1).await;
        Self {
            room,
            door,
            ann,
            anns,
            store,
            others: all,
        }
    }

    /// Returns the policy that Ann has kept.
    fn kept(&self) -> AdminStatement {
        let kept = RoomStatements::load(&self.room.link, &*self.store).unwrap();
        kept.unwrap().admin_statement()
    }

    /// Returns the policy that the room service shows.
    async fn shown(&self) -> AdminStatement {
        let (key, pass) = (self.room.root_key(), &self.ann.pass);
        let mut rng = self.room.fixture.rng();
        let state = self.ann.rooms.link(key, pass, &mut *rng).await.unwrap();
        state.admin_statement
    }

    /// Waits until the members have put a device out.
    async fn put_out(&mut self, device: DemuxId) {
        let out = wait_for(&mut self.anns, |event| match event {
            CallEvent::Group(event) => match *event {
                GroupEvent::Barred { claims, state } => {
                    (claims.demux_id == device && state == BarState::Removed).then_some(())
                }
                _ => None,
            },
            _ => None,
        });
        within(out).await;
    }
}

#[tokio::test]
async fn who_removes_somebody_and_leaves_at_once_leaves_the_new_policy_behind() {
    let mut stage = Stage::with(2).await;
    let before = stage.shown().await;
    stage.door.fate.send_replace(Fate::Wait);
    let (_, device) = stage.others[0];
    stage.anns.remove(device).await.unwrap();
    let anns = std::mem::replace(
        &mut stage.anns,
        stage.room.join(&stage.ann, "Ann", 9, false).await,
    );
    let leaving = tokio::spawn(anns.leave());
    stage.door.seen(1).await;
    stage.door.fate.send_replace(Fate::Pass);
    within(leaving).await.unwrap();
    let kept = stage.kept();
    assert_ne!(kept, before, "the store has the new policy");
    assert_eq!(stage.shown().await, kept);
}

#[tokio::test]
async fn of_two_policies_the_older_one_never_takes_the_place_of_the_newer_one() {
    let mut stage = Stage::with(3).await;
    stage.door.fate.send_replace(Fate::Wait);
    for number in [0, 1] {
        let (_, device) = stage.others[number];
        stage.anns.remove(device).await.unwrap();
        stage.put_out(device).await;
        stage.door.seen(1).await;
    }
    assert_eq!(stage.door.count(), 1, "one change at a time");
    stage.door.fate.send_replace(Fate::Pass);
    stage.door.seen(2).await;
    let kept = stage.kept();
    let shown = wait_for(&mut stage.anns, |event| match event {
        CallEvent::Link(state) => (state.admin_statement == kept).then_some(()),
        _ => None,
    });
    within(shown).await;
    assert_eq!(stage.shown().await, kept);
}

#[tokio::test]
async fn a_policy_that_the_room_service_has_refused_is_published_at_the_next_join() {
    let mut stage = Stage::with(2).await;
    stage.door.fate.send_replace(Fate::Break);
    let (_, device) = stage.others[0];
    stage.anns.remove(device).await.unwrap();
    // A connection that breaks is no refusal.
    stage.door.seen(2).await;
    stage.door.fate.send_replace(Fate::Refuse);
    let refused = wait_for(&mut stage.anns, |event| {
        matches!(event, CallEvent::PolicyNotKept(_)).then_some(())
    });
    within(refused).await;
    let kept = stage.kept();
    assert_ne!(stage.shown().await, kept);
    stage.door.fate.send_replace(Fate::Pass);
    let again = stage
        .room
        .join_with(&stage.store, &stage.ann, ("Ann", 1, true));
    let again = again.await;
    std::mem::replace(&mut stage.anns, again).leave().await;
    let shown = wait_for(&mut stage.anns, |event| match event {
        CallEvent::Link(state) => (state.admin_statement == kept).then_some(()),
        _ => None,
    });
    within(shown).await;
}

#[tokio::test]
async fn who_leaves_is_told_of_the_text_that_nobody_was_told() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let bob = room.fixture.person().await;
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    let device = own_device(&mut bobs).await;
    // The room service lets Bob in, and no admin has signed it.
    let statement = anteroom_client::ApprovalStatement::new(*b"let Bob in").unwrap();
    anns.approve_with(device, statement).await.unwrap();
    let inside = wait_for(&mut bobs, |event| {
        matches!(event, CallEvent::Admitted { .. }).then_some(())
    });
    within(inside).await;
    bobs.say("can you hear me?").await.unwrap();
    bobs.start_leaving();
    let mut unsaid = None;
    let left = async {
        loop {
            match bobs.next().await.unwrap() {
                CallEvent::NotSaid { error, .. } => unsaid = Some(error),
                CallEvent::Ended(reason) => break matches!(reason, EndReason::Left),
                _ => {}
            }
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(30), left)
            .await
            .unwrap()
    );
    assert_eq!(unsaid, Some(GroupError::NotLetIn));
}
