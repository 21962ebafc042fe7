//! A bounded queue in front of a [`Mailer`].
//!
//! A request only ever puts a mail into the queue: whether there is one, and how the mail server
//! feels, does not show in the time of an answer. When the queue is full, what comes last is dropped
//! and counted.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_service::{Count, Dependency, DependencyState, Health, Metrics};
use async_trait::async_trait;
use tokio::{
    sync::{
        mpsc::{Receiver, Sender, channel},
        watch,
    },
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::{Mail, MailError, Mailer};

/// How a [`MailQueue`] goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailQueueSettings {
    /// How many mails may wait.
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
    running: Mutex<Option<Running>>,
    closing: watch::Sender<bool>,
    state: Arc<State>,
}

struct Running {
    sender: Sender<Mail>,
    task: JoinHandle<()>,
}

struct State {
    mailer: Arc<dyn Mailer>,
    settings: MailQueueSettings,
    /// Mails in the queue or on their way.
    open: AtomicU64,
    dependency: DependencyState,
    sent: Count,
    dropped: Count,
}

impl MailQueue {
    /// Starts the task that sends with this mailer.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(mailer: Arc<dyn Mailer>, settings: MailQueueSettings, metrics: &Metrics) -> Self {
        let (sender, receiver) = channel(settings.capacity.get());
        let closing = watch::Sender::new(false);
        let state = Arc::new(State {
            mailer,
            settings,
            open: AtomicU64::new(0),
            dependency: DependencyState::default(),
            sent: metrics.count("mails_sent", "Mails that the mail server took"),
            dropped: metrics.count(
                "mails_dropped",
                "Mails that were lost: refused, tried too often, or one too many in the queue",
            ),
        });
        let task = tokio::spawn(send_all(receiver, Arc::clone(&state), closing.subscribe()));
        Self {
            running: Mutex::new(Some(Running { sender, task })),
            closing,
            state,
        }
    }

    /// Puts a mail into the queue. Never waits and never fails: a mail that finds no place, or comes
    /// after the end, is dropped and counted.
    pub fn send(&self, mail: Mail) {
        self.state.open.fetch_add(1, Ordering::AcqRel);
        let queued = match &*self.lock() {
            Some(running) => running.sender.try_send(mail).is_ok(),
            None => false,
        };
        if !queued {
            self.state.open.fetch_sub(1, Ordering::AcqRel);
            self.state.dropped.add(1);
            tracing::warn!("a mail was dropped: too many are waiting");
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
        let running = self.lock().take();
        let Some(Running { sender, mut task }) = running else {
            return;
        };
        self.closing.send_replace(true);
        drop(sender);
        if timeout(patience, &mut task).await.is_err() {
            task.abort();
            // Aborted, or just done.
            let _ = task.await;
            self.state
                .dropped
                .add(self.state.open.load(Ordering::Acquire));
        }
        let dropped = self.dropped();
        if dropped > 0 {
            tracing::warn!(dropped, "mails were dropped");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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

async fn send_all(mut receiver: Receiver<Mail>, state: Arc<State>, closing: watch::Receiver<bool>) {
    let mut deliveries = JoinSet::new();
    while let Some(mail) = receiver.recv().await {
        deliveries.spawn(deliver(mail, Arc::clone(&state), closing.clone()));
        while deliveries.len() >= state.settings.at_once.get() {
            deliveries.join_next().await;
        }
    }
    while deliveries.join_next().await.is_some() {}
}

/// Tries until the mail is sent, or cannot be, or was tried often enough.
async fn deliver(mail: Mail, state: Arc<State>, mut closing: watch::Receiver<bool>) {
    let settings = &state.settings;
    let mut pause = settings.first_pause;
    let mut attempts_left = settings.attempts.get();
    loop {
        let last_call = *closing.borrow();
        attempts_left -= 1;
        let Err(error) = state.mailer.send(&mail).await else {
            state.sent.add(1);
            if state.dependency.succeeded() {
                tracing::info!("mails are sent again");
            }
            break;
        };
        note(&state, error);
        if !error.is_temporary() || last_call || attempts_left == 0 {
            state.dropped.add(1);
            tracing::warn!("a mail was given up");
            break;
        }
        tokio::select! {
            () = sleep(pause) => {}
            // The last try comes at once.
            _ = closing.wait_for(|closing| *closing) => {}
        }
        pause = pause.saturating_mul(4).min(settings.longest_pause);
    }
    state.open.fetch_sub(1, Ordering::AcqRel);
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
