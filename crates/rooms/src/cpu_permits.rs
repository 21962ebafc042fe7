//! Permits for short computations on the async threads.

use std::num::NonZeroUsize;

use anteroom_service::{
    AddressGroup, ClientAddress, FairPermit, FairPermits, QueueFull, network_shares,
};
use tokio::task::yield_now;

/// One permit for each core.
///
/// Two changes of threads, with what they cost the caches, would add a tenth to a verification, so
/// it stays on the thread of its request. A network that asks for many must not keep others waiting:
/// networks take turns, and all that is ready goes first before the permit passes on.
#[derive(Debug)]
pub(crate) struct CpuPermits {
    permits: FairPermits<AddressGroup>,
    waiting_per_client: usize,
}

/// The right to compute.
pub(crate) struct CpuPermit(FairPermit<AddressGroup>);

impl CpuPermits {
    /// At most `waiting` computations wait, and of a network `waiting_per_client` for each of its
    /// [factor](AddressGroup::factor).
    pub(crate) fn new(cores: NonZeroUsize, waiting: usize, waiting_per_client: usize) -> Self {
        Self {
            permits: FairPermits::new(cores, waiting),
            waiting_per_client,
        }
    }

    /// Waits for the client's turn.
    ///
    /// # Errors
    /// [`QueueFull`], at once.
    pub(crate) async fn acquire(&self, client: ClientAddress) -> Result<CpuPermit, QueueFull> {
        let path = network_shares(client, |group| {
            let factor = usize::try_from(group.factor()).unwrap_or(usize::MAX);
            self.waiting_per_client.saturating_mul(factor)
        });
        self.permits.acquire(&path).await.map(CpuPermit)
    }
}

impl CpuPermit {
    /// Lets all that is ready go first, then passes the permit on.
    pub(crate) async fn pass_on(self) {
        yield_now().await;
        drop(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::task::JoinSet;

    use super::*;

    const CLIENT: ClientAddress = ClientAddress::UNKNOWN;

    /// Everything is on one thread: nothing but the permits gives way.
    #[tokio::test]
    async fn what_is_ready_is_done_between_two_computations() {
        let permits = Arc::new(CpuPermits::new(NonZeroUsize::MIN, 100, 100));
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut asking = JoinSet::new();
        for number in 0..8 {
            let (permits, done) = (Arc::clone(&permits), Arc::clone(&done));
            asking.spawn(async move {
                let permit = permits.acquire(CLIENT).await.unwrap();
                done.lock().unwrap().push(Some(number));
                permit.pass_on().await;
            });
        }
        let other = tokio::spawn({
            let done = Arc::clone(&done);
            async move {
                for _ in 0..64 {
                    done.lock().unwrap().push(None);
                    yield_now().await;
                }
            }
        });
        asking.join_all().await;
        other.await.unwrap();

        let done = done.lock().unwrap();
        let computed: Vec<i32> = done.iter().copied().flatten().collect();
        assert_eq!(
            computed,
            (0..8).collect::<Vec<_>>(),
            "in the order of asking"
        );
        for pair in done.windows(2) {
            assert!(pair.contains(&None), "two at once: {done:?}");
        }
    }

    #[tokio::test]
    async fn a_computation_that_panics_gives_its_permit_back() {
        let permits = Arc::new(CpuPermits::new(NonZeroUsize::MIN, 100, 100));
        let panicking = tokio::spawn({
            let permits = Arc::clone(&permits);
            async move {
                let _permit = permits.acquire(CLIENT).await.unwrap();
                panic!("on purpose")
            }
        });
        assert!(panicking.await.unwrap_err().is_panic());
        permits.acquire(CLIENT).await.unwrap();
    }
}
