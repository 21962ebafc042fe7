//! How long sessions last.

use anteroom_protocol::{DAY, Timestamp};

/// When a session ends that is not used from `now` on: after 7 days, or after 30 if it is to be
/// remembered.
pub(crate) const fn expires(remember: bool, now: Timestamp) -> Timestamp {
    now.plus(if remember { 30 * DAY } else { 7 * DAY })
}
