//! A room at a room service that lies.

use std::{sync::Arc, time::Duration};

use anteroom_client::{
    CallEvent, CallLink, DemuxId, EraId, GroupEpoch, GroupError, GroupEvent, GroupState,
    MemberStatus, MemoryStatements, RoomsError, StopReason,
};
use anteroom_testkit::{Hop, LyingRooms};
use anteroom_wire::rooms::socket::{
    DeviceBody, DeviceStatus, EntryBody, JoinedMessage, ServerMessage,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::join_all;
use tokio::time::timeout;

use crate::{
    person::{Seen, TestUser, talk, together},
    stage::{Account, Joiner, RoomSettings, Stage},
};

/// The time without a start after which none follows: that between two starts, and the next device's turn.
const SETTLED: Duration = Duration::from_secs(14);

const NAMES: [&str; 6] = ["Ann", "Bob", "Carl", "Dora", "Eve", "Fay"];

/// A room at a room service that lies. People have numbers, in the order in which they came, which are those of
/// their clients at the service.
pub(crate) struct LyingStage {
    pub(crate) stage: Stage,
    pub(crate) service: LyingRooms,
    pub(crate) people: Vec<TestUser>,
}

impl LyingStage {
    /// Creates a room without people.
    pub(crate) async fn new(settings: RoomSettings) -> Self {
        let stage = Stage::new(settings).await;
        let service = LyingRooms::before(stage.rooms.base_url()).await;
        // The lies are about the group, which does not lean on what the service locks.
        service.leave_out("moderation");
        Self {
            stage,
            service,
            people: Vec::new(),
        }
    }

    /// Creates an open room with this number of people together, of whom the first ones are admins.
    pub(crate) async fn together(count: usize, admins: usize) -> Self {
        let mut stage = Self::new(RoomSettings::OPEN).await;
        for number in 0..count {
            stage.join(number < admins).await;
        }
        let all: Vec<usize> = (0..count).collect();
        stage.are_together(&all).await;
        stage.forget();
        stage
    }

    /// Lets somebody join who has not been here before, and returns the number.
    pub(crate) async fn join(&mut self, is_admin: bool) -> usize {
        let account = self.stage.account().await;
        let store = Arc::new(MemoryStatements::default());
        self.join_with(&account, is_admin, store).await
    }

    /// Lets a device of an account join that has kept these statements.
    pub(crate) async fn join_with(
        &mut self,
        account: &Account,
        is_admin: bool,
        store: Arc<MemoryStatements>,
    ) -> usize {
        self.try_join(account, is_admin, store).await.unwrap()
    }

    /// Lets a device of an account join, unless the service refuses it.
    pub(crate) async fn try_join(
        &mut self,
        account: &Account,
        is_admin: bool,
        store: Arc<MemoryStatements>,
    ) -> Result<usize, RoomsError> {
        let number = self.people.len();
        let joiner = Joiner {
            account,
            name: NAMES[number],
            secret: secret(number),
            is_admin,
            url: &self.service.url(number),
            store,
        };
        let person = self.stage.try_join(joiner).await?;
        self.people.push(person);
        Ok(number)
    }

    pub(crate) const fn link(&self) -> &CallLink {
        &self.stage.link
    }

    pub(crate) fn device(&self, who: usize) -> DemuxId {
        self.people[who].device()
    }

    pub(crate) fn forget(&self) {
        for person in &self.people {
            person.forget();
        }
    }

    /// Lets the service tell a person something of its own.
    pub(crate) fn tell(&self, to: usize, message: ServerMessage<'static>) {
        self.service.deliver(Hop::ToClient(to, message));
    }

    /// Lets the service tell a person a relay of a device.
    pub(crate) fn tell_relay(&self, to: usize, from: DemuxId, body: &[u8]) {
        let (from, body) = (from.number(), STANDARD.encode(body));
        self.tell(to, ServerMessage::Relay { from, body });
    }

    /// Lets the service change a person's roster on its own.
    pub(crate) fn tell_roster(
        &self,
        to: usize,
        listed: Vec<DeviceBody<'static>>,
        left_out: &[DemuxId],
    ) {
        let entry = |device| EntryBody {
            status: DeviceStatus::Active,
            device,
        };
        let message = ServerMessage::Roster {
            era_id: self.era_text(),
            joined: Vec::new(),
            changed: listed.into_iter().map(entry).collect(),
            left: left_out.iter().map(|device| device.number()).collect(),
            pending_count: 0,
            since: None,
            revision: None,
        };
        self.tell(to, message);
    }

    /// Returns a device as the newest roster on the way to a person has it.
    pub(crate) fn listed(&self, to: usize, device: DemuxId) -> DeviceBody<'static> {
        let mut found = None;
        for mut hop in self.service.record() {
            if !matches!(hop, Hop::ToClient(client, _) if client == to) {
                continue;
            }
            change_devices(&mut hop, |listed| {
                if listed.demux_id == device.number() {
                    found = Some(copy(listed));
                }
            });
        }
        found.unwrap()
    }

    /// Returns the first answer of the service to a join.
    pub(crate) fn joined(&self) -> JoinedMessage<'static> {
        let record = self.service.record();
        let mut answers = record.into_iter().filter_map(|hop| match hop {
            Hop::ToClient(_, ServerMessage::Joined(joined)) => Some(*joined),
            _ => None,
        });
        answers.next().unwrap()
    }

    fn era_text(&self) -> String {
        self.joined().era_id
    }

    pub(crate) fn era(&self) -> EraId {
        EraId::parse(&self.era_text()).unwrap()
    }

    /// Returns the present epoch of the group by the record of the service.
    pub(crate) fn epoch(&self) -> GroupEpoch {
        let record = self.service.record();
        let epochs = record.iter().filter_map(|hop| match hop {
            Hop::ToClient(_, ServerMessage::Commit { group, epoch, .. }) => Some(GroupEpoch {
                group: *group,
                epoch: epoch + 1,
            }),
            _ => None,
        });
        epochs.max_by_key(|at| (at.group, at.epoch)).unwrap()
    }

    /// Waits until a person sees another one as a member of this state, or has seen so.
    pub(crate) async fn sees(
        &self,
        who: usize,
        other: usize,
        state: &str,
        is_so: impl Fn(&MemberStatus) -> bool,
    ) {
        let device = self.device(other);
        let is_shown = |group: &GroupState| group.member(device).is_some_and(&is_so);
        let person = &self.people[who];
        person
            .until(state, |seen| {
                let was_shown = |event: &CallEvent| match event {
                    CallEvent::GroupChanged(group) => is_shown(group),
                    _ => false,
                };
                let is_seen = is_shown(&seen.group) || seen.events.iter().any(was_shown);
                is_seen.then_some(())
            })
            .await;
    }

    /// Waits until a person is told that the client has stopped sending.
    pub(crate) async fn stops(&self, who: usize) {
        let person = &self.people[who];
        person
            .group_event("the end of sending", |event| {
                is_stopped(event).then_some(())
            })
            .await;
    }

    /// Returns the verification words that a person sees now; `None` for somebody in no group.
    pub(crate) async fn words(&self, who: usize) -> Option<Vec<u16>> {
        let person = &self.people[who];
        let before = person.read(shown_words).len();
        person.command(|call| Box::pin(call.show_words()));
        person
            .until("the words", |seen| shown_words(seen).get(before).cloned())
            .await
    }

    /// Waits until these people, and nobody else, are in one group as each of them sees it.
    pub(crate) async fn are_together(&self, people: &[usize]) {
        together(&self.selected(people), &[]).await;
    }

    /// Lets these people talk to each other.
    pub(crate) async fn talk(&self, people: &[usize], round: &str) {
        talk(&self.selected(people), round).await;
    }

    /// Waits until these people, and nobody else, are in one epoch of one group, and lets them talk.
    pub(crate) async fn meet(&self, people: &[usize], round: &str) {
        loop {
            self.are_together(people).await;
            let words = join_all(people.iter().map(|who| self.words(*who))).await;
            if words[0].is_some() && words.iter().all(|one| *one == words[0]) {
                break;
            }
        }
        self.talk(people, round).await;
    }

    /// Waits until no group has started for longer than the time between two starts.
    pub(crate) async fn settles(&self) {
        let is_start = |hop: &Hop| match hop {
            Hop::ToClient(_, ServerMessage::Commit { epoch, .. }) => *epoch == 0,
            _ => false,
        };
        let start = || timeout(SETTLED, self.service.next_delivered(is_start));
        while start().await.is_ok() {}
    }

    fn selected(&self, people: &[usize]) -> Vec<&TestUser> {
        people.iter().map(|who| &self.people[*who]).collect()
    }
}

