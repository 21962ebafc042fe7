//! A person with a client of the SDK: what the person sees of a call, and does.

use std::{collections::BTreeSet, sync::Arc};

use anteroom_client::{
    CallEvent, CallSession, DemuxId, GroupEvent, GroupState, MemberPublicKey, OpaqueUserId,
    OwnDevice, RoomsError, Roster,
};
use futures::future::{BoxFuture, join_all};
use tokio::sync::mpsc;

use crate::{record::Record, stage::within};

type Order =
    Box<dyn for<'c> FnOnce(&'c mut CallSession) -> BoxFuture<'c, Result<(), RoomsError>> + Send>;

/// The state and the events of a call that a person has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The events since [`TestUser::forget`].
    pub(crate) events: Vec<CallEvent>,
    /// The group as it is now.
    pub(crate) group: GroupState,
    /// The devices as they are now.
    pub(crate) roster: Roster,
    /// The device of the newest seat.
    pub(crate) device: Option<DemuxId>,
}

/// A person with a client of the SDK in a task of its own. The client leaves when the value is dropped.
pub(crate) struct TestUser {
    pub(crate) name: String,
    pub(crate) user: OpaqueUserId,
    pub(crate) key: MemberPublicKey,
    seen: Arc<Record<Seen>>,
    orders: mpsc::UnboundedSender<Order>,
}

impl TestUser {
    pub(crate) async fn start(name: &str, own: OwnDevice, call: CallSession) -> Self {
        let seen = Arc::new(Record::default());
        let (orders, queue) = mpsc::unbounded_channel();
        tokio::spawn(watch(call, queue, Arc::clone(&seen)));
        let person = Self {
            name: name.to_owned(),
            user: own.user,
            key: own.member_key,
            seen,
            orders,
        };
        person.until("a seat", |seen| seen.device).await;
        person
    }

    /// Waits until the person sees something.
    pub(crate) async fn until<T>(&self, what: &str, found: impl Fn(&Seen) -> Option<T>) -> T {
        within(self.seen.until(found), || {
            let seen = self.seen.read(|seen| format!("{seen:#?}"));
            format!("{} waits for {what} in vain: {seen}", self.name)
        })
        .await
    }

    /// Waits for an event, which may have been seen already.
    pub(crate) async fn event<T>(
        &self,
        what: &str,
        meaning: impl Fn(&CallEvent) -> Option<T>,
    ) -> T {
        self.until(what, |seen| seen.events.iter().find_map(&meaning))
            .await
    }

    /// Waits for an event of the group, which may have been seen already.
    pub(crate) async fn group_event<T>(
        &self,
        what: &str,
        meaning: impl Fn(&GroupEvent) -> Option<T>,
    ) -> T {
        self.event(what, |event| match event {
            CallEvent::Group(event) => meaning(event),
            _ => None,
        })
        .await
    }

    /// Returns the values that the events of the group until now have.
    pub(crate) fn group_events<T>(&self, value: impl Fn(&GroupEvent) -> Option<T>) -> Vec<T> {
        self.read(|seen| seen.group_events(value).collect())
    }

    pub(crate) fn has_seen(&self, is_wanted: impl Fn(&GroupEvent) -> bool) -> bool {
        !self
            .group_events(|event| is_wanted(event).then_some(()))
            .is_empty()
    }

    /// Returns a part of what the person sees now.
    pub(crate) fn read<T>(&self, part: impl FnOnce(&Seen) -> T) -> T {
        self.seen.read(part)
    }

    /// Forgets the events until now.
    pub(crate) fn forget(&self) {
        self.seen.change(|seen| seen.events.clear());
    }

    /// Returns the device of the newest seat.
    pub(crate) fn device(&self) -> DemuxId {
        self.read(|seen| seen.device).unwrap()
    }

