//! A bounded queue in front of a [`Mailer`].
//!
//! A request only adds a mail to the queue, so that neither the existence of a mail nor the time of
//! the mail server shows in the time of an answer. A full queue drops mails and counts them:
//! deferred ones first, then the newest. Only running attempts are limited in number: a deferred
//! mail occupies none of them, so that it delays no other mail.
//!
//! A mail that only some addresses get would show in the delay of later mails. If it is not sent, a
//! [decoy](MailQueue::send_decoy) passes through the queue instead: it waits, takes a place, and is
//! deferred as recent mails to its domain were.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use anteroom_runtime::{
    Backoff, Count, Dependency, DependencyState, Entropy, Health, Metrics, spawn_task,
};
use async_trait::async_trait;
use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::Instrument as _;
use zeroize::Zeroizing;

use crate::{
    Mail, MailError, Mailer,
    backlog::{MailBacklog, QueueItem, QueuedMail},
    history::{AttemptHistory, AttemptRecord},
};

/// The settings of a [`MailQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailQueueSettings {
    /// The maximum number of waiting mails. Half of them may be deferred.
    pub capacity: NonZeroUsize,
    /// The number of mails that are sent at the same time.
    pub at_once: NonZeroUsize,
    /// The maximum number of attempts for each mail.
    pub attempts: NonZeroU32,
    /// The pause after the first attempt. Each further one is four times as long.
    pub first_pause: Duration,
    /// The maximum pause.
    pub longest_pause: Duration,
}

impl Default for MailQueueSettings {
    /// 1000 mails, 4 at the same time, 8 attempts within about half an hour.
    fn default() -> Self {
        Self {
            capacity: const { NonZeroUsize::new(1_000).unwrap() },
            at_once: const { NonZeroUsize::new(4).unwrap() },
            attempts: const { NonZeroU32::new(8).unwrap() },
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(600),
        }
    }
}

/// Sends mails from a task of its own.
pub struct MailQueue {
    task: Mutex<Option<JoinHandle<()>>>,
    state: Arc<State>,
}

struct State {
    mailer: Arc<dyn Mailer>,
    settings: MailQueueSettings,
    entropy: Arc<dyn Entropy>,
    backlog: Mutex<MailBacklog>,
    history: Mutex<AttemptHistory>,
    /// Wakes the task when a mail is added or the queue is closed.
    changed: Notify,
    /// Ends the attempts of decoys when the queue is closed.
    closing: watch::Sender<bool>,
    dependency: DependencyState,
    sent: Count,
    dropped: Count,
}

impl MailQueue {
    /// Starts the task that sends with this mailer. `entropy` decides the times of decoys.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(
        mailer: Arc<dyn Mailer>,
        settings: MailQueueSettings,
        entropy: Arc<dyn Entropy>,
        metrics: &Metrics,
    ) -> Self {
        let state = Arc::new(State {
            mailer,
            settings,
            entropy,
            backlog: Mutex::new(MailBacklog::new(settings.capacity)),
            history: Mutex::default(),
            changed: Notify::new(),
            closing: watch::Sender::new(false),
            dependency: DependencyState::default(),
            sent: metrics.count("mails_sent", "Mails that the mail server took"),
            dropped: metrics.count(
                "mails_dropped",
                "Mails that were lost: refused, tried too often, or one too many in the queue",
            ),
        });
        let task = spawn_task("mail-queue", send_all(Arc::clone(&state)));
        Self {
            task: Mutex::new(Some(task)),
            state,
        }
    }

    /// Adds a mail. Never waits and never fails: a mail without a place, or after the close, is
    /// dropped and counted, and so is a deferred mail that it replaces.
    pub fn send(&self, mail: Mail) {
        self.add(QueueItem::Mail(mail));
    }

    /// Adds the decoy of a mail to this domain that is not sent, so that the delay of other mails
    /// does not show the difference. Its attempt lasts as long as one of the last attempts to the
    /// domain, drawn at random, and ends as that one did; without one it is the usual attempt of
    /// other domains. The close of the queue does not wait for it.
    pub fn send_decoy(&self, domain: &str) {
        let domain = Zeroizing::new(domain.to_owned());
        self.add(QueueItem::Decoy { domain });
    }

    fn add(&self, item: QueueItem) {
        let lossless = self.state.backlog.lock().add(item);
        self.state.changed.notify_one();
        if !lossless {
            self.state.count_displaced();
        }
    }

    /// Returns the number of lost mails.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.state.dropped.number()
    }

    /// Makes one more attempt for each waiting mail, and stops, after `patience` at the latest.
    /// Drops and counts the remaining mails.
    pub async fn close(&self, patience: Duration) {
        let task = self.task.lock().take();
        let Some(mut task) = task else {
            return;
        };
        self.state.backlog.lock().close();
        self.state.closing.send_replace(true);
        self.state.changed.notify_one();
        if timeout(patience, &mut task).await.is_err() {
            task.abort();
            // The task was aborted, or has just ended.
            let _ = task.await;
            let left = self.state.backlog.lock().number();
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            self.state.dropped.add(left);
        }
        let dropped = self.dropped();
        if dropped > 0 {
            tracing::warn!(dropped, "mails were dropped");
        }
    }
}

