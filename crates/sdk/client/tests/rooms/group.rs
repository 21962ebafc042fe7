//! The end-to-end encryption of calls through a real room service.

use std::{sync::Arc, time::Duration};

use anteroom_client::{
    AdminRights, AdminSecret, AdmissionReason, Approval, ApprovalStatement, BarState, CallEvent,
    CallMember, CallSession, CallStatements, Chat, CommandError, DemuxId, DeviceSecret, EndReason,
    GroupError, GroupEvent, GroupState, JoinOptions, MemoryStatements, OperatingSystem, OwnDevice,
    Recipient, RoomStatements, Signer, System as _,
};
use anteroom_protocol::{CallLink, RootKey};
use tokio::time::timeout;

use crate::support::{RoomsFixture, TestUser, link, wait_for};

/// The maximum time until a group has done something.
const LIMIT: Duration = Duration::from_secs(60);

/// A room whose link was made by an admin's client.
pub(crate) struct Room {
    pub(crate) fixture: RoomsFixture,
    pub(crate) link: CallLink,
    pub(crate) rights: AdminRights,
}

impl Room {
    /// Creates a room; `has_admin` says whether its link names an admin key.
    pub(crate) async fn create(approval: Approval, has_admin: bool) -> (Self, TestUser) {
        Self::create_at(RoomsFixture::start().await, approval, has_admin).await
    }

    /// Creates a room at a room service that takes no decisions about calls.
    pub(crate) async fn create_without_moderation(
        approval: Approval,
        has_admin: bool,
    ) -> (Self, TestUser) {
        let fixture = RoomsFixture::without_moderation().await;
        Self::create_at(fixture, approval, has_admin).await
    }

    async fn create_at(
        fixture: RoomsFixture,
        approval: Approval,
        has_admin: bool,
    ) -> (Self, TestUser) {
        let ann = fixture.person().await;
        let (key, _) = fixture.new_room();
        let secret = AdminSecret::random(&mut *fixture.rng());
        let rights = AdminRights::Secret(secret);
        let room = key.room_id();
        let signer = rights.signer(&room).unwrap();
        let policy = signer
            .policy(approval, None, OperatingSystem.now())
            .unwrap();
        let pass = fixture.create_pass(&ann, &key).await;
        let passkey = rights.passkey(&room);
        let mut rng = fixture.rng();
        let created = ann
            .rooms
            .create_with(&key, &pass, &passkey, approval, &policy, &mut *rng);
        let root_key = created.await.unwrap().root_key;
        let link = link(&root_key, rights.link_key(&room).filter(|_| has_admin));
        let room = Self {
            fixture,
            link,
            rights,
        };
        (room, ann)
    }

    pub(crate) fn root_key(&self) -> &RootKey {
        &self.link.root_key
    }

    /// Joins with a device that takes part in the encryption.
    pub(crate) async fn join(
        &self,
        person: &TestUser,
        name: &str,
        device: u8,
        is_admin: bool,
    ) -> CallSession {
        let store = Arc::new(MemoryStatements::default());
        self.join_with(&store, person, (name, device, is_admin))
            .await
    }

    /// Joins with the statements of a store.
    pub(crate) async fn join_with(
        &self,
        store: &Arc<MemoryStatements>,
        person: &TestUser,
        (name, device, is_admin): (&str, u8, bool),
    ) -> CallSession {
        let store = store.clone();
        let secret = DeviceSecret::from_bytes([device; 32]);
        let mut member = CallMember::new(&secret, &self.link).unwrap();
        let kept = RoomStatements::load(&self.link, &*store).unwrap();
        if let Some(kept) = kept {
            member = member.with_statements(&kept, OperatingSystem.now());
        }
        let rights = Some(&self.rights).filter(|_| is_admin);
        if let Some(rights) = rights {
            member = member.with_rights(rights);
        }
        let key = member.key();
        let options = JoinOptions {
            room: self.root_key().clone(),
            pass: person.pass.clone(),
            passkey: rights.map(|rights| rights.passkey(&self.root_key().room_id())),
            name: Some(name.to_owned()),
            member: Some(member),
        };
        let call = person
            .rooms
            .join(options, self.fixture.rng())
            .await
            .unwrap();
        let Some(statements) = RoomStatements::load(&self.link, &*store).unwrap() else {
            return call;
        };
        let own = OwnDevice::new(&self.link, person.aci, key);
        let statements = CallStatements::new(&self.link, statements, Some(own), rights);
        call.with_statements(statements, store, Arc::new(OperatingSystem))
    }

