//! A second writer of a spool: a process that does not send.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use anteroom_runtime::{Clock, Count, Event, EventSink};

use crate::{
    WebhookError,
    spool::{PushOutcome, Spool},
};

/// Writes events into the folder of a [`WebhookSink`](crate::WebhookSink), which sends them: within
/// seconds if it runs, else after its next start. Each event is on the disk when the call returns.
pub struct SpoolWriter {
    spool: Spool,
    clock: Arc<dyn Clock>,
    dropped: Count,
}

impl SpoolWriter {
    /// Opens the folder, in which at most `capacity` events wait.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(
        folder: PathBuf,
        capacity: NonZeroUsize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        Ok(Self {
            spool: Spool::join(folder, capacity).map_err(WebhookError::Spool)?,
            clock,
            dropped: Count::default(),
        })
    }

    /// Returns the number of lost events: they could not be written, or too many waited.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.number()
    }
}

impl EventSink for SpoolWriter {
    fn emit(&self, event: Event) {
        match self.spool.push(&event.to_line(), &*self.clock) {
            Ok(PushOutcome::Stored) => {}
            Ok(PushOutcome::Full) => self.dropped.add(1),
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), "an event was not written");
                self.dropped.add(1);
            }
        }
    }
}
