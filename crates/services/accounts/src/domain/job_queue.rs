//! Jobs that run after the answer to their request, so that neither the answer nor its time shows
//! their result: above all, whether an address has an account.
//!
//! Jobs run one after the other, in the order of their requests: at most one of them hashes a
//! password at a time, and a later request sees the changes of an earlier one. The queue is
//! bounded, and no network has more than half of it. A request reserves a place before it is
//! accepted, and is told to try again if there is none. A notice without a place is dropped and
//! counted. A job that fails is tried three times.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use anteroom_runtime::{
    AddressGroup, ClientAddress, Count, Metrics, RetryAfter, network_shares, spawn_task,
};
use parking_lot::Mutex;
use tokio::{sync::watch, time::timeout};

use crate::domain::{
    failure::Failure,
    login::delay::Delay,
    reservations::{Reservation, Reservations},
};

/// The maximum number of jobs, the running one included.
const CAPACITY: usize = 1_000;
/// The number of attempts of a job.
const ATTEMPTS: u32 = 3;
/// The pause after the first failure. The next one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The time after which a refused request may try again.
const RETRY_AFTER: RetryAfter = RetryAfter::from_secs(5);

/// One attempt of a job.
pub(crate) type JobAttempt = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// The queue of jobs. Clones are the same queue.
#[derive(Clone)]
pub(crate) struct JobQueue(Arc<Jobs>);

struct Jobs {
    /// The places of the networks that request jobs. Notices have places of no network.
    reservations: Reservations<AddressGroup>,
    queue: Mutex<Queue>,
    /// The number of jobs that wait or run.
    open: watch::Sender<usize>,
    dropped: Count,
    /// The timer of the pauses.
    delay: Arc<dyn Delay>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<QueuedJob>,
    /// Whether a task runs the jobs of the queue.
    is_running: bool,
    is_closed: bool,
}

struct QueuedJob {
    job: Box<dyn FnMut() -> JobAttempt + Send>,
    _reservation: Reservation<AddressGroup>,
}

impl JobQueue {
    pub(crate) fn new(metrics: &Metrics, delay: Arc<dyn Delay>) -> Self {
        Self(Arc::new(Jobs {
            reservations: Reservations::new(CAPACITY),
            queue: Mutex::default(),
            open: watch::Sender::new(0),
            dropped: metrics.count(
                "background_jobs_dropped",
                "Sign-ups, resets and notices that were lost after they were accepted: tried too \
                 often, one too many, or left at the stop",
            ),
            delay,
        }))
    }

    /// Reserves a place for a request of this client, before the request is accepted.
    ///
    /// # Errors
    /// [`Failure::Overloaded`] when the queue or the share of the client's networks is full.
    pub(crate) fn reserve(
        &self,
        client: ClientAddress,
    ) -> Result<Reservation<AddressGroup>, Failure> {
        let path = network_shares(client, |group| group.share(CAPACITY, CAPACITY));
        let reservation = self.0.reservations.reserve(path);
        reservation.ok_or(Failure::Overloaded(RETRY_AFTER))
    }

    /// Adds a job to the queue. Each call of `job` is one attempt.
    pub(crate) fn start<F>(
        &self,
        reservation: Reservation<AddressGroup>,
        mut job: impl FnMut() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let jobs = &self.0;
        {
            let mut queue = jobs.queue.lock();
            if queue.is_closed {
                jobs.dropped.add(1);
                return;
            }
            jobs.open.send_modify(|open| *open += 1);
            queue.jobs.push_back(QueuedJob {
                job: Box::new(move || Box::pin(job())),
                _reservation: reservation,
            });
            if std::mem::replace(&mut queue.is_running, true) {
                return;
            }
        }
        let jobs = Arc::clone(jobs);
        spawn_task("job-queue", async move {
            while let Some(queued) = jobs.next() {
                jobs.run_to_the_end(queued).await;
            }
        });
    }

    /// Adds a job that no request has reserved a place for. Drops and counts it if there is no
    /// place.
    pub(crate) fn start_notice<F>(&self, job: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        match self.0.reservations.reserve(Vec::new()) {
            Some(reservation) => self.start(reservation, job),
            None => {
                self.0.dropped.add(1);
                tracing::warn!("a notice was dropped: too many jobs are waiting");
            }
        }
    }

    /// Waits until all jobs are done.
    pub(crate) async fn idle(&self) {
        // `self` holds the sender, so that this cannot fail.
        let _ = self.0.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Waits until all jobs are done, for `patience` at most, then drops the remaining ones.
    pub(crate) async fn close(&self, patience: Duration) {
        if timeout(patience, self.idle()).await.is_ok() {
            return;
        }
        let left = {
            let mut queue = self.0.queue.lock();
            queue.is_closed = true;
            std::mem::take(&mut queue.jobs)
        };
        let lost = left.len();
        self.0.drop_jobs(lost);
        tracing::warn!(
            lost,
            "accepted sign-ups, resets or notices were given up at the stop"
        );
    }
}

impl Jobs {
    fn drop_jobs(&self, lost: usize) {
        self.dropped.add(u64::try_from(lost).unwrap_or(u64::MAX));
        self.open
            .send_modify(|open| *open = open.saturating_sub(lost));
    }

    /// Returns the next job; `None` ends the calling task.
    fn next(&self) -> Option<QueuedJob> {
        let mut queue = self.queue.lock();
        let next = queue.jobs.pop_front();
        queue.is_running = next.is_some();
        next
    }

    /// Runs the job in a task of its own, so that a panic ends only this job.
    async fn run_to_the_end(self: &Arc<Self>, mut queued: QueuedJob) {
        let delay = Arc::clone(&self.delay);
        let done = spawn_task("job-queue", async move {
            let mut pause = FIRST_PAUSE;
            for attempt in 1..=ATTEMPTS {
                match (queued.job)().await {
                    Ok(()) => return true,
                    Err(failure) => {
                        tracing::debug!(code = failure.code(), attempt, "a job has failed");
                    }
                }
                if attempt < ATTEMPTS {
                    delay.wait(pause).await;
                    pause = pause.saturating_mul(4);
                }
            }
            false
        });
        if done.await.unwrap_or(false) {
            self.open.send_modify(|open| *open = open.saturating_sub(1));
        } else {
            tracing::error!("an accepted sign-up, reset or notice was given up");
            self.drop_jobs(1);
        }
    }
}
