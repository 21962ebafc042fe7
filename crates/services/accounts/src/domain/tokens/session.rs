//! The lifetimes of sessions.

use anteroom_protocol::{DAY, Timestamp};
use anteroom_store::Session;

/// The minimum extension of a session's end by a use, in seconds: one write an hour.
const EXTENSION: u64 = 60 * 60;

/// Returns the lifetime of a session without a use, in seconds: 7 days, or 30 for a remembered one.
pub(crate) const fn lifetime(remember: bool) -> u64 {
    if remember { 30 * DAY } else { 7 * DAY }
}

/// Returns the end of a session whose last use is at `now`.
pub(crate) const fn expires(remember: bool, now: Timestamp) -> Timestamp {
    now.plus(lifetime(remember))
}

/// Returns the new end of a session that is used at `now`; `None` if it is not to be written. A
/// session that a clock ahead has extended gets the end of all others.
pub(crate) fn extension(session: &Session, now: Timestamp) -> Option<Timestamp> {
    let end = expires(session.remember, now);
    let is_due = session.expires.plus(EXTENSION) <= end || session.expires > end;
    is_due.then_some(end)
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Aci;
    use anteroom_store::{DeviceId, SessionId};

    use super::*;

    #[test]
    fn activity_extends_a_session_once_an_hour() {
        const START: Timestamp = Timestamp::from_secs(1_000_000);
        for remember in [false, true] {
            let session = Session {
                id: SessionId::from_bytes([1; 16]),
                aci: Aci::from_bytes([1; 16]),
                device: DeviceId::PRIMARY,
                remember,
                created: START,
                expires: expires(remember, START),
            };
            for (after, is_due) in [(0, false), (1, false), (3_599, false), (3_600, true)] {
                let now = START.plus(after);
                let end = is_due.then(|| expires(remember, now));
                assert_eq!(extension(&session, now), end, "{after}");
            }
            // The clock was ahead when the session began.
            let earlier = START.minus(1);
            let end = expires(remember, earlier);
            assert_eq!(extension(&session, earlier), Some(end));
        }
    }
}
