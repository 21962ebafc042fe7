//! Permits for short computations on the async threads.

use std::{cell::Cell, num::NonZeroUsize};

use anteroom_runtime::{
    AddressGroup, ClientAddress, FairPermit, FairPermits, QueueFull, network_shares,
};
use tokio::task::yield_now;

/// The computations of a thread until it lets the other tasks that are ready run. To do so after
/// each would cost 9 µs: a poll of the network, and one of all layers around the request.
const IN_A_ROW: u32 = 4;

thread_local! {
    /// The computations of this thread since it last let other tasks run.
    static COMPUTED: Cell<u32> = const { Cell::new(0) };
}

/// One permit for each core.
///
/// A verification stays on the thread of its request: two changes of threads, with their effect on
/// the caches, would add a tenth to its time. Networks take turns, so that one network with many
/// requests does not delay the others, and other tasks that are ready run after a few computations.
#[derive(Debug)]
pub(super) struct CpuPermits {
    permits: FairPermits<AddressGroup>,
    waiting: usize,
    waiting_per_client: usize,
}

/// The permission to compute.
pub(super) struct CpuPermit(FairPermit<AddressGroup>);

impl CpuPermits {
    /// Creates one permit for each core. At most `waiting` computations wait, and of one network as
    /// many as its [share](AddressGroup::share) of them with `waiting_per_client`.
    pub(super) fn new(cores: NonZeroUsize, waiting: usize, waiting_per_client: usize) -> Self {
        Self {
            permits: FairPermits::new(cores, waiting),
            waiting,
            waiting_per_client,
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`QueueFull`], without a wait.
    pub(super) async fn acquire(&self, client: ClientAddress) -> Result<CpuPermit, QueueFull> {
        let path = network_shares(client, |group| {
            group.share(self.waiting_per_client, self.waiting)
        });
        self.permits.acquire(&path).await.map(CpuPermit)
    }
}

impl CpuPermit {
    /// Passes the permit on. After [`IN_A_ROW`] computations of this thread the other tasks that are
    /// ready run before.
    pub(super) async fn pass_on(self) {
        let computed = COMPUTED.get() + 1;
        COMPUTED.set(computed % IN_A_ROW);
        if computed == IN_A_ROW {
            yield_now().await;
        }
        drop(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::poll;
    use tokio::task::JoinSet;

    use super::*;

    const CLIENT: ClientAddress = ClientAddress::UNKNOWN;

    /// All tasks run on one thread: only the permits yield it.
    #[tokio::test]
    async fn what_is_ready_is_done_after_a_few_computations() {
        let permits = Arc::new(CpuPermits::new(NonZeroUsize::MIN, 100, 100));
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut asking = JoinSet::new();
        for number in 0..16 {
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
            (0..16).collect::<Vec<_>>(),
            "in the order of asking"
        );
        for some in done.windows(usize::try_from(IN_A_ROW).unwrap() + 1) {
            assert!(some.contains(&None), "too many in a row: {done:?}");
        }
    }

    #[tokio::test]
    async fn a_network_of_any_width_has_at_most_half_of_those_that_wait() {
        let client = |text: String| ClientAddress::new(text.parse().unwrap());
        for flood in [
            &(|_| "192.0.2.1".to_owned()) as &dyn Fn(usize) -> String,
            &|n| format!("2001:db8::{n:x}"),
            &|n| format!("2001:db8:0:{n:x}::1"),
            &|n| format!("2001:db8:0:{n:x}00::1"),
        ] {
            let permits = CpuPermits::new(NonZeroUsize::MIN, 8, 8);
            let _computing = permits.acquire(CLIENT).await.unwrap();
            let mut waiting: Vec<_> = (0..4)
                .map(|n| Box::pin(permits.acquire(client(flood(n)))))
                .collect();
            for one in &mut waiting {
                assert!(poll!(one).is_pending());
            }
            let refused = permits.acquire(client(flood(4))).await.err();
            assert_eq!(refused, Some(QueueFull::Share), "{}", flood(4));
            let mut other = Box::pin(permits.acquire(client("198.51.100.1".to_owned())));
            assert!(poll!(&mut other).is_pending());
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
