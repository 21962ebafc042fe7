//! Waiting times of devices in the lobby. The room service does not send them, so they are counted from the
//! moment at which this device received the entries.

use std::{collections::HashMap, time::Duration};

use anteroom_client::{DemuxId, Roster};

use crate::wait::Wait;

/// Returns whether a roster says who waits. A co-admin whom no admin's device tells any more knows only how many.
pub(super) fn is_known(roster: &Roster) -> bool {
    !roster.pending.is_empty() || roster.pending_count == 0
}

#[derive(Default)]
pub(super) struct Lobby {
    since: HashMap<DemuxId, WaitStart>,
    own_since: Option<Duration>,
}

struct WaitStart {
    seen: Duration,
    waited_before: bool,
}

impl Lobby {
    /// Records that this device starts to wait.
    pub(super) fn begin_own_wait(&mut self, now: Duration) {
        self.own_since.get_or_insert(now);
    }

    /// Returns the time for which this device has waited.
    pub(super) fn own_wait(&self, now: Duration) -> Duration {
        now.saturating_sub(self.own_since.unwrap_or(now))
    }

    /// Updates the waiting devices. Those of the first update may have waited longer.
    pub(super) fn set_waiting(
        &mut self,
        waiting: impl Iterator<Item = DemuxId>,
        now: Duration,
        is_first_sight: bool,
    ) {
        let mut before = std::mem::take(&mut self.since);
        let arrival = |device| {
            let arrival = before.remove(&device).unwrap_or(WaitStart {
                seen: now,
                waited_before: is_first_sight,
            });
            (device, arrival)
        };
        self.since = waiting.map(arrival).collect();
    }

    /// Forgets when a device came whose number somebody else had before.
    pub(super) fn forget(&mut self, device: DemuxId) {
        self.since.remove(&device);
    }

    /// Returns the time for which a device has waited.
    pub(super) fn wait(&self, device: DemuxId, now: Duration) -> Wait {
        let Some(arrival) = self.since.get(&device) else {
            return Wait::default();
        };
        Wait {
            time: now.saturating_sub(arrival.seen),
            is_longer: arrival.waited_before,
        }
    }
}