    /// Gives a command to the client.
    pub(crate) fn command<F>(&self, order: F)
    where
        F: for<'c> FnOnce(&'c mut CallSession) -> BoxFuture<'c, Result<(), RoomsError>>
            + Send
            + 'static,
    {
        self.orders.send(Box::new(order)).unwrap();
    }

    pub(crate) fn say(&self, text: &str) {
        let text = text.to_owned();
        self.command(|call| Box::pin(call.say(text)));
    }

    /// Lets a device in that this person sees.
    pub(crate) async fn approve(&self, device: DemuxId) {
        self.until("a device to approve", |seen| {
            let roster = &seen.roster;
            let mut devices = roster.active.iter().chain(&roster.pending);
            devices.any(|one| one.demux == device).then_some(())
        })
        .await;
        self.command(move |call| Box::pin(call.approve(device)));
    }
}

/// Waits until these people, and these other members, are in one group as each of them sees it.
pub(crate) async fn together(people: &[&TestUser], others: &[MemberPublicKey]) {
    let keys = people
        .iter()
        .map(|person| person.key)
        .chain(others.iter().copied());
    let expected: BTreeSet<[u8; 32]> = keys.map(|key| *key.as_bytes()).collect();
    let waits = people.iter().map(|person| {
        person.until("all to be together", |seen| {
            let members = seen.group.members.iter();
            let members: BTreeSet<_> = members
                .map(|member| *member.claims.member_key.as_bytes())
                .collect();
            (members == expected && seen.group.may_send).then_some(())
        })
    });
    join_all(waits).await;
}

/// Lets each of these people say something, and checks that the others hear it once, and from whom.
pub(crate) async fn talk(people: &[&TestUser], round: &str) {
    for speaker in people {
        let text = format!("{round}: this is {}", speaker.name);
        speaker.say(&text);
        for hearer in people.iter().filter(|one| one.key != speaker.key) {
            hearer
                .group_event(&text, |event| heard(event, &text).map(|_| ()))
                .await;
        }
    }
    assert_heard_once(people, round);
}

/// Checks that these people have heard each other once in a round until now, and from whom.
#[track_caller]
pub(crate) fn assert_heard_once(people: &[&TestUser], round: &str) {
    for speaker in people {
        let text = format!("{round}: this is {}", speaker.name);
        for hearer in people.iter().filter(|one| one.key != speaker.key) {
            let from = hearer.group_events(|event| heard(event, &text));
            assert_eq!(from, [speaker.key], "{} hears {text}", hearer.name);
        }
    }
}

fn heard(event: &GroupEvent, expected: &str) -> Option<MemberPublicKey> {
    match event {
        GroupEvent::Text { claims, text, .. } if text == expected => Some(claims.member_key),
        _ => None,
    }
}

/// Keeps the client going until the person leaves or the call ends.
async fn watch(
    mut call: CallSession,
    mut orders: mpsc::UnboundedReceiver<Order>,
    seen: Arc<Record<Seen>>,
) {
    loop {
        tokio::select! {
            event = call.next() => match event {
                Some(event) => seen.change(|seen| seen.take(event)),
                None => return,
            },
            order = orders.recv() => match order {
                // A command to a call that is over has no effect.
                Some(order) => drop(order(&mut call).await),
                None => return call.leave().await,
            },
        }
    }
}

impl Seen {
    /// Returns the values that the events of the group have.
    pub(crate) fn group_events<T>(
        &self,
        value: impl Fn(&GroupEvent) -> Option<T>,
    ) -> impl Iterator<Item = T> {
        self.events.iter().filter_map(move |event| match event {
            CallEvent::Group(event) => value(event),
            _ => None,
        })
    }

    fn take(&mut self, event: CallEvent) {
        match &event {
            CallEvent::Joined(seat) => {
                self.device = Some(seat.demux);
                self.roster = seat.roster.clone();
            }
            CallEvent::Roster(roster) | CallEvent::Restored { roster, .. } => {
                self.roster = roster.clone();
            }
            CallEvent::GroupChanged(state) => self.group = (**state).clone(),
            _ => {}
        }
        self.events.push(event);
    }
}