    /// Joins with a client that knows no end-to-end encryption.
    pub(crate) async fn join_without(&self, person: &TestUser) -> CallSession {
        let joined = self.fixture.join(person, self.root_key(), None).await;
        joined.unwrap()
    }
}

pub(crate) async fn within<T>(found: impl Future<Output = T>) -> T {
    timeout(LIMIT, found).await.unwrap()
}

/// Waits until a group has this number of members.
pub(crate) async fn group_of(call: &mut CallSession, count: usize) -> GroupState {
    let found = wait_for(call, |event| match event {
        CallEvent::GroupChanged(state) => {
            let is_whole = state.members.len() == count && state.may_send;
            is_whole.then_some(*state)
        }
        _ => None,
    });
    within(found).await
}

/// Waits until a group has this number of members, and the call this number of devices.
async fn call_of(call: &mut CallSession, members: usize, devices: usize) {
    let (mut has_members, mut has_devices) = (false, false);
    while !has_members || !has_devices {
        match call.next().await.unwrap() {
            CallEvent::GroupChanged(state) => {
                has_members = state.members.len() == members && state.may_send;
            }
            CallEvent::Roster(roster) => has_devices = roster.active.len() == devices,
            _ => {}
        }
    }
}

/// Waits for a text of a member, and returns the name of the leaf with it.
pub(crate) async fn heard(call: &mut CallSession) -> (String, String) {
    let found = wait_for(call, |event| match event {
        CallEvent::Group(event) => match *event {
            GroupEvent::Text { claims, text, .. } => Some((claims.name.unwrap_or_default(), text)),
            _ => None,
        },
        CallEvent::Message { .. } => panic!("a message under the key of the link"),
        _ => None,
    });
    within(found).await
}

pub(crate) async fn own_device(call: &mut CallSession) -> DemuxId {
    let found = wait_for(call, |event| match event {
        CallEvent::Joined(seat) => Some(seat.demux),
        _ => None,
    });
    within(found).await
}

pub(crate) fn said(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[tokio::test]
async fn two_members_talk_in_their_group_and_an_admins_approval_lets_the_second_one_in() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let bob = room.fixture.person().await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    let bobs_device = own_device(&mut bobs).await;
    let waiting = wait_for(&mut anns, |event| match event {
        CallEvent::Roster(roster) => roster.pending.first().map(|one| one.demux),
        _ => None,
    });
    assert_eq!(within(waiting).await, bobs_device);
    anns.approve(bobs_device).await.unwrap();
    // A text from before the start of the group goes out at the start.
    bobs.say("early").await.unwrap();

    let state = group_of(&mut anns, 2).await;
    let bobs_leaf = state.member(bobs_device).unwrap();
    assert_eq!(bobs_leaf.name.as_deref(), Some("Bob"));
    assert_eq!(bobs_leaf.reason, AdmissionReason::Approval(Signer::Admin));
    assert!(state.has_admin && !state.is_locked);
    assert_eq!(heard(&mut anns).await, said("Bob", "early"));
    group_of(&mut bobs, 2).await;
    anns.say("hello, Bob").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Ann", "hello, Bob"));

    // Nothing goes out under the key of the link.
    anns.send(Recipient::All, b"x").await.unwrap();
    let refused = wait_for(&mut anns, |event| match event {
        CallEvent::GroupRefused(error) => Some(error),
        _ => None,
    });
    assert_eq!(within(refused).await, GroupError::LinkKey);

    // Both see the same words.
    let mut words = Vec::new();
    for call in [&mut anns, &mut bobs] {
        call.show_words().await.unwrap();
        let shown = wait_for(call, |event| match event {
            CallEvent::Words(words) => Some(*words),
            _ => None,
        });
        words.push(within(shown).await.words);
    }
    assert_eq!(words[0], words[1]);

    // Another seat is another leaf; a resumed one goes on.
    bobs.reconnect().await.unwrap();
    let restored = wait_for(&mut bobs, |event| {
        matches!(event, CallEvent::Restored { .. }).then_some(())
    });
    within(restored).await;
    anns.say("still there?").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Ann", "still there?"));
    bobs.say("yes").await.unwrap();
    assert_eq!(heard(&mut anns).await, said("Bob", "yes"));
    bobs.leave().await;
    group_of(&mut anns, 1).await;
}

