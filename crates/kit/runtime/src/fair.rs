//! Permits for computations, with fair queues.
//!
//! A waiting caller names a path of shares, from the widest to the narrowest: a class of callers,
//! the networks of an address, an account. At each level the members take turns, however many
//! computations one of them has requested, and each share is bounded in addition to the queue as a
//! whole. A caller with many requests thus delays and displaces only those of its own share.

mod round_robin;
mod share;

use std::{fmt, hash::Hash, num::NonZeroUsize, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use self::round_robin::{ItemId, RoundRobin};
pub use self::share::{QueueFull, Share, ShareCounts, network_shares};

/// A number of permits, and a queue for them. Clones share both.
pub struct FairPermits<K: Clone + Eq + Hash>(Arc<Mutex<State<K>>>);

/// The permission to compute. On drop it passes to the next caller in the queue.
#[derive(Debug)]
pub struct FairPermit<K: Clone + Eq + Hash>(Option<FairPermits<K>>);

struct State<K: Clone + Eq + Hash> {
    /// The number of free permits. No caller waits while it is above 0.
    free: usize,
    waiting: ShareCounts<K>,
    queue: RoundRobin<K, Waiter<K>>,
}

struct Waiter<K: Clone + Eq + Hash> {
    path: Vec<K>,
    permit: oneshot::Sender<FairPermit<K>>,
}

/// A guard that removes a cancelled caller from the queue.
struct Wait<'a, K: Clone + Eq + Hash> {
    permits: &'a FairPermits<K>,
    path: Vec<K>,
    id: ItemId,
}

impl<K: Clone + Eq + Hash> FairPermits<K> {
    /// Creates `permits` permits. At most `most_waiting` callers wait.
    #[must_use]
    pub fn new(permits: NonZeroUsize, most_waiting: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: permits.get(),
            waiting: ShareCounts::new(most_waiting),
            queue: RoundRobin::new(),
        })))
    }

    /// Waits for a permit. A caller that is cancelled leaves the queue.
    ///
    /// # Errors
    /// [`QueueFull`], without a wait, when the queue or one of the shares is full.
    pub async fn acquire(&self, path: &[Share<K>]) -> Result<FairPermit<K>, QueueFull> {
        let (sender, receiver) = oneshot::channel();
        let _wait = {
            let mut state = self.0.lock();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Ok(FairPermit(Some(self.clone())));
            }
            state.waiting.enter(path)?;
            let path: Vec<K> = path.iter().map(|share| share.key.clone()).collect();
            let waiter = Waiter {
                path: path.clone(),
                permit: sender,
            };
            let id = state.queue.push(&path, waiter);
            Wait {
                permits: self,
                path,
                id,
            }
        };
        // The queue keeps the sender until it has sent.
        receiver.await.map_err(|_| QueueFull::Queue)
    }

    /// Returns the number of waiting callers.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.all()
    }

    /// Returns the number of free permits.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.lock().free
    }

    /// Takes the next caller from the queue. Without one the permit becomes free.
    fn next(&self) -> Option<Waiter<K>> {
        let mut state = self.0.lock();
        let next = state.queue.pop();
        match &next {
            Some(waiter) => state.waiting.leave(&waiter.path),
            None => state.free = state.free.saturating_add(1),
        }
        next
    }
}

impl<K: Clone + Eq + Hash> Clone for FairPermits<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for FairPermits<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FairPermits(..)")
    }
}

