//! One list of a roster.

use std::sync::Arc;

use super::participant::Participant;
use crate::seats::Seat;

/// A list of participants, which the messages that carry it share.
///
/// Cloning a thousand user ids, and dropping those of the previous list, would be most of the cost of an
/// input. Therefore a change is made in place, unless a message still shares the list.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The seats of the participants, in the same order.
    seats: Vec<Seat>,
    participants: Arc<Vec<Participant>>,
}

impl List {
    pub(super) const fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn participants(&self) -> Arc<Vec<Participant>> {
        Arc::clone(&self.participants)
    }

    pub(super) fn insert(&mut self, seat: Seat, participant: Participant) {
        if let Err(index) = self.seats.binary_search(&seat) {
            self.seats.insert(index, seat);
            Arc::make_mut(&mut self.participants).insert(index, participant);
        }
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        if let Ok(index) = self.seats.binary_search(&seat) {
            self.seats.remove(index);
            let list = Arc::make_mut(&mut self.participants);
            list.remove(index);
            // Gives the memory of a call back that was larger.
            if list.capacity() / 4 > list.len() {
                list.shrink_to(list.len() * 2);
            }
        }
    }

    pub(super) fn replace(&mut self, seat: Seat, participant: Participant) {
        if let Ok(index) = self.seats.binary_search(&seat)
            && let Some(shown) = Arc::make_mut(&mut self.participants).get_mut(index)
        {
            *shown = participant;
        }
    }
}

/// Returns a list without its hellos. Returns the same list if no participant has one, as in most calls.
pub(super) fn without_hellos(list: Arc<Vec<Participant>>) -> Arc<Vec<Participant>> {
    if list.iter().all(|participant| participant.hello.is_none()) {
        return list;
    }
    let participants = list.iter().cloned().map(Participant::without_hello);
    Arc::new(participants.collect())
}
