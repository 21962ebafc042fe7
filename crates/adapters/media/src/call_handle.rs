//! The handle of a call's media.

use std::sync::Arc;

use anteroom_protocol::{DemuxId, OpaqueUserId, media::ViewRequest};
use anteroom_sfu::{
    input::{MuteOrder, MuteTarget},
    source::{PerSource, Source},
};
use tokio::sync::oneshot;

use crate::{
    call_port::CallPort,
    command::{Command, TooMany},
    event::MediaEvent,
};

/// The media of a call. No method waits for the thread of the call. When the handle is dropped, the media end.
pub struct CallHandle(Arc<CallPort>);

/// The events of a call's media.
pub struct CallEvents(Arc<CallPort>);

/// The request is not taken: too many of its kind wait for the thread of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many requests of this kind wait: the media server has too much to do, so try again later"
)]
pub struct BusyError;

impl From<TooMany> for BusyError {
    fn from(TooMany: TooMany) -> Self {
        Self
    }
}

/// The end of something: after it no packet more travels.
#[must_use = "packets may travel until it is awaited"]
pub struct Receipt(oneshot::Receiver<()>);

impl Receipt {
    /// Waits for the end. A thread that has gone has ended everything, too.
    pub async fn done(self) {
        let _gone = self.0.await;
    }

    /// Waits for the end, on a thread that may be blocked.
    pub fn wait(self) {
        let _gone = self.0.blocking_recv();
    }
}

impl CallHandle {
    /// Creates the handle of a call, and its events.
    pub(crate) fn new(port: Arc<CallPort>) -> (Self, CallEvents) {
        let events = CallEvents(Arc::clone(&port));
        (Self(port), events)
    }

    /// Makes a device active: it may connect.
    pub fn activate(&self, device: DemuxId, user: OpaqueUserId) {
        self.push_unbounded(Command::Activate { device, user });
    }

    /// Ends everything of a device: it left, was removed or blocked, or lost its seat.
    pub fn remove(&self, device: DemuxId) -> Receipt {
        let (done, receipt) = oneshot::channel();
        let done = Some(done);
        self.push_unbounded(Command::Deactivate { device, done });
        Receipt(receipt)
    }

    /// Passes the offer of a device on. The answer is an event.
    ///
    /// # Errors
    /// Too many of its offers wait.
    pub fn offer(&self, device: DemuxId, session: u64, offer: String) -> Result<(), BusyError> {
        let command = Command::Offer {
            device,
            session,
            offer,
        };
        Ok(self.0.push(command)?)
    }

    /// Says what a device wants to see and hear where.
    pub fn view(&self, device: DemuxId, view: ViewRequest) {
        self.push_unbounded(Command::View { device, view });
    }

    /// Says what a device sends.
    pub fn publish(&self, device: DemuxId, sources: PerSource<bool>) {
        self.push_unbounded(Command::Publish { device, sources });
    }

    /// Gives an order of an admin about what others send.
    ///
    /// # Errors
    /// Too many orders wait.
    pub fn mute(
        &self,
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), BusyError> {
        let command = Command::Mute {
            by,
            target,
            source,
            order,
        };
        Ok(self.0.push(command)?)
    }

    /// Ends the media of the call.
    pub fn close(self) -> Receipt {
        let (done, receipt) = oneshot::channel();
        self.0.close(Some(done));
        Receipt(receipt)
    }

    /// Gives a command whose kind the queue bounds otherwise.
    fn push_unbounded(&self, command: Command) {
        let _always_taken = self.0.push(command);
    }
}

impl Drop for CallHandle {
    fn drop(&mut self) {
        self.0.close(None);
    }
}

impl CallEvents {
    /// Returns the next event. `None`: the media of the call have ended.
    pub async fn next(&mut self) -> Option<MediaEvent> {
        self.0.events.next().await
    }
}
