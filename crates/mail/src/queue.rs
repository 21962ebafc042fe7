//! A bounded queue in front of a [`Mailer`].
//!
//! A request only ever puts a mail into the queue: whether there is one, and how long the mail server
//! takes, does not show in the time of an answer. When the queue is full, mails are dropped and
//! counted: deferred ones first, then the newest. Only attempts are limited in number: a deferred
//! mail keeps no other mail from its attempt.
//!
//! A mail that only some addresses get would show in the delay of later mails. Where it is not sent,
//! a [decoy](MailQueue::send_decoy) goes through the queue instead: it waits, takes one of the places,
//! and is deferred as mails to its domain were lately.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anteroom_service::{Count, Dependency, DependencyState, Entropy, Health, Metrics};
use async_trait::async_trait;
use futures::FutureExt as _;
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, sleep_until, timeout},
};
use zeroize::Zeroizing;

use crate::{
    Mail, MailError, Mailer,
    history::{AttemptHistory, AttemptRecord},
    waiting::{Content, Delivery, Waiting},
};

/// How a [`MailQueue`] goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailQueueSettings {
    /// How many mails may wait; half of them deferred.
    pub capacity: NonZeroUsize,
    /// How many are on their way at a time.
    pub at_once: NonZeroUsize,
    /// How often one is tried.
    pub attempts: NonZeroU32,
    /// The pause after the first try; each one after it is four times as long.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for MailQueueSettings {
    /// 1000 mails, 4 at a time, 8 tries within about half an hour.
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
    waiting: Mutex<Waiting>,
    history: Mutex<AttemptHistory>,
    /// Wakes the task when a mail is added or the queue closes.
    changed: Notify,
    /// Ends the attempts of decoys when the queue closes.
    closing: watch::Sender<bool>,
    dependency: DependencyState,
    sent: Count,
    dropped: Count,
}

impl MailQueue {
    /// Starts the task that sends with this mailer. The times of decoys are drawn from `entropy`.
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
            waiting: Mutex::new(Waiting::new(settings.capacity)),
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
        let task = tokio::spawn(send_all(Arc::clone(&state)));
        Self {
            task: Mutex::new(Some(task)),
            state,
        }
    }

    /// Puts a mail into the queue. Never waits and never fails: a mail that finds no place, or comes
    /// after the end, is dropped and counted, and so is a deferred mail that it replaces.
    pub fn send(&self, mail: Mail) {
        self.add(Content::Mail(mail));
    }

    /// Takes the place of a mail to this domain that is not sent, so that the delay of other mails
    /// does not tell whether it was. Its attempt takes as long as one of the last attempts to the
    /// domain, drawn by chance, and ends as that one did; if there was none, it is as usual
    /// elsewhere. The end of the queue does not wait for it.
    pub fn send_decoy(&self, domain: &str) {
        let domain = Zeroizing::new(domain.to_owned());
        self.add(Content::Decoy { domain });
    }

    fn add(&self, content: Content) {
        let lossless = self.state.waiting().add(content);
        self.state.changed.notify_one();
        if !lossless {
            self.state.count_displaced();
        }
    }

    /// Mails that were lost so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.state.dropped.number()
    }

    /// Sends what waits, giving up what fails at the next try, and stops; after `patience` at the
    /// latest. What is left then is dropped and counted.
    pub async fn close(&self, patience: Duration) {
        let Some(mut task) = self.take_task() else {
            return;
        };
        self.state.waiting().close();
        self.state.closing.send_replace(true);
        self.state.changed.notify_one();
        if timeout(patience, &mut task).await.is_err() {
            task.abort();
            // Aborted, or just done.
            let _ = task.await;
            let left = self.state.waiting().number();
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            self.state.dropped.add(left);
        }
        let dropped = self.dropped();
        if dropped > 0 {
            tracing::warn!(dropped, "mails were dropped");
        }
    }

    fn take_task(&self) -> Option<JoinHandle<()>> {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.take()
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
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn history(&self) -> MutexGuard<'_, AttemptHistory> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an attempt for decoys, but for one that was refused for good: those are mails to
    /// addresses that do not exist, which a stranger sends as many of as he likes, and mails that are
    /// replaced by decoys would go to addresses that do.
    fn note_attempt(&self, mail: &Mail, time: Duration, outcome: Result<(), MailError>) {
        let is_temporary = outcome.is_err_and(MailError::is_temporary);
        if outcome.is_ok() || is_temporary {
            let record = AttemptRecord { time, is_temporary };
            self.history().note(mail.domain(), record);
        }
    }

    fn count_displaced(&self) {
        self.dropped.add(1);
        tracing::warn!(parent: None, "a mail was dropped: too many are waiting");
    }

    /// The pause after a failure that so many came before.
    fn pause(&self, failures: u32) -> Duration {
        let factor = 4_u32.saturating_pow(failures);
        let pause = self.settings.first_pause.saturating_mul(factor);
        pause.min(self.settings.longest_pause)
    }
}

