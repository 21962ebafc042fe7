//! The HTTP client for media servers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anteroom_http_client::{
    ExchangeError, HttpClient, HttpClientError, HttpClientOptions, Request,
};
use anteroom_protocol::{DemuxId, EraId};
use http::{HeaderName, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::contract::{ClientAnswer, ClientRequest, Clients, ServerHealth};
use crate::{ExternalMediaServer, domain::node::url_below};

/// The maximum size of an answer, in bytes. No real answer is longer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

const X_USER_ID: HeaderName = HeaderName::from_static("x-user-id");

/// The reason why an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaError {
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

/// The maximum number of exchanges at the same time with few servers; each uses a descriptor. Each
/// server has a share, which is one exchange with more servers than this. Further exchanges wait
/// for as long as their requests do.
const EXCHANGES: usize = 64;
/// The number of idle connections that stay open to each server.
const IDLE_CONNECTIONS: usize = 4;

/// Returns the maximum number of connections to `servers` media servers: those of exchanges, and
/// for each server its idle ones and one for its health check.
#[must_use]
pub const fn external_media_connections(servers: usize) -> usize {
    let shares = shares(servers);
    let exchanges = if shares > EXCHANGES {
        shares
    } else {
        EXCHANGES
    };
    servers
        .saturating_mul(IDLE_CONNECTIONS + 1)
        .saturating_add(exchanges)
}

/// One for each server of the settings, and one for all others together, which calls of earlier
/// settings may be on.
const fn shares(servers: usize) -> usize {
    servers.saturating_add(1)
}

/// Exchanges with one server at a time: servers that do not answer, however many they are, leave the
/// others theirs.
const fn share(servers: usize) -> usize {
    let share = EXCHANGES / shares(servers);
    if share == 0 { 1 } else { share }
}

/// Sends requests to media servers.
#[derive(Clone, Debug)]
pub(crate) struct MediaClient {
    http: HttpClient,
    permits: Arc<BTreeMap<ExternalMediaServer, Semaphore>>,
    /// The permits of servers that are no longer in the settings.
    other_permits: Arc<Semaphore>,
}

impl MediaClient {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub(crate) fn new(
        timeout: Duration,
        servers: &[ExternalMediaServer],
    ) -> Result<Self, HttpClientError> {
        let http = HttpClient::new(HttpClientOptions {
            proxy: false,
            idle_connections: IDLE_CONNECTIONS,
            ..HttpClientOptions::new(timeout)
        })?;
        let permits = || Semaphore::new(share(servers.len()));
        let of_servers = servers.iter().map(|server| (server.clone(), permits()));
        Ok(Self {
            http,
            permits: Arc::new(of_servers.collect()),
            other_permits: Arc::new(permits()),
        })
    }

    pub(crate) async fn health(
        &self,
        server: &ExternalMediaServer,
    ) -> Result<ServerHealth, MediaError> {
        exchange(self.http.get(url_below(server.url(), &["health"]))).await
    }

    /// Requests the members of the call. `user` sees the pending ones if the server knows this user
    /// as an admin of the call.
    pub(crate) async fn clients(
        &self,
        server: &ExternalMediaServer,
        era: EraId,
        user: Option<&str>,
    ) -> Result<Clients, MediaError> {
        let era = era.to_string();
        let mut request = self
            .http
            .get(url_below(server.url(), &["v1", "call", &era, "clients"]));
        if let Some(user) = user {
            request = request.header(X_USER_ID, user);
        }
        self.exchange(server, request).await
    }

    pub(crate) async fn join(
        &self,
        server: &ExternalMediaServer,
        era: EraId,
        demux_id: DemuxId,
        body: &ClientRequest<'_>,
    ) -> Result<ClientAnswer, MediaError> {
        let (era, id) = (era.to_string(), demux_id.to_string());
        let url = url_below(server.url(), &["v1", "call", &era, "client", &id]);
        self.exchange(server, self.http.post(url).json(body)).await
    }

    /// Sends a request once the share of the server has room.
    async fn exchange<T: DeserializeOwned>(
        &self,
        server: &ExternalMediaServer,
        request: Request,
    ) -> Result<T, MediaError> {
        let permits = self.permits.get(server).unwrap_or(&self.other_permits);
        let permit = permits.acquire().await;
        let _permit = permit.map_err(|_| MediaError::Unreached)?;
        exchange(request).await
    }
}

async fn exchange<T: DeserializeOwned>(request: Request) -> Result<T, MediaError> {
    let response = request.send().await.map_err(|error| match error {
        ExchangeError::Unreachable { .. } => MediaError::Unreached,
        ExchangeError::TimedOut | ExchangeError::BrokenOff | ExchangeError::TooLong => {
            MediaError::Broken
        }
    })?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(MediaError::NoCall),
        StatusCode::PAYLOAD_TOO_LARGE => return Err(MediaError::Full),
        status if status.is_client_error() => return Err(MediaError::Refused),
        _ => return Err(MediaError::Broken),
    }
    let body = response
        .body(MAX_ANSWER_BYTES)
        .await
        .map_err(|_| MediaError::Broken)?;
    serde_json::from_slice(&body).map_err(|_| MediaError::Broken)
}

