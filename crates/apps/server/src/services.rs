//! The two services at run time: opening, listening, stopping.

mod events;
mod instance;
mod issuer;
mod keys;
mod purge_pause;
mod rooms;
mod router_slot;
mod runner;
mod stored_params;

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    num::NonZeroUsize,
    sync::Arc,
};

use anteroom_console::failure::Failure;
use anteroom_http_server::{DrainOutcome, ListenerSettings};
use anteroom_runtime::{LocalLimiter, RateLimiter, spawn_task};
use anyhow::anyhow;
use axum::Router;
use tokio::{
    net::{TcpListener, lookup_host},
    sync::watch,
    task::JoinHandle,
};

use self::events::EventSinks;
pub use self::{
    events::{EventOutputs, Telemetry},
    issuer::{OpenIssuer, check_hash_cost, pseudonymizer},
    keys::{KeyMaintenance, OpenServices},
    rooms::{
        GET_PARAMS, NO_PARAMS, OpenRooms, check_room_settings,
        pseudonymizer as rooms_pseudonymizer, require_params,
    },
    router_slot::ServiceRoutes,
    runner::{Attempt, DatabaseFailure, HostedService, Runner, ServiceContext},
    stored_params::FaultLog,
};

use crate::settings::ListenAddress;

/// The task of a listener, which serves until it is stopped.
pub struct ListenerTask(JoinHandle<DrainOutcome>);

impl ListenerTask {
    /// Starts to serve the router.
    pub fn start(
        listener: TcpListener,
        router: Router,
        settings: impl Into<ListenerSettings>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let serving =
            anteroom_http_server::serve(listener, router, settings.into(), stopped(stopping));
        Self(spawn_task("listener", serving))
    }

    /// Waits for the requests in flight.
    pub async fn drained(self) -> anyhow::Result<()> {
        if let DrainOutcome::Cut(requests) = self.0.await? {
            tracing::warn!(
                requests,
                "requests were cut off: they took too long to finish"
            );
        }
        Ok(())
    }
}

/// The addresses that this process listens on, with the settings that name them.
#[derive(Default)]
pub struct OwnAddresses(Vec<(&'static str, SocketAddr)>);

impl OwnAddresses {
    /// Listens on an address, or on the first one of a host's name that can be listened on. `setting`
    /// is the one that names it.
    pub async fn bind(
        &mut self,
        address: &ListenAddress,
        setting: &'static str,
    ) -> Result<TcpListener, Failure> {
        let bound = async {
            let listener = TcpListener::bind(address.parts()).await?;
            self.0.push((setting, listener.local_addr()?));
            io::Result::Ok(listener)
        };
        match bound.await {
            Ok(listener) => Ok(listener),
            Err(error) => {
                let other = self.setting_of(address).await;
                Err(refused(address, setting, other, error))
            }
        }
    }

    /// The setting whose listener has this address already.
    async fn setting_of(&self, address: &ListenAddress) -> Option<&'static str> {
        let mut wanted = lookup_host(address.parts()).await.ok()?;
        wanted.find_map(|wanted| self.setting_at(wanted))
    }

    /// The setting whose listener has this address already.
    pub fn setting_at(&self, wanted: SocketAddr) -> Option<&'static str> {
        let meets = |one: &SocketAddr, other: &SocketAddr| {
            let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
            one.port() == other.port() && (is_any || one.ip() == other.ip())
        };
        let mut own = self.0.iter();
        let found = own.find(|(_, taken)| meets(&wanted, taken));
        found.map(|(setting, _)| *setting)
    }
}

/// `other` is the setting of a listener of this process at the same address.
fn refused(
    address: &ListenAddress,
    setting: &str,
    other: Option<&str>,
    error: io::Error,
) -> Failure {
    let failure = Failure::new("listen_failed", format!("cannot listen on {address}"));
    let (host, port) = address.parts();
    let (why, next) = match (error.kind(), other) {
        (ErrorKind::AddrInUse, Some(other)) => (
            anyhow!("{other} and {setting} name the same port {port}"),
            format!("Set {other} or {setting} to another port"),
        ),
        (ErrorKind::AddrInUse, None) => (
            anyhow!("another program uses port {port}"),
            format!("Stop that program, or set {setting} to another port"),
        ),
        (ErrorKind::PermissionDenied, _) => (
            anyhow!("port {port} needs a privilege"),
            format!("Set {setting} to a port over 1023, or give the service CAP_NET_BIND_SERVICE"),
        ),
        (ErrorKind::AddrNotAvailable, _) => (
            anyhow!("this machine does not have the address {host}"),
            format!("Set {setting} to an address of this machine, or to 0.0.0.0:{port} for all"),
        ),
        _ => (
            anyhow::Error::from(error),
            format!("Set {setting} to an address that this machine can listen on"),
        ),
    };
    failure.with_reason(why).next(next)
}

/// Opens the rate limits of a service.
fn open_limits() -> Arc<dyn RateLimiter> {
    // The maximum number of accounts, addresses or users whose limits are stored: 100 to 300 bytes each.
    const LIMITED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
    Arc::new(LocalLimiter::new(LIMITED))
}

/// Waits until the services are told to stop.
pub async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender was dropped, which stops the service too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
