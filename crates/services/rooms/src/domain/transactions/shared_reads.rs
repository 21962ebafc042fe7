//! Reads of the database that requests for the same thing share.
//!
//! Many ask for the same room at the same time: when its call begins, when it ends, when its service
//! comes back. Requests that come while a read of their key runs share the next one, which begins
//! after all of them have come: each sees what was saved before it came, as with a read of
//! its own.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use parking_lot::Mutex;
use tokio::time::timeout;

/// The longest wait for the read before. It ends in well under a millisecond where the database works.
const LONGEST_TURN: Duration = Duration::from_millis(100);

/// The reads that run or wait for their turn, by key. A read without anybody who waits for it is
/// dropped. Clones share the reads.
pub(crate) struct SharedReads<K, T: Clone>(Arc<Mutex<State<K, T>>>);

struct State<K, T: Clone> {
    /// The number of the next read.
    next: u64,
    newest: HashMap<K, NewestRead<T>>,
}

/// The newest read of a key.
struct NewestRead<T: Clone> {
    number: u64,
    has_begun: Arc<AtomicBool>,
    read: WeakShared<BoxFuture<'static, T>>,
}

/// The entry of a read in the state, until the read has ended or is dropped.
struct Entry<K: Eq + Hash, T: Clone> {
    reads: SharedReads<K, T>,
    key: K,
    number: u64,
}

impl<K, T> SharedReads<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// A read of `key` that has not begun yet: one that others wait for, or a new one that does
    /// `read`.
    pub(crate) fn join(
        &self,
        key: &K,
        read: impl Future<Output = T> + Send + 'static,
    ) -> Shared<BoxFuture<'static, T>> {
        let mut state = self.0.lock();
        let newest = state.newest.get(key);
        let newest = newest.and_then(|newest| Some((newest.read.upgrade()?, &newest.has_begun)));
        let previous = match newest {
            Some((waiting, has_begun)) if !has_begun.load(Ordering::Acquire) => return waiting,
            Some((running, _)) => Some(running),
            None => None,
        };
        let number = state.next;
        state.next = number.wrapping_add(1);
        let has_begun = Arc::new(AtomicBool::new(false));
        let entry = Entry {
            reads: self.clone(),
            key: key.clone(),
            number,
        };
        let begun = Arc::clone(&has_begun);
        let shared = async move {
            let _entry = entry;
            if let Some(previous) = previous {
                // A read that hangs must not hold up the next one for longer.
                let _ = timeout(LONGEST_TURN, previous).await;
            }
            begun.store(true, Ordering::Release);
            read.await
        }
        .boxed()
        .shared();
        if let Some(read) = shared.downgrade() {
            let newest = NewestRead {
                number,
                has_begun,
                read,
            };
            state.newest.insert(key.clone(), newest);
        }
        shared
    }
}

impl<K, T: Clone> Default for SharedReads<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            next: 0,
            newest: HashMap::new(),
        })))
    }
}

impl<K, T: Clone> Clone for SharedReads<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut state = self.reads.0.lock();
        if state
            .newest
            .get(&self.key)
            .is_some_and(|newest| newest.number == self.number)
        {
            state.newest.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::ready, pin::pin};

    use futures::channel::oneshot;

    use super::*;

    type Reads = SharedReads<&'static str, u32>;

    /// A read that ends when it is told to.
    fn gated() -> (
        oneshot::Sender<u32>,
        impl Future<Output = u32> + Send + 'static,
    ) {
        let (end, ended) = oneshot::channel();
        (end, async { ended.await.unwrap() })
    }

    #[tokio::test(start_paused = true)]
    async fn requests_share_a_read_that_begins_after_all_of_them() {
        let reads = Reads::default();
        let (end_first, first) = gated();
        let mut first = pin!(reads.join(&"room", first));
        assert!(first.as_mut().now_or_never().is_none(), "it has begun");

        let (end_second, second) = gated();
        let mut second = pin!(reads.join(&"room", second));
        let mut third = pin!(reads.join(&"room", async { panic!("it shares the second's") }));
        let other = reads.join(&"other", ready(7));
        assert_eq!(other.now_or_never(), Some(7), "other keys do not wait");

        end_second.send(2).unwrap();
        assert!(second.as_mut().now_or_never().is_none(), "the first runs");
        end_first.send(1).unwrap();
        assert_eq!(third.as_mut().now_or_never(), Some(2));
        assert_eq!(second.as_mut().now_or_never(), Some(2));
        assert_eq!(first.as_mut().now_or_never(), Some(1));
        assert_eq!(reads.join(&"room", ready(3)).now_or_never(), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_goes_on_without_the_request_that_began_it() {
        let reads = Reads::default();
        let (end, read) = gated();
        let first = reads.join(&"room", read);
        let second = reads.join(&"room", async { panic!("it shares the first's") });
        let mut first = Box::pin(first);
        assert!(first.as_mut().now_or_never().is_none());
        drop(first);
        end.send(1).unwrap();
        assert_eq!(second.now_or_never(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn reads_that_have_ended_or_that_nobody_waits_for_take_no_memory() {
        let reads = Reads::default();
        assert_eq!(reads.join(&"ended", ready(1)).now_or_never(), Some(1));
        let (_end, read) = gated();
        let mut running = Box::pin(reads.join(&"room", read));
        assert!(running.as_mut().now_or_never().is_none());
        let waiting = reads.join(&"room", ready(2));
        let never_asked = reads.join(&"other", ready(3));
        assert_eq!(reads.0.lock().newest.len(), 2);
        drop((running, waiting, never_asked));
        assert_eq!(reads.0.lock().newest.len(), 0);
        assert_eq!(reads.join(&"room", ready(4)).now_or_never(), Some(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_hangs_holds_up_the_next_one_for_a_bounded_time() {
        let reads = Reads::default();
        let (_end, read) = gated();
        let mut hanging = Box::pin(reads.join(&"room", read));
        assert!(hanging.as_mut().now_or_never().is_none());
        let start = tokio::time::Instant::now();
        assert_eq!(reads.join(&"room", ready(2)).await, 2);
        assert_eq!(start.elapsed(), LONGEST_TURN);
    }
}