/// Sends until the queue is closed and nothing is left.
async fn send_all(state: Arc<State>) {
    let at_once = state.settings.at_once.get();
    let mut attempts = JoinSet::new();
    loop {
        while attempts.len() < at_once {
            let next = state.waiting().take(Instant::now());
            let Some(delivery) = next else { break };
            attempts.spawn(attempt(delivery, Arc::clone(&state)));
        }
        if attempts.is_empty() && state.waiting().is_done() {
            return;
        }
        let is_free = attempts.len() < at_once;
        let due = is_free.then(|| state.waiting().next_due()).flatten();
        tokio::select! {
            Some(_) = attempts.join_next() => {}
            () = state.changed.notified() => {}
            () = pause_until(due) => {}
        }
    }
}

/// Never ends without a time.
async fn pause_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Tries once.
async fn attempt(delivery: Delivery, state: Arc<State>) {
    match &delivery.content {
        Content::Mail(mail) => {
            let last_call = state.waiting().is_closing();
            let begin = Instant::now();
            // Nothing of the mail is used after a panic but its place in the queue.
            let send = AssertUnwindSafe(state.mailer.send(mail)).catch_unwind();
            let Ok(outcome) = send.await else {
                give_up(&delivery, &state);
                return;
            };
            state.note_attempt(mail, begin.elapsed(), outcome);
            let is_last = last_call || is_last_try(&delivery, &state);
            finish(delivery, outcome, is_last, &state);
        }
        Content::Decoy { domain } => {
            let record = state.history().draw(domain, &mut *state.entropy.rng());
            attempt_decoy(delivery, record, &state).await;
        }
    }
}

fn is_last_try(delivery: &Delivery, state: &State) -> bool {
    delivery.failures.saturating_add(1) >= state.settings.attempts.get()
}

/// A mail that may be sent later is deferred.
fn finish(delivery: Delivery, outcome: Result<(), MailError>, is_last: bool, state: &State) {
    let is_temporary = outcome.is_err_and(MailError::is_temporary);
    let Err(error) = outcome else {
        state.waiting().finish(&delivery);
        state.sent.add(1);
        if state.dependency.succeeded() {
            tracing::info!("mails are sent again");
        }
        return;
    };
    note(state, error);
    if !is_temporary || is_last {
        give_up(&delivery, state);
        return;
    }
    defer(delivery, state);
}

fn give_up(delivery: &Delivery, state: &State) {
    state.waiting().finish(delivery);
    state.dropped.add(1);
    tracing::warn!("a mail was given up");
}

/// Does as the attempt of a mail did.
async fn attempt_decoy(delivery: Delivery, record: AttemptRecord, state: &State) {
    let mut closing = state.closing.subscribe();
    tokio::select! {
        () = sleep(record.time) => {}
        _ = closing.wait_for(|closing| *closing) => return,
    }
    if record.is_temporary && !is_last_try(&delivery, state) {
        defer(delivery, state);
    }
}

fn defer(delivery: Delivery, state: &State) {
    let until = Instant::now() + state.pause(delivery.failures);
    let lossless = state.waiting().defer(delivery, until);
    if !lossless {
        state.count_displaced();
    }
}

/// What is wrong with one mail says nothing about the server.
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
