//! The pool of media servers: the health of each, and the choice for a new call.

use std::sync::Arc;

use anteroom_http_client::HttpClientError;
use anteroom_runtime::{Dependency, DependencyState, Health};
use anteroom_store::CallRecord;
use async_trait::async_trait;
use futures::{StreamExt as _, stream::FuturesUnordered};
use parking_lot::Mutex;

use super::client::{MediaClient, MediaError};
use crate::{MediaServer, SfuSettings};

/// The media servers of this service. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct MediaPool {
    client: MediaClient,
    servers: Arc<[Server]>,
    state: Arc<DependencyState>,
}

#[derive(Debug)]
struct Server {
    name: MediaServer,
    load: Mutex<Option<Load>>,
}

/// The load that a healthy server last reported, plus the calls assigned to it since.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    clients: u64,
    cpu_idle_percent: f64,
    calls: u64,
}

impl Load {
    /// Returns the sort key, of which the smallest is the best: servers with idle time first, then
    /// by clients, then by calls.
    fn rank(&self) -> (bool, u64, u64) {
        const BUSY: f64 = 10.0;
        (self.cpu_idle_percent < BUSY, self.clients, self.calls)
    }
}

impl MediaPool {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(crate) fn new(settings: &SfuSettings) -> Result<Self, HttpClientError> {
        let servers = settings.servers.iter().map(|name| Server {
            name: name.clone(),
            load: Mutex::new(None),
        });
        Ok(Self {
            client: MediaClient::new(settings.timeout, &settings.servers)?,
            servers: servers.collect(),
            state: Arc::default(),
        })
    }

    pub(crate) const fn client(&self) -> &MediaClient {
        &self.client
    }

    /// Returns the server of the call, even if the pool no longer has it.
    pub(crate) fn server_of(&self, call: &CallRecord) -> Option<MediaServer> {
        MediaServer::parse(call.media.as_ref()?.as_str())
    }

    /// Returns the healthy server with the most room that is not among `tried`, and counts one more
    /// call for it.
    pub(crate) fn choose(&self, tried: &[MediaServer]) -> Option<MediaServer> {
        let candidates = self
            .servers
            .iter()
            .filter(|server| !tried.contains(&server.name));
        let (_, best) = candidates
            .filter_map(|server| Some((server.load.lock().map(|load| load.rank())?, server)))
            .min_by_key(|(rank, _)| *rank)?;
        if let Some(load) = &mut *best.load.lock() {
            load.calls = load.calls.saturating_add(1);
            load.clients = load.clients.saturating_add(1);
        }
        Some(best.name.clone())
    }

    /// Marks a server as unhealthy until its next successful health check.
    pub(crate) fn mark_suspect(&self, name: &MediaServer) {
        if let Some(server) = self.servers.iter().find(|server| server.name == *name) {
            server.note(None);
            self.state.failed();
        }
    }

    /// Requests the health of all servers at the same time.
    pub(crate) async fn look(&self) {
        let mut asked: FuturesUnordered<_> = self
            .servers
            .iter()
            .map(|server| async move { server.note(self.ask(server).await.ok()) })
            .collect();
        while asked.next().await.is_some() {}
        if self.healthy() == self.servers.len() {
            self.state.succeeded();
        } else {
            self.state.failed();
        }
    }

    async fn ask(&self, server: &Server) -> Result<Load, MediaError> {
        let health = self.client.health(&server.name).await?;
        Ok(Load {
            clients: health.client_count,
            cpu_idle_percent: health.cpu_idle_pct,
            calls: health.call_count,
        })
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
    fn note(&self, load: Option<Load>) {
        let before = std::mem::replace(&mut *self.load.lock(), load);
        if before.is_some() != load.is_some() {
            let server = self.name.as_str();
            let healthy = load.is_some();
            tracing::info!(parent: None, server, healthy, "a media server has changed");
        }
    }
}

#[async_trait]
impl Dependency for MediaPool {
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

    fn server(n: u8) -> MediaServer {
        MediaServer::parse(&format!("http://10.0.0.{n}:9090")).unwrap()
    }

    fn pool(loads: &[Option<(u64, f64)>]) -> MediaPool {
        let servers = (1..).zip(loads).map(|(n, _)| server(n)).collect();
        let pool = MediaPool::new(&SfuSettings::of_servers(servers)).unwrap();
        for (server, load) in pool.servers.iter().zip(loads) {
            server.note(load.map(|(clients, cpu_idle_percent)| Load {
                clients,
                cpu_idle_percent,
                calls: 0,
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
