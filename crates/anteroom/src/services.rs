//! The two services at run time: opening, listening, stopping.

mod events;
mod instance;
mod issuer;
mod keys;
mod place;
mod program_page;
mod purge_pause;
mod rooms;
mod runner;
mod slot;
mod stored_params;
mod telemetry;

use std::io::{self, ErrorKind};

use anteroom_service::{Drained, ListenerSettings};
use anyhow::anyhow;
use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::events::{EventPlaces, Events};
pub(crate) use self::{
    issuer::{IssuerService, check_hash_cost, pseudonymizer},
    keys::{KeyKeeper, OpenServices},
    place::ServicePlace,
    program_page::program_page,
    rooms::{RoomsService, check_room_settings, pseudonymizer as rooms_pseudonymizer},
    runner::{Attempt, DatabaseFailure, Runner, Service},
    slot::ServiceRoutes,
    stored_params::FaultLog,
    telemetry::Telemetry,
};
use crate::{failure::Failure, settings::ListenAddress};

/// The task of a listener, which serves until it is stopped.
pub(crate) struct Serving(JoinHandle<Drained>);

impl Serving {
    /// Starts to serve the router.
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        settings: impl Into<ListenerSettings>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self(tokio::spawn(anteroom_service::serve(
            listener,
            router,
            settings.into(),
            stopped(stopping),
        )))
    }

    /// Waits for the requests in flight.
    pub(crate) async fn drained(self) -> anyhow::Result<()> {
        if let Drained::Cut(requests) = self.0.await? {
            tracing::warn!(
                requests,
                "requests were cut off: they took too long to finish"
            );
        }
        Ok(())
    }
}

/// Listens on an address, or on the first one of a host's name that can be listened on. `setting` is
/// the one that names it.
pub(crate) async fn bind(
    address: &ListenAddress,
    setting: &'static str,
) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address.parts()).await;
    bound.map_err(|error| refused(address, setting, error).into())
}

fn refused(address: &ListenAddress, setting: &str, error: io::Error) -> Failure {
    let failure = Failure::new("listen_failed", format!("cannot listen on {address}"));
    let (host, port) = address.parts();
    let (why, next) = match error.kind() {
        ErrorKind::AddrInUse => (
            anyhow!("another program uses port {port}"),
            format!("Stop that program, or set {setting} to another port"),
        ),
        ErrorKind::PermissionDenied => (
            anyhow!("port {port} needs a privilege"),
            format!("Set {setting} to a port over 1023, or give the service CAP_NET_BIND_SERVICE"),
        ),
        ErrorKind::AddrNotAvailable => (
            anyhow!("this machine does not have the address {host}"),
            format!("Set {setting} to an address of this machine, or to 0.0.0.0:{port} for all"),
        ),
        _ => (
            anyhow::Error::from(error),
            format!("Set {setting} to an address that this machine can listen on"),
        ),
    };
    failure.because(why).next(next)
}

pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender was dropped, which stops the service too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
