//! The audio slots of one viewer: which senders it hears, and in which slot each of them travels.
//!
//! 1. A viewer with `n` slots hears the first `n - 1` of the ranking that it may hear, and in the last slot the
//!    sender that began to speak latest, so that somebody who speaks up after a silence is heard at once even
//!    while `n` others speak. If no further one speaks, it is the next of the ranking.
//! 2. A viewer never hears itself, nobody whom it has named in `audioWithout`, and one device of a user.
//! 3. A sender stays in its slot as long as it is heard. Slots of senders who are heard no longer go to others.

use crate::{
    indexes::{DeviceIndex, UserIndex},
    speaker::Rank,
};

/// The audio slots of one viewer. The module's documentation has the rules.
#[derive(Clone, Debug, Default)]
pub struct AudioSlots {
    slots: Vec<Option<DeviceIndex>>,
    /// The senders to be heard, with their users: a buffer.
    choice: Vec<(DeviceIndex, UserIndex)>,
}

impl AudioSlots {
    /// Creates empty slots.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self::of(vec![None; count])
    }

    /// Creates slots in which these senders are already.
    #[must_use]
    pub fn of(slots: Vec<Option<DeviceIndex>>) -> Self {
        let choice = Vec::with_capacity(slots.len());
        Self { slots, choice }
    }

    /// Returns the sender in each slot.
    #[must_use]
    pub fn slots(&self) -> &[Option<DeviceIndex>] {
        &self.slots
    }

    /// Assigns the slots by the ranking of senders. `may_hear` says whom the viewer may hear. Returns whether a
    /// slot has changed.
    pub fn assign(
        &mut self,
        ranking: impl Iterator<Item = Rank> + Clone,
        may_hear: impl Fn(DeviceIndex) -> bool,
    ) -> bool {
        let eligible = ranking.filter(|rank| may_hear(rank.device));
        self.choose(eligible);
        self.place()
    }

    fn choose(&mut self, eligible: impl Iterator<Item = Rank> + Clone) {
        let count = self.slots.len();
        let by_ranking = if count > 1 { count - 1 } else { count };
        self.choice.clear();
        for rank in eligible.clone() {
            if self.choice.len() >= by_ranking {
                break;
            }
            self.add(rank);
        }
        if self.choice.len() >= count {
            return;
        }
        let others = eligible.filter(|rank| !self.has_user(rank.user));
        let next = others.clone().next();
        let latest = others
            .filter(|rank| rank.onset.is_some())
            .max_by_key(|rank| rank.onset);
        if let Some(rank) = latest.or(next) {
            self.add(rank);
        }
    }

    fn add(&mut self, rank: Rank) {
        if !self.has_user(rank.user) {
            self.choice.push((rank.device, rank.user));
        }
    }

    fn has_user(&self, user: UserIndex) -> bool {
        self.choice.iter().any(|(_, other)| *other == user)
    }

    /// Brings the slots to the choice with the fewest moves.
    fn place(&mut self) -> bool {
        let mut has_changed = false;
        for slot in &mut self.slots {
            let stays = slot.is_none_or(|device| {
                let place = self.choice.iter().position(|(chosen, _)| *chosen == device);
                place.map(|place| self.choice.remove(place)).is_some()
            });
            if !stays {
                *slot = None;
                has_changed = true;
            }
        }
        let mut chosen = self.choice.iter().map(|(device, _)| *device);
        for slot in self.slots.iter_mut().filter(|slot| slot.is_none()) {
            let Some(device) = chosen.next() else { break };
            *slot = Some(device);
            has_changed = true;
        }
        has_changed
    }
}
