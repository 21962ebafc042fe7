//! The two services as they run: opened, listening, stopped.

mod events;
mod issuer;
mod keys;
mod place;
mod program_page;
mod rooms;
mod runner;
mod slot;
mod stored_params;
mod telemetry;

use anteroom_service::{Drained, ListenerSettings};
use anyhow::Context as _;
use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::events::{EventPlaces, Events};
pub(crate) use self::{
    issuer::{IssuerService, pseudonymizer},
    keys::{KeyKeeper, OpenServices},
    place::ServicePlace,
    rooms::RoomsService,
    runner::{Attempt, DatabaseFailure, Runner, Service},
    slot::ServiceRoutes,
    stored_params::FaultLog,
    telemetry::Telemetry,
};
use crate::settings::ListenAddress;

/// A listener that answers until it is told to stop.
pub(crate) struct Serving(JoinHandle<Drained>);

impl Serving {
    /// Starts to answer with the router.
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

/// Listens on an address, or on the first one of a host's name that can be listened on.
pub(crate) async fn bind(address: &ListenAddress) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address.parts())
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Without the sender there is nothing more to wait for.
    let _ = stopping.wait_for(|stop| *stop).await;
}