#[tokio::test]
async fn nobody_is_in_the_group_whom_the_service_lets_in_alone() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let bob = room.fixture.person().await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    let device = own_device(&mut bobs).await;
    // A statement that no admin has signed.
    let statement = ApprovalStatement::new(*b"let Bob in").unwrap();
    anns.approve_with(device, statement).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::Group(event) => matches!(*event, GroupEvent::CannotStart(_)).then_some(()),
        CallEvent::GroupChanged(state) => {
            assert!(state.members.is_empty());
            None
        }
        _ => None,
    });
    within(refused).await;
    bobs.say("can you hear me?").await.unwrap();
    let unsaid = wait_for(&mut bobs, |event| match event {
        CallEvent::NotSaid { text, error } => Some((text, error)),
        _ => None,
    });
    let expected = ("can you hear me?".to_owned(), GroupError::NotLetIn);
    assert_eq!(within(unsaid).await, expected);
}

#[tokio::test]
async fn a_client_without_the_encryption_hears_what_is_said_only_where_the_link_names_no_admin_key()
{
    for has_admin in [false, true] {
        let (room, ann) = Room::create(Approval::Off, has_admin).await;
        let (bob, old) = (room.fixture.person().await, room.fixture.person().await);
        let mut anns = room.join(&ann, "Ann", 1, true).await;
        own_device(&mut anns).await;
        let mut bobs = room.join(&bob, "Bob", 2, false).await;
        own_device(&mut bobs).await;
        let mut olds = room.join_without(&old).await;
        let old_device = own_device(&mut olds).await;
        group_of(&mut bobs, 2).await;
        within(call_of(&mut anns, 2, 3)).await;
        anns.say("to all").await.unwrap();
        assert_eq!(heard(&mut bobs).await, said("Ann", "to all"));
        anns.raise_hand(true).await.unwrap();
        let what = wait_for(&mut olds, |event| match event {
            CallEvent::Message { .. } => event.chat(),
            CallEvent::Roster(roster) => {
                let mut active = roster.active.iter();
                let is_raised = active.any(|one| one.hand_raised_at.is_some());
                is_raised.then(|| Chat::Hello {
                    name: String::new(),
                })
            }
            CallEvent::Unreadable { .. } => panic!("messages of the group are left out"),
            _ => None,
        });
        let what = within(what).await;
        match has_admin {
            true => assert!(matches!(what, Chat::Hello { .. }), "{what:?}"),
            false => {
                let text = "to all".to_owned();
                assert_eq!(what, Chat::Text { text });
            }
        }
        // Members read it as a message from outside.
        olds.say("old words").await.unwrap();
        for call in [&mut anns, &mut bobs] {
            let found = wait_for(call, |event| match event {
                CallEvent::Message { from, .. } => Some((from, event.chat())),
                _ => None,
            });
            let text = "old words".to_owned();
            assert_eq!(within(found).await, (old_device, Some(Chat::Text { text })));
        }
    }
}

/// Waits for an event of the group.
pub(crate) async fn group_event<T>(
    call: &mut CallSession,
    meaning: impl Fn(GroupEvent) -> Option<T>,
) -> T {
    let found = wait_for(call, |event| match event {
        CallEvent::Group(event) => meaning(*event),
        CallEvent::GroupRefused(error) => panic!("{error}"),
        CallEvent::PolicyNotKept(error) => panic!("{error}"),
        _ => None,
    });
    within(found).await
}

