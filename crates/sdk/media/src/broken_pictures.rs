//! The slots whose picture cannot be decoded before a key frame comes.

use core::time::Duration;
use std::{collections::BTreeMap, time::Instant};

use crate::lines::SlotNumber;

/// The minimum time between two requests for a key frame: the media server passes one a second on.
const INTERVAL: Duration = Duration::from_secs(1);

/// The slots whose picture cannot be decoded, and when each has asked for a key frame last.
#[derive(Debug, Default)]
pub(crate) struct BrokenPictures(BTreeMap<SlotNumber, Option<Instant>>);

impl BrokenPictures {
    /// Takes note of what came in a slot: whether something is missing before it, and whether it is a key frame that was
    /// opened. Returns whether a key frame is to be asked for.
    pub(crate) fn take(
        &mut self,
        slot: SlotNumber,
        has_gap: bool,
        is_key_frame: bool,
        now: Instant,
    ) -> bool {
        if is_key_frame {
            self.0.remove(&slot);
            return false;
        }
        if has_gap {
            self.0.entry(slot).or_default();
        }
        let Some(asked) = self.0.get_mut(&slot) else {
            return false;
        };
        let is_due = asked.is_none_or(|asked| now.saturating_duration_since(asked) >= INTERVAL);
        if is_due {
            *asked = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_gap_a_key_frame_is_asked_for_once_a_second_until_it_comes() {
        let mut broken = BrokenPictures::default();
        let start = Instant::now();
        let slot = SlotNumber(4);
        for (millis, has_gap, is_key_frame, expected) in [
            (0, false, false, false),
            (30, true, false, true),
            (60, true, false, false),
            (1_029, false, false, false),
            (1_030, false, false, true),
            (1_060, true, true, false),
            (1_090, false, false, false),
            (1_120, true, false, true),
        ] {
            let now = start + Duration::from_millis(millis);
            let asks = broken.take(slot, has_gap, is_key_frame, now);
            assert_eq!(asks, expected, "{millis}");
        }
        assert!(!broken.take(SlotNumber(5), false, false, start));
    }
}
