//! Signals that end a service or a session in a call.

use std::future;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop the process: SIGTERM, SIGINT and, for a participant, SIGHUP. Listening to a signal
/// disables its default action.
pub struct Shutdown {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl Shutdown {
    /// Listens for a service. SIGHUP triggers a reload, and must not end the process during the start either.
    pub fn of_service() -> anyhow::Result<Self> {
        drop(listen(SignalKind::hangup())?);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: None,
        })
    }

    /// Listens for a participant. SIGHUP means that the terminal is gone, and ends the participation.
    pub fn of_participant() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: Some(listen(SignalKind::hangup())?),
        })
    }

    /// Returns at the first signal, with its name.
    pub async fn requested(&mut self) -> &'static str {
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
