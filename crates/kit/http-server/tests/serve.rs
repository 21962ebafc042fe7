//! A listener with real connections: its shutdown and its limits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anteroom_http_server::{
    ConnectionLimits, DrainOutcome, ListenerSettings, ProxyHeader, RequestClient, TrustedProxies,
    serve,
};
use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};

const REQUEST: &[u8] = b"GET /fine HTTP/1.1\r\nhost: x\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    end: JoinHandle<DrainOutcome>,
    entered: Arc<Notify>,
    leave: Arc<Notify>,
}

/// Serves `/fine`, `/address`, which returns the client's, and `/waits`, which waits for the
/// permission to end.
async fn start(settings: impl Into<ListenerSettings> + Send + 'static) -> Server {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        get(move || async move {
            entered.notify_one();
            leave.notified().await;
            "let go"
        })
    };
    let router = Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route(
            "/address",
            get(|RequestClient(client): RequestClient| async move { format!("<{}>", client.ip()) }),
        )
        .route("/waits", waits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let end = tokio::spawn(serve(listener, router, settings, async move {
        stopped.await.unwrap();
    }));
    Server {
        address,
        stop,
        end,
        entered,
        leave,
    }
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

async fn connect_from(server: &Server, client: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((client, 0).into()).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// Reads everything until the server closes the connection. A reset counts as a close.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes));
    let _ = end.await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until the answer's body has arrived.
async fn answer(stream: &mut TcpStream, body: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(body) {
        let mut bytes = [0; 1_024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "closed after {text:?}");
        text.push_str(str::from_utf8(bytes.get(..count).unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn a_shutdown_lets_the_request_in_flight_end_and_takes_no_other() {
    let server = start(ConnectionLimits::default()).await;
    // One connection never sent anything, and one is idle after a request. Neither delays the
    // shutdown.
    let silent = connect(&server).await;
    let mut idle = connect(&server).await;
    idle.write_all(REQUEST).await.unwrap();
    answer(&mut idle, "fine").await;
    let mut busy = connect(&server).await;
    busy.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(rest(silent).await, "");
    assert_eq!(rest(idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.end.is_finished());
    server.leave.notify_one();
    let answer = rest(busy).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("let go"),
        "{answer}"
    );
    assert_eq!(server.end.await.unwrap(), DrainOutcome::Clean);
}

#[tokio::test]
async fn the_grace_of_a_shutdown_is_bounded() {
    let server = start(ConnectionLimits {
        shutdown_grace: Duration::from_millis(50),
        ..ConnectionLimits::default()
    })
    .await;
    let mut busy = connect(&server).await;
    busy.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(server.end.await.unwrap(), DrainOutcome::Cut(1));
    assert_eq!(rest(busy).await, "");
}

#[tokio::test]
async fn a_connection_that_does_not_send_a_head_in_time_is_closed() {
    let server = start(ConnectionLimits {
        header_timeout: Duration::from_millis(100),
        ..ConnectionLimits::default()
    })
    .await;
    for sent in [
        &b""[..],
        // The first bytes of both versions of the protocol.
        b"P",
        b"PRI * HTTP/2.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /fine HT",
        b"GET /fine HTTP/1.1\r\nhost: x\r\nslow: ",
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(sent).await.unwrap();
        let got = rest(stream).await;
        assert!(!got.contains("fine"), "{got}");
    }
    // The same holds for an idle connection.
    let mut stream = connect(&server).await;
    stream.write_all(REQUEST).await.unwrap();
    answer(&mut stream, "fine").await;
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = start(ConnectionLimits::default()).await;
    let mut stream = connect(&server).await;
    let head = format!(
        "GET /fine HTTP/1.1\r\nhost: x\r\nlarge: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
}

#[tokio::test]
async fn a_connection_waits_while_all_others_have_requests_in_flight() {
    let server = start(ConnectionLimits {
        connections: 1,
        ..ConnectionLimits::default()
    })
    .await;
    let mut first = connect(&server).await;
    first
        .write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    let mut second = connect_from(&server, [127, 0, 0, 2]).await;
    second.write_all(REQUEST).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(50), second.readable()).await;
    assert!(waiting.is_err(), "served while the first was busy");
    server.leave.notify_one();
    answer(&mut first, "let go").await;
    // The first connection is idle now, and is closed.
    answer(&mut second, "fine").await;
    assert_eq!(rest(first).await, "");
}

#[tokio::test]
async fn a_request_carries_the_address_of_its_client() {
    let proxies = |networks: &[&str]| ListenerSettings {
        trusted_proxies: TrustedProxies::parse(networks, ProxyHeader::XForwardedFor).unwrap(),
        ..ListenerSettings::default()
    };
    for (settings, expected) in [
        (proxies(&[]), "<127.0.0.1>"),
        (proxies(&["192.0.2.0/24"]), "<127.0.0.1>"),
        (proxies(&["127.0.0.0/8"]), "<203.0.113.9>"),
    ] {
        let server = start(settings).await;
        let mut stream = connect(&server).await;
        stream
            .write_all(
                b"GET /address HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 1.1.1.1, 203.0.113.9\r\n\r\n",
            )
            .await
            .unwrap();
        answer(&mut stream, expected).await;
    }
}

#[tokio::test]
async fn the_connection_that_is_idle_for_longest_gives_way_to_a_new_one() {
    let server = start(ConnectionLimits {
        connections: 6,
        ..ConnectionLimits::default()
    })
    .await;
    // Three connections are the half that one address may have. One has a running request, and
    // stays. Two have sent no request yet.
    let mut busy = connect(&server).await;
    busy.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    let silent = connect(&server).await;
    let mut half = connect(&server).await;
    half.write_all(b"GET /fine HT").await.unwrap();
    let mut idle = std::collections::VecDeque::from([silent, half]);
    for _ in 0..4 {
        let mut next = connect(&server).await;
        next.write_all(REQUEST).await.unwrap();
        answer(&mut next, "fine").await;
        assert_eq!(rest(idle.pop_front().unwrap()).await, "");
        idle.push_back(next);
    }
    server.leave.notify_one();
    answer(&mut busy, "let go").await;
}
