//! Admission: a flood of one client leaves room for others, over real listeners.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod connections;
mod handshakes;
mod http2;
mod requests;

use std::{net::SocketAddr, time::Duration};

use anteroom_http_server::{ListenerSettings, serve};
use axum::Router;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

/// Serves until the end of the test.
async fn start(router: Router, settings: impl Into<ListenerSettings>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = settings.into();
    tokio::spawn(serve(listener, router, settings, std::future::pending()));
    address
}

/// Connects from 127.0.0.`host`.
async fn connect(server: SocketAddr, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, host], 0).into()).unwrap();
    within(socket.connect(server)).await.unwrap()
}

/// Fails the test instead of waiting forever.
async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.unwrap()
}

/// Sends an HTTP/1.1 request with these lines after the first one.
async fn send(stream: &mut TcpStream, method: &str, path: &str, rest: &str) {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{rest}");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until the text has arrived.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut bytes = [0; 4_096];
        let count = within(stream.read(&mut bytes)).await.unwrap();
        assert_ne!(count, 0, "closed after {text:?} and before {end:?}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    text
}

/// Returns the number of bytes until the server closes the connection. A reset counts as a close.
async fn read_to_end(stream: &mut TcpStream) -> usize {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    bytes.len()
}

/// Sends a request, and expects this text as its answer.
async fn ask(stream: &mut TcpStream, path: &str, answer: &str) {
    send(stream, "GET", path, "\r\n").await;
    read_until(stream, answer).await;
}
