//! The chosen guest in the lobby, to which the decision keys apply.

use anteroom_client::DemuxId;

/// The choice of one device in the lobby.
#[derive(Default)]
pub(super) struct Choice {
    device: Option<DemuxId>,
    /// The index of the device in the lobby.
    index: usize,
    /// Whether the user decided about it.
    is_decided: bool,
    /// Whether a device waits.
    has_lobby: bool,
}

/// The outcome of a change of the lobby for the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Update {
    Done,
    /// The chosen device has gone, and none is chosen.
    Lost,
}

impl Choice {
    pub(super) const fn device(&self) -> Option<DemuxId> {
        self.device
    }

    /// Returns the index of the chosen device.
    pub(super) const fn index(&self) -> usize {
        self.index
    }

    /// Updates the waiting devices. The first arrival is chosen. A chosen device that has gone is not
    /// replaced by its neighbour, to which the next key would apply, unless the user has just decided.
    pub(super) fn update(&mut self, waiting: &[DemuxId]) -> Update {
        let had_lobby = std::mem::replace(&mut self.has_lobby, !waiting.is_empty());
        if !had_lobby || waiting.is_empty() {
            self.choose(waiting, 0);
            return Update::Done;
        }
        let Some(device) = self.device else {
            return Update::Done;
        };
        match waiting.iter().position(|other| *other == device) {
            Some(index) => {
                self.index = index;
                Update::Done
            }
            None if self.is_decided => {
                self.choose(waiting, self.index.min(waiting.len() - 1));
                Update::Done
            }
            None => {
                self.device = None;
                Update::Lost
            }
        }
    }

    /// Chooses the next device; after the last one the first.
    pub(super) fn next(&mut self, waiting: &[DemuxId]) {
        let next = match self.device {
            Some(_) => self.index + 1,
            None => self.index,
        };
        self.choose(waiting, next.checked_rem(waiting.len()).unwrap_or_default());
    }

    /// Chooses the previous device; before the first one the last.
    pub(super) fn previous(&mut self, waiting: &[DemuxId]) {
        let last = waiting.len().saturating_sub(1);
        self.choose(waiting, self.index.checked_sub(1).unwrap_or(last));
    }

    /// Records that the user has decided about the chosen device.
    pub(super) const fn decide(&mut self) {
        self.is_decided = true;
    }

    fn choose(&mut self, waiting: &[DemuxId], index: usize) {
        self.device = waiting.get(index).copied();
        self.index = index;
        self.is_decided = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(numbers: &[u32]) -> Vec<DemuxId> {
        let device = |number: &u32| DemuxId::new(number << 4).unwrap();
        numbers.iter().map(device).collect()
    }

    fn chosen(choice: &Choice) -> Option<u32> {
        choice.device().map(|device| device.number() >> 4)
    }

    #[test]
    fn the_choice_follows_its_device_and_never_falls_on_a_neighbour_by_itself() {
        let mut choice = Choice::default();
        for (waiting, update, expected) in [
            (&[][..], Update::Done, None),
            (&[1, 2, 3], Update::Done, Some(1)),
            (&[9, 1, 2, 3], Update::Done, Some(1)),
            (&[2, 3], Update::Lost, None),
            (&[2, 3], Update::Done, None),
            (&[], Update::Done, None),
            (&[2, 3], Update::Done, Some(2)),
        ] {
            assert_eq!(choice.update(&devices(waiting)), update, "{waiting:?}");
            assert_eq!(chosen(&choice), expected, "{waiting:?}");
        }
    }

    #[test]
    fn after_a_decision_the_next_one_is_chosen() {
        let mut choice = Choice::default();
        choice.update(&devices(&[1, 2, 3]));
        choice.next(&devices(&[1, 2, 3]));
        for (waiting, expected) in [(&[1, 2, 3][..], 2), (&[1, 3], 3), (&[1], 1)] {
            assert_eq!(choice.update(&devices(waiting)), Update::Done);
            assert_eq!(chosen(&choice), Some(expected));
            choice.decide();
        }
    }

    #[test]
    fn the_choice_goes_around() {
        let all = devices(&[1, 2, 3]);
        let mut choice = Choice::default();
        choice.update(&all);
        for expected in [2, 3, 1] {
            choice.next(&all);
            assert_eq!(chosen(&choice), Some(expected));
        }
        for expected in [3, 2] {
            choice.previous(&all);
            assert_eq!(chosen(&choice), Some(expected));
        }
        choice.next(&[]);
        assert_eq!(chosen(&choice), None);
    }
}
