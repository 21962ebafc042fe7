//! The changes of the link beside the call, one at a time.

use std::{sync::Arc, time::Duration};

use anteroom_client_core::call::connection::{RECONNECT_FOR, ReconnectDelays, may_pass};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    CallEvent, JoinOptions, LinkChange, RoomsClient, RoomsError, System, TransportFailure,
};

/// The maximum time for which the end of a call waits for a change.
const LAST_CHANGE: Duration = Duration::from_secs(5);

/// Publishes the changes of the link. The room service stores a policy unread, so that one that is older must not
/// come later: a change begins after the end of the one before, and a newer one takes the place of one that waits.
pub(super) struct LinkPublisher {
    changes: watch::Sender<Option<LinkChange>>,
    task: JoinHandle<()>,
}

impl LinkPublisher {
    /// Starts to publish. Errors become events as long as the session lasts.
    pub(super) fn start(
        client: RoomsClient,
        options: JoinOptions,
        system: Arc<dyn System>,
        events: mpsc::WeakSender<CallEvent>,
    ) -> Self {
        let (changes, next) = watch::channel(None);
        let task = tokio::spawn(async move {
            let publication = Publication {
                client,
                options,
                system,
            };
            publication.run(next, &events).await;
        });
        Self { changes, task }
    }

    pub(super) fn publish(&self, change: LinkChange) {
        self.changes.send_replace(Some(change));
    }

    /// Waits for the last change, but not for long.
    pub(super) async fn finish(self, events: &mpsc::Sender<CallEvent>) {
        let Self { changes, mut task } = self;
        drop(changes);
        if timeout(LAST_CHANGE, &mut task).await.is_err() {
            task.abort();
            tell(events, TransportFailure::TimedOut.into()).await;
        }
    }
}

struct Publication {
    client: RoomsClient,
    options: JoinOptions,
    system: Arc<dyn System>,
}

impl Publication {
    async fn run(
        self,
        mut changes: watch::Receiver<Option<LinkChange>>,
        events: &mpsc::WeakSender<CallEvent>,
    ) {
        let mut rng = self.system.rng();
        while changes.changed().await.is_ok() {
            let mut delays = ReconnectDelays::default();
            let deadline = Instant::now() + RECONNECT_FOR;
            let change = changes.borrow_and_update().clone();
            let Some(change) = change else { continue };
            while let Err(error) = self.publish(&change).await {
                if !may_pass(&error) || Instant::now() >= deadline {
                    if let Some(events) = events.upgrade() {
                        tell(&events, error).await;
                    }
                    break;
                }
                sleep(delays.draw(&mut *rng)).await;
                // The newer change is made instead.
                if changes.has_changed().unwrap_or(false) {
                    break;
                }
            }
        }
    }

    async fn publish(&self, change: &LinkChange) -> Result<(), RoomsError> {
        let Some(passkey) = &self.options.passkey else {
            return Ok(());
        };
        let (room, pass) = (&self.options.room, &self.options.pass);
        let mut rng = self.system.rng();
        let updated = self.client.update(room, pass, passkey, change, &mut *rng);
        updated.await.map(drop)
    }
}

async fn tell(events: &mpsc::Sender<CallEvent>, error: RoomsError) {
    // Sending fails if the session was dropped.
    let _ = events.send(CallEvent::PolicyNotKept(error)).await;
}