#[async_trait]
impl Dependency for MailQueue {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        if self.state.dependency.is_failing() {
            Health::Degraded
        } else {
            Health::Ok
        }
    }

    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state.dependency)
    }
}

impl State {
    /// Records an attempt for decoys, unless it was refused permanently. Such mails go to addresses
    /// that do not exist, and a stranger can cause any number of them; the mails that decoys
    /// replace would go to addresses that exist.
    fn note_attempt(&self, mail: &Mail, time: Duration, outcome: Result<(), MailError>) {
        let is_temporary = outcome.is_err_and(MailError::is_temporary);
        if outcome.is_ok() || is_temporary {
            let record = AttemptRecord { time, is_temporary };
            self.history.lock().note(mail.domain(), record);
        }
    }

    fn count_displaced(&self) {
        self.dropped.add(1);
        tracing::warn!(parent: None, "a mail was dropped: too many are waiting");
    }

    /// Returns the pause after a failure that `failures` others came before.
    fn pause(&self, failures: u32) -> Duration {
        let backoff = Backoff {
            first: self.settings.first_pause,
            factor: 4,
            longest: self.settings.longest_pause,
        };
        backoff.pause(failures)
    }
}

/// Sends until the queue is closed and empty.
async fn send_all(state: Arc<State>) {
    let at_once = state.settings.at_once.get();
    let mut attempts = JoinSet::new();
    loop {
        while attempts.len() < at_once {
            let next = state.backlog.lock().take(Instant::now());
            let Some(queued) = next else { break };
            attempts.spawn(attempt(queued, Arc::clone(&state)).in_current_span());
        }
        if attempts.is_empty() && state.backlog.lock().is_done() {
            return;
        }
        let is_free = attempts.len() < at_once;
        let due = is_free.then(|| state.backlog.lock().next_due()).flatten();
        tokio::select! {
            Some(_) = attempts.join_next() => {}
            () = state.changed.notified() => {}
            () = pause_until(due) => {}
        }
    }
}

/// Waits until `due`; forever if there is no time.
async fn pause_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Makes one attempt.
async fn attempt(queued: QueuedMail, state: Arc<State>) {
    match &queued.item {
        QueueItem::Mail(mail) => {
            let last_call = state.backlog.lock().closing;
            let begin = Instant::now();
            // After a panic only the mail's place in the queue is used.
            let send = AssertUnwindSafe(state.mailer.send(mail)).catch_unwind();
            let Ok(outcome) = send.await else {
                drop_mail(&queued, &state);
                return;
            };
            state.note_attempt(mail, begin.elapsed(), outcome);
            let is_last = last_call || is_last_try(&queued, &state);
            finish(queued, outcome, is_last, &state);
        }
        QueueItem::Decoy { domain } => {
            let record = state.history.lock().draw(domain, &mut *state.entropy.rng());
            attempt_decoy(queued, record, &state).await;
        }
    }
}

fn is_last_try(queued: &QueuedMail, state: &State) -> bool {
    queued.failures.saturating_add(1) >= state.settings.attempts.get()
}

/// Ends an attempt. Defers a mail that may be sent later.
fn finish(queued: QueuedMail, outcome: Result<(), MailError>, is_last: bool, state: &State) {
    let is_temporary = outcome.is_err_and(MailError::is_temporary);
    let Err(error) = outcome else {
        state.backlog.lock().finish(&queued);
        state.sent.add(1);
        if state.dependency.succeeded() {
            tracing::info!("mails are sent again");
        }
        return;
    };
    note(state, error);
    if !is_temporary || is_last {
        drop_mail(&queued, state);
        return;
    }
    defer(queued, state);
}

fn drop_mail(queued: &QueuedMail, state: &State) {
    state.backlog.lock().finish(queued);
    state.dropped.add(1);
    tracing::warn!("a mail was given up");
}

/// Imitates the recorded attempt of a mail.
async fn attempt_decoy(queued: QueuedMail, record: AttemptRecord, state: &State) {
    let mut closing = state.closing.subscribe();
    tokio::select! {
        () = sleep(record.time) => {}
        _ = closing.wait_for(|closing| *closing) => return,
    }
    if record.is_temporary && !is_last_try(&queued, state) {
        defer(queued, state);
    }
}

fn defer(queued: QueuedMail, state: &State) {
    let until = Instant::now() + state.pause(queued.failures);
    let lossless = state.backlog.lock().defer(queued, until);
    if !lossless {
        state.count_displaced();
    }
}

/// Records the result for the dependency. An error of a single mail says nothing about the server.
fn note(state: &State, error: MailError) {
    match error {
        MailError::Invalid
        | MailError::AddressScript
        | MailError::Deferred(_)
        | MailError::Refused(_) => {
            tracing::warn!(%error, "a mail could not be sent");
        }
        MailError::Unreachable
        | MailError::Login(_)
        | MailError::NotEncrypted
        | MailError::Unwritable => {
            if state.dependency.failed() {
                tracing::error!(%error, "mails cannot be sent");
            }
        }
    }
}
