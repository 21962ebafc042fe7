//! The pool of media servers: the health of each, and the choice for a new call.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anteroom_http_client::HttpClientError;
use anteroom_protocol::{EraId, Timestamp};
use anteroom_runtime::{Dependency, DependencyState, Health};
use anteroom_store::CallRecord;
use async_trait::async_trait;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use super::{client::MediaClient, contract::ServerHealth};
use crate::{CleanerSettings, ExternalMediaServer, SfuSettings};

/// The media servers of this service. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct ExternalMediaPool {
    pub(crate) client: MediaClient,
    pub(crate) starting_eras: StartingEras,
    servers: Arc<[Server]>,
    state: Arc<DependencyState>,
    health_interval: Duration,
    cleaner: CleanerSettings,
}

#[derive(Debug)]
struct Server {
    name: ExternalMediaServer,
    /// The load that a healthy server last reported, plus the calls assigned to it since.
    load: Mutex<Option<ServerHealth>>,
}

impl ExternalMediaPool {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(crate) fn new(
        settings: &SfuSettings,
        cleaner: CleanerSettings,
    ) -> Result<Self, HttpClientError> {
        let servers = settings.servers.iter().map(|name| Server {
            name: name.clone(),
            load: Mutex::new(None),
        });
        Ok(Self {
            client: MediaClient::new(settings.timeout, &settings.servers)?,
            starting_eras: StartingEras::default(),
            servers: servers.collect(),
            state: Arc::default(),
            health_interval: settings.health_interval,
            cleaner,
        })
    }

    /// Returns the end of the lease of a call. The cleaner renews it earlier.
    pub(crate) fn lease_end(&self, now: Timestamp) -> Timestamp {
        /// Allows some rounds to fail.
        const ROUNDS: u64 = 4;
        let round = self.cleaner.interval.as_secs() + self.cleaner.jitter.as_secs();
        now.plus(round.saturating_mul(ROUNDS).max(60))
    }

    /// Returns the server of the call, even if the pool no longer has it.
    pub(crate) fn server_of(&self, call: &CallRecord) -> Option<ExternalMediaServer> {
        ExternalMediaServer::parse(call.media.as_ref()?.as_str())
    }

    /// Returns the healthy server with the most room that is not among `tried`, and counts one more
    /// call for it.
    pub(crate) fn choose(&self, tried: &[ExternalMediaServer]) -> Option<ExternalMediaServer> {
        let candidates = self
            .servers
            .iter()
            .filter(|server| !tried.contains(&server.name));
        let (_, best) = candidates
            .filter_map(|server| Some((server.load.lock().map(|load| load.rank())?, server)))
            .min_by_key(|(rank, _)| *rank)?;
        if let Some(load) = &mut *best.load.lock() {
            load.call_count = load.call_count.saturating_add(1);
            load.client_count = load.client_count.saturating_add(1);
        }
        Some(best.name.clone())
    }

    /// Marks a server as unhealthy until its next successful health check.
    pub(crate) fn mark_suspect(&self, name: &ExternalMediaServer) {
        if let Some(server) = self.servers.iter().find(|server| server.name == *name) {
            server.note(None);
            self.state.failed();
        }
    }

    /// Requests the health of all servers periodically until it is dropped.
    pub(crate) async fn watch(&self) {
        let mut checks = interval(self.health_interval);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            checks.tick().await;
            self.check_servers().await;
        }
    }

    /// Requests the health of all servers at the same time.
    pub(crate) async fn check_servers(&self) {
        let checks = self.servers.iter().map(|server| async {
            server.note(self.client.health(&server.name).await.ok());
        });
        join_all(checks).await;
        if self.healthy() == self.servers.len() {
            self.state.succeeded();
        } else {
            self.state.failed();
        }
    }

    fn healthy(&self) -> usize {
        let healthy = self
            .servers
            .iter()
            .filter(|server| server.load.lock().is_some());
        healthy.count()
    }
}

impl Server {
    fn note(&self, load: Option<ServerHealth>) {
        let before = std::mem::replace(&mut *self.load.lock(), load);
        if before.is_some() != load.is_some() {
            let server = self.name.as_str();
            let healthy = load.is_some();
            tracing::info!(parent: None, server, healthy, "a media server has changed");
        }
    }
}

/// The eras whose record is written and whose first client is being announced to the media server.
///
/// Until the announcement is complete the server reports that it has no such call. The record is
/// not removed for that.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartingEras(Arc<Mutex<HashSet<EraId>>>);

/// A guard. The era counts as starting until it is dropped.
#[derive(Debug)]
pub(crate) struct StartingEraGuard {
    starting: StartingEras,
    era: EraId,
}

impl StartingEras {
    pub(crate) fn begin(&self, era: EraId) -> StartingEraGuard {
        self.0.lock().insert(era);
        StartingEraGuard {
            starting: self.clone(),
            era,
        }
    }

    pub(crate) fn contains(&self, era: EraId) -> bool {
        self.0.lock().contains(&era)
    }
}

impl Drop for StartingEraGuard {
    fn drop(&mut self) {
        self.starting.0.lock().remove(&self.era);
    }
}

#[async_trait]
impl Dependency for ExternalMediaPool {
    fn name(&self) -> &'static str {
        "media-servers"
    }

    /// Links are served without media servers.
    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match self.healthy() {
            0 => Health::Failing,
            healthy if healthy < self.servers.len() => Health::Degraded,
            _ => Health::Ok,
        }
    }

    /// Reports the state of the servers, which fails while any of them does.
    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(n: u8) -> ExternalMediaServer {
        ExternalMediaServer::parse(&format!("http://10.0.0.{n}:9090")).unwrap()
    }

    fn pool(loads: &[Option<(u64, f64)>]) -> ExternalMediaPool {
        let servers = (1..).zip(loads).map(|(n, _)| server(n)).collect();
        let settings = SfuSettings::of_servers(servers);
        let pool = ExternalMediaPool::new(&settings, CleanerSettings::default()).unwrap();
        for (server, load) in pool.servers.iter().zip(loads) {
            server.note(load.map(|(client_count, cpu_idle_pct)| ServerHealth {
                client_count,
                cpu_idle_pct,
                call_count: 0,
            }));
        }
        pool
    }

    #[test]
    fn the_least_loaded_healthy_server_is_chosen() {
        for (loads, expected) in [
            (&[Some((5, 90.0)), Some((4, 50.0))][..], Some(server(2))),
            (&[Some((5, 90.0)), Some((4, 5.0))], Some(server(1))),
            (&[None, Some((400, 50.0))], Some(server(2))),
            (&[Some((5, 1.0)), None], Some(server(1))),
            (&[None, None], None),
            (&[], None),
        ] {
            assert_eq!(pool(loads).choose(&[]), expected, "{loads:?}");
        }
    }

    #[test]
    fn between_two_looks_new_calls_are_spread() {
        let pool = pool(&[Some((0, 90.0)), Some((0, 90.0))]);
        let first = pool.choose(&[]).unwrap();
        assert_ne!(pool.choose(&[]), Some(first));
    }

    #[test]
    fn a_server_that_failed_or_was_tried_is_not_chosen() {
        let pool = pool(&[Some((0, 90.0)), Some((9, 90.0))]);
        assert_eq!(pool.choose(&[server(1)]), Some(server(2)));
        pool.mark_suspect(&server(1));
        assert_eq!(pool.choose(&[]), Some(server(2)));
        assert_eq!(pool.choose(&[server(2)]), None);
    }
}
