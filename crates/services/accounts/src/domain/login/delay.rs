//! The delay of attempts while an email has failures from elsewhere.
//!
//! A lock applies to one network or one known device, so that no one can lock an owner out from
//! afar. Against guesses from many networks at the same time, attempts from a network wait before
//! their password is verified, longer with more failures elsewhere. A known device never waits.
//! Emails without an account count and wait the same.

use std::{num::NonZeroU32, time::Duration};

use anteroom_runtime::RetryAfter;
use anteroom_store::{LoginFailures, LoginOrigin};
use async_trait::async_trait;

use crate::domain::{
    failure::Failure,
    passwords::attempt_source::{AttemptSource, LoginShare},
    reservations::Reservations,
};

/// The maximum delay.
const LONGEST: Duration = Duration::from_secs(4);
/// The maximum number of waiting attempts.
const MOST_WAITING: usize = 256;

/// Waits for a time.
#[async_trait]
pub trait Delay: Send + Sync {
    /// Returns after `time`.
    async fn wait(&self, time: Duration);
}

/// Waits with the runtime's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimerDelay;

#[async_trait]
impl Delay for TimerDelay {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The waiting attempts, with the limits of [`AttemptSource::shares`].
pub(crate) struct DelayedAttempts(Reservations<LoginShare>);

impl DelayedAttempts {
    pub(crate) fn new() -> Self {
        Self(Reservations::new(MOST_WAITING))
    }

    /// Delays an attempt.
    ///
    /// # Errors
    /// 503 when too many attempts wait.
    pub(crate) async fn pass(
        &self,
        delay: &dyn Delay,
        origin: &LoginOrigin,
        failures: &LoginFailures,
        threshold: NonZeroU32,
        source: AttemptSource,
    ) -> Result<(), Failure> {
        const LATER: RetryAfter = RetryAfter::from_secs(LONGEST.as_secs());
        let Some(time) = time_of(origin, failures, threshold) else {
            return Ok(());
        };
        let reservation = self.0.reserve(source.shares(MOST_WAITING));
        let _waiting = reservation.ok_or(Failure::Overloaded(LATER))?;
        delay.wait(time).await;
        Ok(())
    }
}

/// Returns the delay: one second from the threshold of a lock on, two from twice as many failures,
/// four from four times as many.
fn time_of(
    origin: &LoginOrigin,
    failures: &LoginFailures,
    threshold: NonZeroU32,
) -> Option<Duration> {
    if matches!(origin, LoginOrigin::KnownDevice(..)) {
        return None;
    }
    let times = failures.elsewhere / threshold;
    match times {
        0 => None,
        1 => Some(LONGEST / 4),
        2 | 3 => Some(LONGEST / 2),
        _ => Some(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use anteroom_protocol::Aci;
    use anteroom_runtime::ClientAddress;
    use anteroom_store::DeviceId;

    use super::*;

    #[test]
    fn attempts_from_elsewhere_are_slowed_down_by_four_seconds_at_most() {
        let network = LoginOrigin::Network([1; 16]);
        let device = LoginOrigin::KnownDevice(Aci::from_bytes([1; 16]), DeviceId::PRIMARY);
        let five = NonZeroU32::new(5).unwrap();
        for (elsewhere, seconds) in [
            (0, 0),
            (4, 0),
            (5, 1),
            (9, 1),
            (10, 2),
            (19, 2),
            (20, 4),
            (u32::MAX, 4),
        ] {
            let failures = LoginFailures {
                elsewhere,
                ..LoginFailures::default()
            };
            let time = time_of(&network, &failures, five);
            assert_eq!(time.unwrap_or_default().as_secs(), seconds, "{elsewhere}");
            assert_eq!(time_of(&device, &failures, five), None);
        }
    }

    #[tokio::test]
    async fn a_network_from_which_too_many_wait_is_told_to_come_back_and_others_are_not() {
        struct EndlessDelay;
        #[async_trait]
        impl Delay for EndlessDelay {
            async fn wait(&self, _: Duration) {
                std::future::pending::<()>().await;
            }
        }
        let delayed_attempts = DelayedAttempts::new();
        let failures = LoginFailures {
            elsewhere: 5,
            ..LoginFailures::default()
        };
        let origin = LoginOrigin::Network([1; 16]);
        let five = NonZeroU32::new(5).unwrap();
        let pass = |address: String| {
            let client = ClientAddress::new(address.parse().unwrap());
            let source = AttemptSource::UnknownNetwork(client);
            delayed_attempts.pass(&EndlessDelay, &origin, &failures, five, source)
        };
        let mut waiting = Vec::new();
        let mut numbers = Vec::new();
        for network in ["2001:db8:0:#::1", "2001:db8:1:#::1", "2001:db8:#::1"] {
            let mut number = 0;
            for n in 0..200 {
                let mut attempt = Box::pin(pass(network.replace('#', &format!("{n:x}"))));
                match futures::poll!(&mut attempt) {
                    Poll::Pending => {
                        number += 1;
                        waiting.push(attempt);
                    }
                    Poll::Ready(refused) => {
                        assert!(matches!(refused, Err(Failure::Overloaded(_))));
                    }
                }
            }
            numbers.push(number);
        }
        assert_eq!(
            numbers,
            [64, 64, 0],
            "half of the places are for known networks"
        );
        waiting.pop();
        assert!(futures::poll!(Box::pin(pass("192.0.2.1".to_owned()))).is_pending());
    }
}
