//! Signals that end a service or a stay in a call.

use std::future;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, SIGINT and, for a participant, SIGHUP. Once listened to, none ends the process by
/// itself.
pub(crate) struct Shutdown {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl Shutdown {
    /// Listens on behalf of a service. SIGHUP asks it to reload, from the first moment on: one that
    /// comes during the start does not end the process.
    pub(crate) fn of_service() -> anyhow::Result<Self> {
        drop(listen(SignalKind::hangup())?);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: None,
        })
    }

    /// Listens on behalf of a participant. SIGHUP says that the terminal is gone, and ends the stay.
    pub(crate) fn of_participant() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: Some(listen(SignalKind::hangup())?),
        })
    }

    /// Returns at the first signal, with its name.
    pub(crate) async fn requested(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = hangup => "SIGHUP",
        }
    }
}

fn listen(kind: SignalKind) -> anyhow::Result<Signal> {
    signal(kind).context("signals cannot be received")
}
