//! The epochs of a stay in a group.

use std::{ops::RangeInclusive, time::Duration};

use crate::message::Epoch;

/// A stay in a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupSpan {
    /// The first epoch.
    pub(crate) from: Epoch,
    /// The last epoch to which a commit that reached the process led.
    pub(crate) to: u64,
    pub(crate) since: Duration,
}

impl GroupSpan {
    /// Returns whether the visit was in at an epoch.
    pub(crate) fn has(&self, epoch: Epoch) -> bool {
        let is_same = (epoch.era, epoch.group) == (self.from.era, self.from.group);
        is_same && (self.from.epoch..=self.to).contains(&epoch.epoch)
    }

    /// Returns whether the visit was in at an epoch of these, which are of one era.
    pub(crate) fn meets(&self, epochs: &RangeInclusive<Epoch>) -> bool {
        let last = Epoch {
            epoch: self.to,
            ..self.from
        };
        self.from.era == epochs.start().era && self.from <= *epochs.end() && last >= *epochs.start()
    }
}
