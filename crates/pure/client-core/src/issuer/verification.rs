//! The checks that all credentials of an answer pass.

use anteroom_protocol::Timestamp;
use anteroom_wire::issuer::DayCredential;

use crate::{
    CLOCK_TOLERANCE, DayRange, IssuedCredential, IssuerError, ListedParams, TransportFailure,
};

/// Verifies against each of the params that may have issued; a credential verifies under one at most.
pub(super) fn first_verified<P, C>(
    candidates: &[&ListedParams<P>],
    redemption: Timestamp,
    receive: impl Fn(&ListedParams<P>) -> Option<C>,
) -> Option<IssuedCredential<C>> {
    candidates.iter().find_map(|listed| {
        receive(listed).map(|credential| IssuedCredential {
            credential,
            redemption,
            params: listed.id,
        })
    })
}

/// Checks that the day is today's, or around a midnight that of the nearer neighbour.
pub(super) fn check_day(redemption: Timestamp, now: Timestamp) -> Result<(), IssuerError> {
    let tolerance = CLOCK_TOLERANCE.as_secs();
    let days = [now, now.minus(tolerance), now.plus(tolerance)].map(Timestamp::start_of_day);
    if days.contains(&redemption) {
        return Ok(());
    }
    Err(IssuerError::OddDay {
        issuer: redemption,
        device: now.start_of_day(),
    })
}

/// Checks that the days are exactly the requested ones, in order.
pub(super) fn check_days(
    bodies: &[DayCredential],
    range: DayRange,
) -> Result<(), TransportFailure> {
    let given = bodies.iter().map(|body| body.redemption_time);
    if given.eq(range.days().map(Timestamp::as_secs)) {
        return Ok(());
    }
    Err(TransportFailure::Malformed(
        "the days are not those asked for",
    ))
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::DAY;

    use super::*;

    #[test]
    fn only_the_clocks_day_is_taken_and_its_neighbour_around_midnight() {
        let midnight = 20_000 * DAY;
        let tolerance = CLOCK_TOLERANCE.as_secs();
        let cases = [
            (midnight, midnight + DAY / 2, true),
            (midnight - DAY, midnight + DAY / 2, false),
            (midnight + DAY, midnight + DAY / 2, false),
            (midnight - DAY, midnight + tolerance - 1, true),
            (midnight - DAY, midnight + tolerance, false),
            (midnight, midnight - tolerance, true),
            (midnight, midnight - tolerance - 1, false),
            (midnight + 1, midnight + DAY / 2, false),
            (0, midnight, false),
            (u64::MAX, midnight, false),
        ];
        for (redemption, now, accepted) in cases {
            let outcome = check_day(Timestamp::from_secs(redemption), Timestamp::from_secs(now));
            assert_eq!(outcome.is_ok(), accepted, "{redemption} at {now}");
        }
    }
}
