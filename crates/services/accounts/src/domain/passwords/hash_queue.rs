//! The queue for the computation of password hashes.

use std::{num::NonZeroUsize, time::Duration};

use anteroom_runtime::{FairPermit, FairPermits, RetryAfter};
use tokio::time::timeout;

use crate::domain::{
    failure::Failure,
    passwords::attempt_source::{AttemptSource, LoginShare},
};

/// The time after which a refused client may try again.
const LATER: RetryAfter = RetryAfter::from_secs(5);

/// The numbers of password hashes that run and that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashQueueLimits {
    /// The number of hashes at the same time. Each takes [`memory`](crate::domain::passwords::hasher::HashCost::memory_kib)
    /// and a core.
    pub at_once: NonZeroUsize,
    /// The number of waiting hashes for each running one.
    pub waiting: NonZeroUsize,
    /// The maximum wait of a client; shorter than the time of a request.
    pub longest_wait: Duration,
}

impl HashQueueLimits {
    /// Creates limits of `at_once` hashes at the same time. For each of them 64 wait, for 5 s at
    /// most.
    #[must_use]
    pub const fn new(at_once: NonZeroUsize) -> Self {
        const WAITING: NonZeroUsize = NonZeroUsize::new(64).unwrap();
        Self {
            at_once,
            waiting: WAITING,
            longest_wait: Duration::from_secs(5),
        }
    }
}

/// Gives permits in turns: known clients, unknown clients and jobs alternate, and within both
/// classes of clients networks do.
pub(crate) struct HashQueue {
    permits: FairPermits<LoginShare>,
    places: usize,
    longest_wait: Duration,
}

/// The permission to hash a password.
pub(crate) type HashPermit = FairPermit<LoginShare>;

impl HashQueue {
    pub(crate) fn new(limits: HashQueueLimits) -> Self {
        let waiting = limits.at_once.saturating_mul(limits.waiting).get();
        // Each class of clients has at least one place, and jobs have one.
        let most_waiting = waiting.max(2).saturating_add(1);
        Self {
            permits: FairPermits::new(limits.at_once, most_waiting),
            places: waiting,
            longest_wait: limits.longest_wait,
        }
    }

    /// Waits for a permit. A job waits without a limit, which is at most one turn of each class of
    /// clients.
    ///
    /// # Errors
    /// 503 when too many clients wait, or when a client waits for too long.
    pub(crate) async fn acquire(&self, source: AttemptSource) -> Result<HashPermit, Failure> {
        let path = source.shares(self.places);
        let acquired = self.permits.acquire(&path);
        let permit = match source {
            AttemptSource::Job => acquired.await,
            _ => match timeout(self.longest_wait, acquired).await {
                Ok(permit) => permit,
                Err(_) => return Err(busy()),
            },
        };
        permit.map_err(|_| busy())
    }
}

