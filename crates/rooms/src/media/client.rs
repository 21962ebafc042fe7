//! The HTTP client for media servers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use anteroom_call::DemuxId;
use anteroom_store::CallEra;
use http::StatusCode;
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use super::contract::{ClientAnswer, ClientRequest, Clients, ServerHealth};
use crate::MediaServer;

/// The maximum size of an answer, in bytes. No real answer is longer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The reason why an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server does not have the call.
    NoCall,
    /// The call accepts no more clients.
    Full,
    /// The connection failed, so that the server has not received the request.
    Unreached,
    /// The server refuses the client's parameters. The server itself is healthy.
    Refused,
    /// The answer did not come in time, or is malformed.
    Broken,
}

/// The maximum number of exchanges at the same time, each of which uses a descriptor. Further
/// exchanges wait for as long as their requests do.
const EXCHANGES: usize = 64;
/// The maximum number of exchanges with one server at the same time: a server that does not answer
/// leaves the rest to the others.
const EXCHANGES_PER_SERVER: usize = EXCHANGES / 2;
/// The number of idle connections that stay open to each server.
const IDLE_CONNECTIONS: usize = 4;

/// Returns the maximum number of connections to `servers` media servers: those of exchanges, and
/// for each server its idle ones and one for its health check.
#[must_use]
pub const fn media_connections(servers: usize) -> usize {
    servers
        .saturating_mul(IDLE_CONNECTIONS + 1)
        .saturating_add(EXCHANGES)
}

/// Sends requests to media servers.
#[derive(Clone, Debug)]
pub(crate) struct MediaClient {
    http: Client,
    turns: Arc<Semaphore>,
    /// The permits of each server with exchanges that run or wait.
    server_turns: Arc<Mutex<BTreeMap<MediaServer, Weak<Semaphore>>>>,
}

impl MediaClient {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Another thread may install a provider at the same moment. Either one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()
            .map(|http| Self {
                http,
                turns: Arc::new(Semaphore::new(EXCHANGES)),
                server_turns: Arc::default(),
            })
    }

    pub(crate) async fn health(&self, server: &MediaServer) -> Result<ServerHealth, Failure> {
        exchange(self.http.get(at(server, &["health"]))).await
    }

    /// Requests the members of the call. `user` sees the pending ones if the server knows this user
    /// as an admin of the call.
    pub(crate) async fn clients(
        &self,
        server: &MediaServer,
        era: CallEra,
        user: Option<&str>,
    ) -> Result<Clients, Failure> {
        let era = era.to_string();
        let mut request = self.http.get(at(server, &["v1", "call", &era, "clients"]));
        if let Some(user) = user {
            request = request.header("x-user-id", user);
        }
        self.exchange(server, request).await
    }

    pub(crate) async fn join(
        &self,
        server: &MediaServer,
        era: CallEra,
        demux_id: DemuxId,
        body: &ClientRequest<'_>,
    ) -> Result<ClientAnswer, Failure> {
        let (era, id) = (era.to_string(), demux_id.to_string());
        let url = at(server, &["v1", "call", &era, "client", &id]);
        self.exchange(server, self.http.post(url).json(body)).await
    }

    /// Sends a request once permits are free: first one of the server, then one of all servers, so
    /// that an exchange that waits for one server holds no permit of the others.
    async fn exchange<T: DeserializeOwned>(
        &self,
        server: &MediaServer,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let server_turns = self.turns_of(server);
        let turn = server_turns.acquire().await;
        let _server_turn = turn.map_err(|_| Failure::Unreached)?;
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|_| Failure::Unreached)?;
        exchange(request).await
    }

    fn turns_of(&self, server: &MediaServer) -> Arc<Semaphore> {
        let mut servers = self
            .server_turns
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        servers.retain(|_, turns| turns.strong_count() > 0);
        if let Some(turns) = servers.get(server).and_then(Weak::upgrade) {
            return turns;
        }
        let turns = Arc::new(Semaphore::new(EXCHANGES_PER_SERVER));
        servers.insert(server.clone(), Arc::downgrade(&turns));
        turns
    }
}

fn at(server: &MediaServer, path: &[&str]) -> Url {
    let mut url = server.url().clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

async fn exchange<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Failure> {
    let sent = request.send().await;
    let mut response = sent.map_err(|error| match error.is_connect() {
        true => Failure::Unreached,
        false => Failure::Broken,
    })?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(Failure::NoCall),
        StatusCode::PAYLOAD_TOO_LARGE => return Err(Failure::Full),
        status if status.is_client_error() => return Err(Failure::Refused),
        _ => return Err(Failure::Broken),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Broken)? {
        if body.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
            return Err(Failure::Broken);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| Failure::Broken)
}

#[cfg(test)]
mod tests {
    use anteroom_testkit::FakeMediaServer;
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;

    /// A timeout that is longer than the test.
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_server_that_does_not_answer_leaves_the_others_their_exchanges() {
        let client = MediaClient::new(LONG).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let hanging = MediaServer::parse(&url).unwrap();
        let mut exchanges = JoinSet::new();
        for _ in 0..EXCHANGES {
            let (client, hanging) = (client.clone(), hanging.clone());
            exchanges.spawn(async move { client.clients(&hanging, era(), None).await.err() });
        }
        let mut connections = Vec::new();
        for _ in 0..EXCHANGES_PER_SERVER {
            connections.push(listener.accept().await.unwrap());
        }

        let server = FakeMediaServer::start().await;
        let healthy = MediaServer::parse(server.url()).unwrap();
        tokio::select! {
            answer = client.clients(&healthy, era(), None) => {
                assert_eq!(answer.err(), Some(Failure::NoCall));
            }
            ended = exchanges.join_next() => unreachable!("{ended:?}"),
            more = listener.accept() => unreachable!("{more:?}"),
        }

        // All permits are free again, and no state remains of a server without exchanges.
        exchanges.shutdown().await;
        assert_eq!(client.turns.available_permits(), EXCHANGES);
        drop(client.turns_of(&healthy));
        assert_eq!(client.server_turns.lock().unwrap().len(), 1);
    }

    fn era() -> CallEra {
        CallEra::from_bytes([7; 16])
    }
}
