//! The limits of bodies and requests: in total, and for one address.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anteroom_http_server::{
    HttpLimits, ListenerSettings, Problem, ProxyHeader, RouteOperation, TrustedProxies,
    bounded_body, with_middleware,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Area, Metrics, Operation};
use anteroom_testkit::{CapturedEvents, MockClock, SeededEntropy};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Semaphore};

use crate::{
    ask, connect,
    http2::{Http2, WINDOW},
    read_until, send, start, within,
};

const OPEN_SOCKET: Operation = Operation::new(Area::GroupCallSignaling, "open-socket");
const OPERATIONS: &[RouteOperation] = &[
    RouteOperation::socket("/socket", OPEN_SOCKET),
    RouteOperation::socket("/socket/waits", OPEN_SOCKET),
];

/// A server whose `/waits` and `/socket/waits` signal their start with a permit of `entered`, and
/// wait for a permit of `leave`.
struct Server {
    address: SocketAddr,
    entered: Arc<Semaphore>,
    leave: Arc<Semaphore>,
}

impl Server {
    async fn start(limits: HttpLimits) -> Self {
        let (entered, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let waits = {
            let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
            get(move || async move {
                entered.add_permits(1);
                leave.acquire().await.unwrap().forget();
                "let go"
            })
        };
        let take = move |body: Body| async move {
            let bytes = bounded_body(body, &limits).await?;
            Ok::<_, Problem>(format!("took {}", bytes.len()))
        };
        let upgrade = |headers: HeaderMap| async move {
            match headers.contains_key("upgrade") {
                true => "upgraded",
                false => "plain",
            }
        };
        let routes = Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route("/take", post(take).delete(take))
            .route("/waits", waits.clone())
            .route("/socket/waits", waits)
            .route("/socket", get(upgrade))
            .route("/health/live", get(|| async { StatusCode::NO_CONTENT }));
        let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
        let metrics = Metrics::new(Arc::new(CapturedEvents::default()), Arc::new(clock));
        let router = with_middleware(routes, OPERATIONS, limits, metrics, &SeededEntropy::new(1));
        let settings = ListenerSettings {
            trusted_proxies: TrustedProxies::parse(["127.0.0.9"], ProxyHeader::XForwardedFor)
                .unwrap(),
            ..ListenerSettings::default()
        };
        Self {
            address: start(router, settings).await,
            entered,
            leave,
        }
    }

    async fn connect(&self, host: u8) -> TcpStream {
        connect(self.address, host).await
    }

    /// Sends a request to `/waits`, and waits until it has started.
    async fn enter(&self, host: u8, head: &str) -> TcpStream {
        let mut stream = self.connect(host).await;
        send(&mut stream, "GET", "/waits", head).await;
        self.wait_until_entered().await;
        stream
    }

    async fn wait_until_entered(&self) {
        within(self.entered.acquire()).await.unwrap().forget();
    }

    /// Asserts that all other kinds of requests are served during an attack.
    async fn serves(&self, host: u8) {
        let mut stream = self.connect(host).await;
        ask(&mut stream, "/fine", "fine").await;
        send(&mut stream, "POST", "/take", "content-length: 3\r\n\r\nabc").await;
        read_until(&mut stream, "took 3").await;
        self.opens(host).await;
    }

    /// Asserts that upgrades and health probes, which have budgets of their own, are served.
    async fn opens(&self, host: u8) {
        let mut stream = self.connect(host).await;
        let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n\r\n";
        send(&mut stream, "GET", "/socket", upgrade).await;
        read_until(&mut stream, "upgraded").await;
        ask(&mut stream, "/health/live", "204 No Content").await;
    }
}

/// Returns limits without a short time.
fn patient() -> HttpLimits {
    const HOUR: Duration = Duration::from_secs(3_600);
    HttpLimits {
        request_timeout: 2 * HOUR,
        body_timeout: HOUR,
        body_grace: HOUR,
        ..HttpLimits::default()
    }
}

#[tokio::test]
async fn slow_bodies_of_one_address_leave_others_and_itself_served() {
    let server = Server::start(HttpLimits {
        concurrent_requests: 2,
        bodies: 6,
        bodies_per_address: 4,
        ..patient()
    })
    .await;
    let mut slow = Vec::new();
    for host in [2, 2, 2, 2, 3, 3, 3, 3, 2, 2] {
        let mut stream = server.connect(host).await;
        send(&mut stream, "POST", "/take", "content-length: 9\r\n\r\na").await;
        slow.push(stream);
        for host in [2, 4] {
            server.serves(host).await;
        }
    }
    // The oldest body was evicted.
    read_until(&mut slow[0], "ADDRESS_BUSY").await;
}

#[tokio::test]
async fn nine_http2_connections_with_slow_bodies_hold_no_request() {
    let server = Server::start(HttpLimits {
        concurrent_requests: 16,
        ..patient()
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..9 {
        let mut client = Http2::start(server.connect(2).await, WINDOW).await;
        for n in 0..16 {
            client.head(2 * n + 1, "/take", true).await;
            client.part(2 * n + 1, b"a").await;
        }
        slow.push(client);
    }
    for host in [2, 3] {
        server.serves(host).await;
    }
    // 144 bodies are more than the share of 64: the oldest was evicted, and the newest continues.
    let answer = slow[0].answer(1).await;
    assert!(answer.contains("ADDRESS_BUSY"), "{answer}");
    let newest = slow.last_mut().unwrap();
    newest.end(31).await;
    assert_eq!(newest.answer(31).await, "took 1");
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_ended_with_408_in_whatever_form_it_comes() {
    let server = Server::start(HttpLimits {
        body_grace: Duration::from_millis(200),
        ..patient()
    })
    .await;
    for (method, rest) in [
        ("POST", "content-length: 9\r\n\r\n"),
        ("POST", "content-length: 9\r\n\r\na"),
        ("DELETE", "content-length: 9\r\n\r\na"),
        ("POST", "transfer-encoding: chunked\r\n\r\n"),
        (
            "POST",
            "transfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\na\r\n",
        ),
        // The trailers do not arrive.
        (
            "POST",
            "transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ",
        ),
        ("POST", "content-length: 9\r\nexpect: 100-continue\r\n\r\n"),
    ] {
        let mut stream = server.connect(2).await;
        send(&mut stream, method, "/take", rest).await;
        let answer = read_until(&mut stream, "REQUEST_TIMEOUT").await;
        assert!(answer.contains("HTTP/1.1 408"), "{rest:?}: {answer}");
    }
    let mut client = Http2::start(server.connect(2).await, WINDOW).await;
    client.head(1, "/take", true).await;
    client.head(3, "/take", true).await;
    client.part(3, b"a").await;
    for stream in [1, 3] {
        let answer = client.answer(stream).await;
        assert!(answer.contains("REQUEST_TIMEOUT"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_in_parts_of_one_byte_with_trailers_is_taken() {
    let server = Server::start(patient()).await;
    let mut stream = server.connect(2).await;
    let parts = "1\r\na\r\n".repeat(2_000);
    let rest = format!("transfer-encoding: chunked\r\n\r\n{parts}0\r\nx: y\r\n\r\n");
    send(&mut stream, "POST", "/take", &rest).await;
    read_until(&mut stream, "took 2000").await;
}

#[tokio::test]
async fn a_request_whose_body_no_route_reads_is_answered_without_waiting_for_it() {
    let server = Server::start(HttpLimits {
        bodies: 0,
        ..patient()
    })
    .await;
    for (method, path, status) in [
        ("GET", "/fine", "200 OK"),
        ("GET", "/nothing", "404 Not Found"),
        ("POST", "/nothing", "404 Not Found"),
        ("GET", "/health/live", "204 No Content"),
    ] {
        let mut stream = server.connect(2).await;
        send(&mut stream, method, path, "content-length: 9\r\n\r\na").await;
        read_until(&mut stream, status).await;
    }
    // A body that is too large is not received at all.
    let mut stream = server.connect(2).await;
    send(
        &mut stream,
        "POST",
        "/take",
        "content-length: 65537\r\n\r\n",
    )
    .await;
    read_until(&mut stream, "PAYLOAD_TOO_LARGE").await;
}

#[tokio::test]
async fn a_body_is_too_large_or_broken_off_as_before() {
    let server = Server::start(patient()).await;
    let mut stream = server.connect(2).await;
    let parts = format!("2000\r\n{}\r\n", "x".repeat(0x2000)).repeat(9);
    let rest = format!("transfer-encoding: chunked\r\n\r\n{parts}");
    send(&mut stream, "POST", "/take", &rest).await;
    read_until(&mut stream, "PAYLOAD_TOO_LARGE").await;
    let mut stream = server.connect(2).await;
    let rest = "transfer-encoding: chunked\r\n\r\nzz\r\n";
    send(&mut stream, "POST", "/take", rest).await;
    read_until(&mut stream, "BAD_REQUEST").await;
    let mut stream = server.connect(2).await;
    send(&mut stream, "POST", "/take", "content-length: 9\r\n\r\na").await;
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_address_over_its_share_of_requests_gets_429_and_others_are_served() {
    let server = Server::start(HttpLimits {
        concurrent_requests: 4,
        requests_per_address: 2,
        ..patient()
    })
    .await;
    let mut busy = vec![server.enter(2, "\r\n").await, server.enter(2, "\r\n").await];
    let mut next = server.connect(2).await;
    ask(&mut next, "/fine", "ADDRESS_BUSY").await;
    send(&mut next, "GET", "/fine", "\r\n").await;
    let answer = read_until(&mut next, "ADDRESS_BUSY").await;
    assert!(answer.contains("429 Too Many Requests"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    server.opens(2).await;
    server.serves(3).await;
    for host in [3, 5] {
        busy.push(server.enter(host, "\r\n").await);
    }
    ask(&mut server.connect(4).await, "/fine", "OVERLOADED").await;
    server.opens(4).await;
    server.leave.add_permits(4);
    for stream in &mut busy {
        read_until(stream, "let go").await;
    }
    server.serves(2).await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_holds_no_request() {
    let server = Server::start(HttpLimits {
        concurrent_requests: 1,
        ..patient()
    })
    .await;
    let mut no_window = Http2::start(server.connect(2).await, 0).await;
    for n in 0..16 {
        no_window.head(2 * n + 1, "/waits", false).await;
        server.leave.add_permits(1);
        server.wait_until_entered().await;
        // The head of the answer arrives. Its body has no window.
        while no_window.frame().await.unwrap().stream != 2 * n + 1 {}
        server.serves(2).await;
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_shares_are_those_of_the_clients_it_names() {
    let server = Server::start(HttpLimits {
        requests_per_address: 1,
        ..patient()
    })
    .await;
    let head = |client: &str| format!("x-forwarded-for: {client}\r\n\r\n");
    let refused = async |client: &str| {
        let mut stream = server.connect(9).await;
        send(&mut stream, "GET", "/fine", &head(client)).await;
        read_until(&mut stream, "\"}")
            .await
            .contains("ADDRESS_BUSY")
    };
    let served = async |client: &str| {
        let mut stream = server.connect(9).await;
        send(&mut stream, "GET", "/fine", &head(client)).await;
        read_until(&mut stream, "fine").await;
    };
    let mut busy = vec![server.enter(9, &head("203.0.113.1")).await];
    assert!(refused("203.0.113.1").await);
    // The left part is not reliable.
    assert!(refused("198.51.100.1, 203.0.113.1").await);
    served("203.0.113.2").await;
    // Another peer is not trusted.
    let mut stream = server.connect(2).await;
    send(&mut stream, "GET", "/fine", &head("203.0.113.1")).await;
    read_until(&mut stream, "fine").await;
    // A /48 has room for 16 of its /64s.
    for n in 1..=16 {
        let client = format!("2001:db8:0:{n:x}00::1");
        busy.push(server.enter(9, &head(&client)).await);
    }
    assert!(refused("2001:db8:0:100::2").await);
    assert!(refused("2001:db8:0:1100::1").await);
    served("2001:db8:1::1").await;
    server.leave.add_permits(17);
    for stream in &mut busy {
        read_until(stream, "let go").await;
    }
}

#[tokio::test]
async fn a_48_that_spreads_over_its_64s_has_at_most_half_of_all_requests_and_sockets() {
    let head = |client: &str, rest: &str| format!("x-forwarded-for: {client}\r\n{rest}\r\n");
    let spread = |n: usize| format!("2001:db8:0:{n:x}00::1");
    for (path, rest) in [
        ("/waits", ""),
        (
            "/socket/waits",
            "connection: upgrade\r\nupgrade: websocket\r\n",
        ),
    ] {
        let server = Server::start(HttpLimits {
            concurrent_requests: 8,
            concurrent_upgrades: 8,
            ..patient()
        })
        .await;
        let mut busy = Vec::new();
        for n in 0..4 {
            let mut stream = server.connect(9).await;
            send(&mut stream, "GET", path, &head(&spread(n), rest)).await;
            server.wait_until_entered().await;
            busy.push(stream);
        }
        for n in 4..8 {
            let mut stream = server.connect(9).await;
            send(&mut stream, "GET", path, &head(&spread(n), rest)).await;
            read_until(&mut stream, "ADDRESS_BUSY").await;
        }
        // The other half is free for other addresses.
        for n in 0..4 {
            let mut stream = server.connect(9).await;
            let other = format!("2001:db8:{}::1", n + 1);
            send(&mut stream, "GET", path, &head(&other, rest)).await;
            server.wait_until_entered().await;
            busy.push(stream);
        }
        server.leave.add_permits(8);
        for stream in &mut busy {
            read_until(stream, "let go").await;
        }
    }
}

#[tokio::test]
async fn the_header_of_an_upgrade_takes_no_room_of_sockets_with_another_route() {
    let server = Server::start(HttpLimits {
        concurrent_upgrades: 2,
        ..patient()
    })
    .await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let mut busy = Vec::new();
    for host in [2, 3, 4, 5] {
        busy.push(server.enter(host, upgrade).await);
    }
    for host in [2, 6] {
        server.serves(host).await;
    }
    server.leave.add_permits(4);
    for stream in &mut busy {
        read_until(stream, "let go").await;
    }
}