/// Returns the number of the device secret of a person.
pub(crate) fn secret(who: usize) -> u8 {
    u8::try_from(who).unwrap() + 1
}

/// Returns the words that a person was shown, those of each time, or none.
fn shown_words(seen: &Seen) -> Vec<Option<Vec<u16>>> {
    let shown = seen.events.iter().filter_map(|event| match event {
        CallEvent::Words(shown) => {
            let words = shown.words.iter().map(|word| word.number);
            Some(Some(words.collect()))
        }
        CallEvent::GroupRefused(GroupError::Command(_)) => Some(None),
        _ => None,
    });
    shown.collect()
}

pub(crate) const fn is_stopped(event: &GroupEvent) -> bool {
    matches!(event, GroupEvent::SendingStopped(StopReason::NotConfirmed))
}

fn copy(device: &DeviceBody<'_>) -> DeviceBody<'static> {
    let value = serde_json::to_value(device).unwrap();
    serde_json::from_value(value).unwrap()
}

/// Changes each device of each roster on the way to a client.
pub(crate) fn change_devices(hop: &mut Hop, change: impl FnMut(&mut DeviceBody<'static>)) {
    let Hop::ToClient(_, message) = hop else {
        return;
    };
    match message {
        ServerMessage::Joined(joined) => {
            let devices = joined.participants.iter_mut().chain(&mut joined.pending);
            devices.for_each(change);
        }
        ServerMessage::Participants {
            active, pending, ..
        } => active.iter_mut().chain(pending).for_each(change),
        ServerMessage::Roster {
            joined, changed, ..
        } => {
            let entries = joined.iter_mut().chain(changed);
            entries.map(|entry| &mut entry.device).for_each(change);
        }
        _ => {}
    }
}

/// Changes a byte in a body.
pub(crate) fn spoil(body: &mut String) {
    let digit = match body.as_bytes()[60] {
        b'A' => "B",
        _ => "A",
    };
    body.replace_range(60..61, digit);
}