#[tokio::test]
async fn a_locked_call_lets_nobody_in_and_a_co_admin_can_lock_it_and_the_removed_one_is_out() {
    // The group is locked, and not the room service.
    let (room, ann) = Room::create_without_moderation(Approval::Off, true).await;
    let (bob, carl) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    let anns_device = own_device(&mut anns).await;
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    let bobs_device = own_device(&mut bobs).await;
    let state = group_of(&mut anns, 2).await;
    let bobs_key = state.member(bobs_device).unwrap().claims.member_key;
    group_of(&mut bobs, 2).await;

    // Bob is no admin yet.
    bobs.lock(true).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::GroupRefused(error) => Some(error),
        _ => None,
    });
    let expected = GroupError::Command(CommandError::NotAdmin);
    assert_eq!(within(refused).await, expected);
    anns.add_co_admin(bobs_device).await.unwrap();
    // The member tells of the new policy, and the service that it keeps it, in any order.
    let (mut is_named, mut is_kept) = (false, false);
    let told = wait_for(&mut bobs, |event| {
        match event {
            CallEvent::Group(event) => {
                if let GroupEvent::Policy(policy) = *event {
                    let mut co_admins = policy.claimed().co_admins.iter();
                    is_named |= co_admins.any(|one| one.member_key == bobs_key);
                }
            }
            CallEvent::Link(state) => is_kept |= !state.admin_statement.is_empty(),
            _ => {}
        }
        (is_named && is_kept).then_some(())
    });
    within(told).await;
    bobs.lock(true).await.unwrap();
    for call in [&mut anns, &mut bobs] {
        let lock = group_event(call, |event| match event {
            GroupEvent::Lock { is_on, signer } => Some((is_on, signer)),
            _ => None,
        });
        assert_eq!(lock.await, (true, Signer::CoAdmin(bobs_key)));
    }

    let mut carls = room.join(&carl, "Carl", 3, false).await;
    let carls_device = own_device(&mut carls).await;
    let waits = group_event(&mut anns, |event| match event {
        GroupEvent::NotAdmitted { claims, .. } => Some(claims.demux_id),
        _ => None,
    });
    assert_eq!(waits.await, carls_device);
    anns.lock(false).await.unwrap();
    for call in [&mut anns, &mut bobs, &mut carls] {
        let state = group_of(call, 3).await;
        assert!(!state.is_locked);
    }
    carls.say("here I am").await.unwrap();
    for call in [&mut anns, &mut bobs] {
        assert_eq!(heard(call).await, said("Carl", "here I am"));
    }

    anns.remove(carls_device).await.unwrap();
    let out = group_event(&mut anns, |event| match event {
        GroupEvent::Barred { claims, state } => Some((claims.demux_id, state)),
        _ => None,
    });
    assert_eq!(out.await, (carls_device, BarState::Removed));
    let ended = wait_for(&mut carls, |event| match event {
        CallEvent::Ended(reason) => Some(matches!(reason, EndReason::Removed)),
        _ => None,
    });
    assert!(within(ended).await);
    anns.say("only for Bob").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Ann", "only for Bob"));

    anns.remove_co_admin(bobs_device).await.unwrap();
    group_event(&mut bobs, |event| match event {
        GroupEvent::Policy(policy) => policy.claimed().co_admins.is_empty().then_some(()),
        _ => None,
    })
    .await;
    bobs.lock(true).await.unwrap();
    anns.remove_co_admin(anns_device).await.unwrap();
    for (call, error) in [
        (&mut bobs, CommandError::NotAdmin),
        (&mut anns, CommandError::NoCoAdmin),
    ] {
        let refused = wait_for(call, |event| match event {
            CallEvent::GroupRefused(error) => Some(error),
            _ => None,
        });
        assert_eq!(within(refused).await, GroupError::Command(error));
    }
}
