//! One list of a roster.

use core::mem;
use std::sync::Arc;

use super::participant::Participant;
use crate::seats::Seat;

/// A list of participants, either shared with the messages that carry it or being changed.
///
/// Cloning a thousand user ids, and dropping those of the previous list, would be most of the cost of an
/// input. Therefore a change moves the ids out of the previous list, unless a message still shares it.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The seats of the participants, in the same order.
    seats: Vec<Seat>,
    participants: Participants,
}

#[derive(Debug)]
enum Participants {
    Published(Arc<[Participant]>),
    Changing(Vec<Participant>),
}

impl Default for Participants {
    fn default() -> Self {
        Self::Changing(Vec::new())
    }
}

impl List {
    pub(super) const fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn published(&self) -> Arc<[Participant]> {
        match &self.participants {
            Participants::Published(list) => Arc::clone(list),
            Participants::Changing(list) => list.as_slice().into(),
        }
    }

    pub(super) fn publish(&mut self) {
        if let Participants::Changing(list) = &mut self.participants {
            self.participants = Participants::Published(mem::take(list).into());
        }
    }

    /// Applies a change to the list. Takes the participants out of a shared list.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Participant>)) {
        let mut list = match mem::take(&mut self.participants) {
            Participants::Changing(list) => list,
            Participants::Published(shared) => into_unshared(shared),
        };
        change(&mut list);
        self.participants = Participants::Changing(list);
    }

    pub(super) fn insert(&mut self, seat: Seat, participant: Participant) {
        if let Err(index) = self.seats.binary_search(&seat) {
            self.seats.insert(index, seat);
            self.change(|list| list.insert(index, participant));
        }
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        if let Ok(index) = self.seats.binary_search(&seat) {
            self.seats.remove(index);
            self.change(|list| {
                list.remove(index);
            });
        }
    }

    pub(super) fn replace(&mut self, seat: Seat, participant: Participant) {
        if let Ok(index) = self.seats.binary_search(&seat) {
            self.change(|list| {
                if let Some(shown) = list.get_mut(index) {
                    *shown = participant;
                }
            });
        }
    }
}

/// Returns a list without its hellos. Returns the same list if no participant has one, as in most calls.
pub(super) fn without_hellos(list: Arc<[Participant]>) -> Arc<[Participant]> {
    if list.iter().all(|participant| participant.hello.is_none()) {
        return list;
    }
    let participants = list.iter().cloned();
    participants.map(Participant::without_hello).collect()
}

fn into_unshared(mut shared: Arc<[Participant]>) -> Vec<Participant> {
    let mut list = Vec::with_capacity(shared.len() + 1);
    match Arc::get_mut(&mut shared) {
        Some(own) => list.extend(own.iter_mut().map(|participant| {
            let rest = participant.without_user();
            mem::replace(participant, rest)
        })),
        None => list.extend_from_slice(&shared),
    }
    list
}