impl<K: Clone + Eq + Hash> Drop for FairPermit<K> {
    fn drop(&mut self) {
        let Some(permits) = self.0.take() else { return };
        while let Some(waiter) = permits.next() {
            match waiter.permit.send(Self(Some(permits.clone()))) {
                Ok(()) => return,
                // The caller is cancelled, so that the next one gets the permit.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Wait<'_, K> {
    fn drop(&mut self) {
        let mut state = self.permits.0.lock();
        if state.queue.remove(&self.path, self.id).is_some() {
            state.waiting.leave(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures::poll;

    use super::*;

    type Permits = FairPermits<&'static str>;
    type PermitFuture<'a> =
        Pin<Box<dyn Future<Output = Result<FairPermit<&'static str>, QueueFull>> + 'a>>;

    fn path(keys: &[&'static str], most: usize) -> Vec<Share<&'static str>> {
        let share = |key: &&'static str| Share { key: *key, most };
        keys.iter().map(share).collect()
    }

    fn permits(most_waiting: usize) -> Permits {
        FairPermits::new(NonZeroUsize::MIN, most_waiting)
    }

    /// Starts one more `acquire`, which waits or is complete.
    async fn ask<'a>(
        permits: &'a Permits,
        path: &'a [Share<&'static str>],
    ) -> Result<PermitFuture<'a>, QueueFull> {
        let mut acquiring: PermitFuture<'a> = Box::pin(permits.acquire(path));
        match poll!(&mut acquiring) {
            std::task::Poll::Pending => Ok(acquiring),
            std::task::Poll::Ready(done) => Err(done.expect_err("the permit is taken")),
        }
    }

    /// Returns the order in which these callers get the only permit.
    async fn order(callers: &[&[&'static str]]) -> Vec<usize> {
        let permits = permits(100);
        let mut held = permits.acquire(&[]).await.unwrap();
        let paths: Vec<_> = callers.iter().map(|keys| path(keys, 100)).collect();
        let mut waiting = Vec::new();
        for (number, path) in paths.iter().enumerate() {
            waiting.push((number, ask(&permits, path).await.ok().unwrap()));
        }
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(held);
            let mut next = None;
            for (index, (number, acquiring)) in waiting.iter_mut().enumerate() {
                if let std::task::Poll::Ready(permit) = poll!(acquiring) {
                    assert!(next.is_none(), "two at once");
                    next = Some((index, *number, permit.unwrap()));
                }
            }
            let (index, number, permit) = next.expect("somebody is next");
            drop(waiting.remove(index));
            order.push(number);
            held = permit;
        }
        order
    }

    #[tokio::test]
    async fn members_of_each_level_take_turns_and_within_a_share_the_first_comes_first() {
        for (callers, expected) in [
            (&[&["a"][..], &["a"], &["a"]][..], &[0, 1, 2][..]),
            (&[&["a"], &["a"], &["a"], &["b"], &["c"]], &[0, 3, 4, 1, 2]),
            (&[&["a"], &["a"], &["b"], &["b"]], &[0, 2, 1, 3]),
            (
                // One /48 with many of its parts has the turns of one address.
                &[
                    &["w", "w1"],
                    &["w", "w2"],
                    &["w", "w2"],
                    &["w", "w1"],
                    &["v"],
                    &["v"],
                ],
                &[0, 4, 1, 5, 3, 2],
            ),
        ] {
            assert_eq!(order(callers).await, expected, "{callers:?}");
        }
    }

    #[tokio::test]
    async fn a_share_is_bounded_and_so_is_the_queue() {
        let permits = permits(3);
        let held = permits.acquire(&[]).await.unwrap();
        let (a, b, c) = (path(&["a"], 2), path(&["b"], 2), path(&["c"], 2));
        let first = ask(&permits, &a).await.unwrap();
        let second = ask(&permits, &a).await.unwrap();
        assert_eq!(ask(&permits, &a).await.err(), Some(QueueFull::Share));
        let third = ask(&permits, &b).await.unwrap();
        assert_eq!(ask(&permits, &c).await.err(), Some(QueueFull::Queue));
        assert_eq!(permits.waiting(), 3);
        drop((first, second, third));
        assert_eq!(permits.waiting(), 0, "whoever goes away makes room");
        drop(held);
        assert_eq!(permits.free(), 1);
    }

    #[tokio::test]
    async fn a_permit_that_was_sent_to_a_caller_that_has_gone_is_not_lost() {
        let permits = permits(3);
        let a = path(&["a"], 2);
        let held = permits.acquire(&a).await.unwrap();
        let gone = ask(&permits, &a).await.unwrap();
        drop(held);
        assert_eq!(permits.free(), 0, "it was sent");
        drop(gone);
        assert_eq!(permits.free(), 1);
        let _held = permits.acquire(&a).await.unwrap();
    }
}
