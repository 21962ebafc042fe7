//! HTTP/2 connections that send one request and then stay open.

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request,
    body::{Body, Bytes},
    client::conn::http2::{SendRequest, handshake},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{task::JoinHandle, time::timeout};

use super::state::{AttackRun, PATIENCE};

/// Opens a connection whose pings are acknowledged, with the task that ends when it does: with its
/// last sender, or when the service closes it.
pub(super) async fn http2<B>(
    attacker: &AttackRun,
    host: &str,
) -> Result<(SendRequest<B>, JoinHandle<hyper::Result<()>>)>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = attacker.connect(host).await?;
    let shaking = handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = timeout(PATIENCE, shaking).await.context("no HTTP/2")??;
    Ok((sender, tokio::spawn(connection)))
}

/// Asks once, and stays until the service closes the connection.
pub(super) async fn ask_once(attacker: &AttackRun, host: &str) -> Result<()> {
    let (mut sender, connection) = http2(attacker, host).await?;
    let request = Request::get(format!("http://{host}/health/live")).body(Empty::<Bytes>::new())?;
    let answering = sender.send_request(request);
    let answer = timeout(PATIENCE, answering).await.context("no answer")??;
    answer.into_body().collect().await?;
    let ended = connection.await;
    drop(sender);
    Ok(ended??)
}