#[cfg(test)]
mod tests {
    use anteroom_testkit::FakeMediaServer;
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;

    /// A timeout that is longer than the test.
    const LONG: Duration = Duration::from_secs(60);

    /// Servers that take connections and do not answer.
    async fn hanging<const N: usize>() -> [(TcpListener, ExternalMediaServer); N] {
        let mut servers = Vec::new();
        for _ in 0..N {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            servers.push((listener, ExternalMediaServer::parse(&url).unwrap()));
        }
        servers.try_into().unwrap()
    }

    #[tokio::test]
    async fn servers_that_do_not_answer_leave_the_others_their_exchanges() {
        let hanging: [_; 3] = hanging().await;
        let server = FakeMediaServer::start().await;
        let healthy = ExternalMediaServer::parse(server.url()).unwrap();
        // The third one is not in the settings any more.
        let [(_, first), (_, second), _] = &hanging;
        let servers = [first.clone(), second.clone(), healthy.clone()];
        let client = MediaClient::new(LONG, &servers).unwrap();
        let share = share(servers.len());
        let mut exchanges = JoinSet::new();
        let mut connections = Vec::new();
        for (listener, hanging) in &hanging {
            for _ in 0..EXCHANGES {
                let (client, hanging) = (client.clone(), hanging.clone());
                exchanges.spawn(async move { client.clients(&hanging, era(), None).await.err() });
            }
            for _ in 0..share {
                connections.push(listener.accept().await.unwrap());
            }
        }

        let [(first, _), (second, _), (third, _)] = &hanging;
        tokio::select! {
            answer = client.clients(&healthy, era(), None) => {
                assert_eq!(answer.err(), Some(MediaError::NoCall));
            }
            ended = exchanges.join_next() => unreachable!("{ended:?}"),
            more = first.accept() => unreachable!("{more:?}"),
            more = second.accept() => unreachable!("{more:?}"),
            more = third.accept() => unreachable!("{more:?}"),
        }

        // All permits are free again.
        exchanges.shutdown().await;
        let permits = client.permits.values().chain([&*client.other_permits]);
        assert!(
            permits
                .map(Semaphore::available_permits)
                .all(|free| free == share)
        );
    }

    #[test]
    fn the_shares_of_all_servers_fit_into_the_connections_and_none_is_empty() {
        for (servers, expected) in [
            (0, 64),
            (1, 32),
            (2, 21),
            (3, 16),
            (63, 1),
            (64, 1),
            (500, 1),
        ] {
            assert_eq!(share(servers), expected, "{servers}");
            let all = share(servers) * shares(servers) + servers * (IDLE_CONNECTIONS + 1);
            assert!(all <= external_media_connections(servers), "{servers}");
        }
    }

    fn era() -> EraId {
        EraId::from_bytes([7; 16])
    }
}
