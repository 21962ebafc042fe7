//! One exchange with a media server.

use std::{sync::Arc, time::Duration};

use anteroom_call::DemuxId;
use anteroom_store::CallEra;
use http::StatusCode;
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use super::contract::{ClientAnswer, ClientRequest, Clients, ServerHealth};
use crate::MediaServer;

/// No real answer is longer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Why an exchange came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server has no such call.
    NoCall,
    /// The call takes no more clients.
    Full,
    /// No connection: the server has not seen the request.
    Unreached,
    /// The server does not take what the client brought: it is well itself.
    Refused,
    /// No answer in time, or none that can be used.
    Broken,
}

/// Exchanges for callers at a time, each of which takes a descriptor; more wait, as long as their
/// requests do.
const EXCHANGES: usize = 64;
/// Connections to a server that stay open in between.
const IDLE_CONNECTIONS: usize = 4;

/// Talks to media servers.
#[derive(Clone, Debug)]
pub(crate) struct MediaClient {
    http: Client,
    turns: Arc<Semaphore>,
}

impl MediaClient {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Whoever installs one at the same moment wins; either serves.
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
            })
    }

    pub(crate) async fn health(&self, server: &MediaServer) -> Result<ServerHealth, Failure> {
        exchange(self.http.get(at(server, &["health"]))).await
    }

    /// Who is in the call; `user` sees who waits if the server knows it as an admin of the call.
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
        self.exchange(request).await
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
        self.exchange(self.http.post(url).json(body)).await
    }

    /// An exchange for a caller, when it is its turn.
    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|_| Failure::Unreached)?;
        exchange(request).await
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