fn busy() -> Failure {
    Failure::Overloaded(LATER)
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Aci;
    use anteroom_runtime::{ClientAddress, LimitKey, Pseudonymizer};
    use futures::{FutureExt as _, future::BoxFuture, poll};
    use zeroize::Zeroizing;

    use super::*;

    fn queue(at_once: usize, waiting: usize) -> HashQueue {
        HashQueue::new(HashQueueLimits {
            waiting: waiting.try_into().unwrap(),
            ..HashQueueLimits::new(at_once.try_into().unwrap())
        })
    }

    fn client(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().unwrap())
    }

    fn device(byte: u8) -> LimitKey {
        Pseudonymizer::new(Zeroizing::new([0; 32])).limit_key("test", &Aci::from_bytes([byte; 16]))
    }

    type PermitFuture<'a> = BoxFuture<'a, Result<HashPermit, Failure>>;

    /// Starts the waits of these sources. Returns those that wait, and the number of refused
    /// ones.
    async fn ask(
        queue: &HashQueue,
        sources: impl IntoIterator<Item = AttemptSource>,
    ) -> (Vec<PermitFuture<'_>>, usize) {
        let (mut waiting, mut refused) = (Vec::new(), 0);
        for source in sources {
            let mut permit = queue.acquire(source).boxed();
            match poll!(&mut permit) {
                std::task::Poll::Pending => waiting.push(permit),
                std::task::Poll::Ready(done) => {
                    assert_eq!(done.err(), Some(busy()));
                    refused += 1;
                }
            }
        }
        (waiting, refused)
    }

    fn flood(number: u32) -> impl Iterator<Item = AttemptSource> {
        (0..number).map(|n| AttemptSource::UnknownNetwork(client(&format!("2001:db8:0:{n:x}::1"))))
    }

    #[tokio::test]
    async fn tries_from_150_64s_of_one_48_leave_room_for_logins_from_elsewhere() {
        let queue = queue(1, 128);
        let _held = queue
            .acquire(AttemptSource::Device(device(0)))
            .await
            .unwrap();
        let (flood, refused) = ask(&queue, flood(150)).await;
        assert_eq!((flood.len(), refused), (32, 118));
        let elsewhere = (0..25).map(|n| client(&format!("192.0.2.{n}")));
        let (others, refused) = ask(&queue, elsewhere.map(AttemptSource::UnknownNetwork)).await;
        assert_eq!((others.len(), refused), (25, 0));
    }

    #[tokio::test]
    async fn known_networks_and_devices_log_in_during_a_flood_from_everywhere() {
        let queue = queue(1, 64);
        let held = queue
            .acquire(AttemptSource::Device(device(0)))
            .await
            .unwrap();
        let everywhere = (0..1_000_u32).map(|n| std::net::Ipv4Addr::from(n * 65_536));
        let everywhere = everywhere.map(|address| ClientAddress::new(address.into()));
        let (mut flood, refused) = ask(&queue, everywhere.map(AttemptSource::UnknownNetwork)).await;
        assert_eq!((flood.len(), refused), (32, 968), "half of the places");
        let known = [
            AttemptSource::KnownNetwork(client("192.0.2.1")),
            AttemptSource::Device(device(1)),
        ];
        let (mut known, refused) = ask(&queue, known).await;
        assert_eq!(refused, 0);
        // The two classes alternate.
        drop(held);
        let first = flood.remove(0).await.unwrap();
        drop(first);
        let second = known.remove(0).await.unwrap();
        drop(second);
        let third = flood.remove(0).await.unwrap();
        drop(third);
        known.remove(0).await.unwrap();
    }

    #[tokio::test]
    async fn a_job_has_a_place_of_its_own_and_the_turn_after_one_of_each_class() {
        for waiting in [1, 2, 64] {
            let queue = queue(1, waiting);
            let held = queue
                .acquire(AttemptSource::Device(device(0)))
                .await
                .unwrap();
            let everywhere = || (0..1_000_u32).map(|n| std::net::Ipv4Addr::from(n * 65_536));
            let everywhere = || everywhere().map(|address| ClientAddress::new(address.into()));
            let unknown = everywhere().map(AttemptSource::UnknownNetwork);
            let known = everywhere().map(AttemptSource::KnownNetwork);
            let (mut unknown, _) = ask(&queue, unknown).await;
            let (mut known, _) = ask(&queue, known).await;
            let (mut job, refused) = ask(&queue, [AttemptSource::Job; 1]).await;
            assert_eq!((job.len(), refused), (1, 0), "{waiting}");
            drop(held);
            for class in [&mut unknown, &mut known] {
                drop(class.remove(0).await.unwrap());
            }
            let permit = job.remove(0).now_or_never();
            assert!(permit.is_some_and(|permit| permit.is_ok()), "{waiting}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_waits_as_long_as_it_must() {
        let queue = queue(1, 64);
        let held = queue
            .acquire(AttemptSource::Device(device(0)))
            .await
            .unwrap();
        let (mut job, _) = ask(&queue, [AttemptSource::Job]).await;
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert!(poll!(job.first_mut().unwrap()).is_pending());
        drop(held);
        assert!(job.remove(0).await.is_ok());
    }

    #[tokio::test]
    async fn a_known_network_or_device_has_a_quarter_of_its_class_and_no_more() {
        for source in [
            AttemptSource::KnownNetwork(client("192.0.2.1")),
            AttemptSource::UnknownNetwork(client("192.0.2.1")),
            AttemptSource::Device(device(1)),
        ] {
            let queue = queue(1, 64);
            let _held = queue.acquire(source).await.unwrap();
            let (waiting, refused) = ask(&queue, [source; 20]).await;
            assert_eq!((waiting.len(), refused), (8, 12), "{source:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_longest_wait() {
        let queue = queue(1, 64);
        let source = AttemptSource::UnknownNetwork(client("192.0.2.1"));
        let _held = queue.acquire(source).await.unwrap();
        assert_eq!(queue.acquire(source).await.err(), Some(busy()));
        assert_eq!(queue.permits.waiting(), 0);
    }
}
