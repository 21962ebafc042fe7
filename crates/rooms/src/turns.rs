//! Short computations among everything else that the async threads do.

use std::num::NonZeroUsize;

use tokio::{sync::Semaphore, task::yield_now};

/// One turn for each core.
///
/// Two changes of threads, with what they cost the caches, would add a tenth to a verification, so
/// it stays on the thread of its request. Whoever asks for many must not keep anybody else waiting:
/// who has computed lets all that is ready go first before the turn goes on.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) fn new(cores: NonZeroUsize) -> Self {
        Self(Semaphore::new(cores.get()))
    }

    /// Computes when it is this caller's turn: the first to ask is the first to be served.
    pub(crate) async fn take<T>(&self, work: impl FnOnce() -> T) -> T {
        let _turn = self.0.acquire().await;
        let result = work();
        yield_now().await;
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::task::JoinSet;

    use super::*;

    /// Everything is on one thread: nothing but the turns gives way.
    #[tokio::test]
    async fn what_is_ready_is_done_between_two_computations() {
        let turns = Arc::new(Turns::new(NonZeroUsize::MIN));
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut asking = JoinSet::new();
        for number in 0..8 {
            let (turns, done) = (Arc::clone(&turns), Arc::clone(&done));
            asking.spawn(async move {
                turns.take(|| done.lock().unwrap().push(Some(number))).await;
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
    async fn a_computation_that_panics_gives_its_turn_back() {
        let turns = Arc::new(Turns::new(NonZeroUsize::MIN));
        let panicking = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take(|| panic!("on purpose")).await }
        });
        assert!(panicking.await.unwrap_err().is_panic());
        assert_eq!(turns.take(|| 7).await, 7);
    }
}
