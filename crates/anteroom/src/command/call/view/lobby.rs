//! How long devices have waited in the lobby. The room service does not tell, so it is counted from
//! the moment at which this device saw them.

use std::{collections::HashMap, time::Duration};

use anteroom_client::DemuxId;

use super::Wait;

#[derive(Default)]
pub(super) struct Lobby {
    since: HashMap<DemuxId, Arrival>,
    own_since: Option<Duration>,
}

struct Arrival {
    seen: Duration,
    /// Whether it waited before.
    waited_before: bool,
}

impl Lobby {
    /// This device begins to wait.
    pub(super) fn begin_own_wait(&mut self, now: Duration) {
        self.own_since.get_or_insert(now);
    }

    /// How long this device has waited.
    pub(super) fn own_wait(&self, now: Duration) -> Duration {
        now.saturating_sub(self.own_since.unwrap_or(now))
    }

    /// Takes in who waits; at first sight they may have waited for long.
    pub(super) fn set_waiting(
        &mut self,
        waiting: impl Iterator<Item = DemuxId>,
        now: Duration,
        is_first_sight: bool,
    ) {
        let mut before = std::mem::take(&mut self.since);
        let arrival = |device| {
            let arrival = before.remove(&device).unwrap_or(Arrival {
                seen: now,
                waited_before: is_first_sight,
            });
            (device, arrival)
        };
        self.since = waiting.map(arrival).collect();
    }

    /// How long a device has waited.
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
