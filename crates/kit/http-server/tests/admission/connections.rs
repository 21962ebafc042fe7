//! The limits of connections: in total, and for one address.

use std::{sync::Arc, time::Duration};

use anteroom_http_server::{ConnectionLimits, ListenerSettings, ProxyHeader, TrustedProxies};
use axum::{Router, body::Bytes, routing::get};
use tokio::{io::AsyncWriteExt as _, sync::Notify};

use crate::{
    ask, connect,
    http2::{GOAWAY, Http2, RST_STREAM, WINDOW},
    read_to_end, read_until, send, start,
};

const LARGE: usize = 16 * 1024 * 1024;

fn routes() -> Router {
    let large = Bytes::from(vec![b'x'; LARGE]);
    Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route("/large", get(|| async move { large }))
}

/// Adds `/waits`, which signals its start and waits for the permission to end.
fn waiting(router: Router) -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        get(move || async move {
            entered.notify_one();
            leave.notified().await;
            "let go"
        })
    };
    (router.route("/waits", handler), entered, leave)
}

fn limits(connections: usize, connections_per_address: usize) -> ConnectionLimits {
    ConnectionLimits {
        connections,
        connections_per_address,
        ..ConnectionLimits::default()
    }
}

#[tokio::test]
async fn http2_connections_that_have_asked_once_and_answer_pings_keep_no_other_client_out() {
    let server = start(routes(), limits(16, 16)).await;
    let mut flood = Vec::new();
    for n in 0..24 {
        // Two addresses take turns, because one alone has at most half of the total.
        let mut one = Http2::start(connect(server, 10 + n % 2).await, WINDOW).await;
        one.ask(1, "/fine", "fine").await;
        flood.push(one);
    }
    // The oldest connections of the flood made room for its own.
    for one in flood.iter_mut().take(8) {
        one.read_to_end().await;
    }
    let mut others = Vec::new();
    for host in 3..8 {
        let mut other = connect(server, host).await;
        ask(&mut other, "/fine", "fine").await;
        others.push(other);
    }
    // The next oldest made room for these, which stay.
    for one in flood.iter_mut().skip(8).take(5) {
        one.read_to_end().await;
    }
    for other in &mut others {
        ask(other, "/fine", "fine").await;
    }
}

#[tokio::test]
async fn a_newcomer_that_has_not_asked_yet_stays_when_a_busier_address_comes() {
    let server = start(routes(), limits(4, 4)).await;
    let mut newcomer = connect(server, 2).await;
    let mut flood = Vec::new();
    for n in 0..12 {
        let mut one = connect(server, 3 + n % 2).await;
        ask(&mut one, "/fine", "fine").await;
        flood.push(one);
    }
    ask(&mut newcomer, "/fine", "fine").await;
}

#[tokio::test]
async fn an_address_at_its_share_makes_room_from_its_own_connections() {
    let (router, entered, leave) = waiting(routes());
    let server = start(router, limits(64, 3)).await;
    let mut other = connect(server, 3).await;
    ask(&mut other, "/fine", "fine").await;
    let mut busy = connect(server, 2).await;
    send(&mut busy, "GET", "/waits", "\r\n").await;
    entered.notified().await;
    let mut idle = [connect(server, 2).await, connect(server, 2).await];
    for one in &mut idle {
        ask(one, "/fine", "fine").await;
    }
    let mut next = [connect(server, 2).await, connect(server, 2).await];
    for (old, new) in idle.iter_mut().zip(&mut next) {
        ask(new, "/fine", "fine").await;
        assert_eq!(read_to_end(old).await, 0);
    }
    ask(&mut other, "/fine", "fine").await;
    leave.notify_one();
    read_until(&mut busy, "let go").await;
}

#[tokio::test]
async fn an_address_with_requests_in_flight_on_its_whole_share_gets_no_more_connections() {
    let (router, entered, leave) = waiting(routes());
    let server = start(router, limits(64, 1)).await;
    let mut busy = connect(server, 2).await;
    send(&mut busy, "GET", "/waits", "\r\n").await;
    entered.notified().await;
    assert_eq!(read_to_end(&mut connect(server, 2).await).await, 0);
    ask(&mut connect(server, 3).await, "/fine", "fine").await;
    leave.notify_one();
    read_until(&mut busy, "let go").await;
    ask(&mut connect(server, 2).await, "/fine", "fine").await;
}

#[tokio::test]
async fn connections_of_a_trusted_proxy_have_no_share() {
    let settings = |networks: &[&str]| ListenerSettings {
        limits: limits(64, 1),
        trusted_proxies: TrustedProxies::parse(networks, ProxyHeader::XForwardedFor).unwrap(),
        ..ListenerSettings::default()
    };
    let server = start(routes(), settings(&["127.0.0.2"])).await;
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(connect(server, 2).await);
    }
    for one in &mut connections {
        ask(one, "/fine", "fine").await;
    }
    // Any other address has one.
    let mut first = connect(server, 3).await;
    ask(&mut first, "/fine", "fine").await;
    ask(&mut connect(server, 3).await, "/fine", "fine").await;
    assert_eq!(read_to_end(&mut first).await, 0);
}

#[tokio::test]
async fn an_http2_connection_without_open_streams_is_closed_with_goaway() {
    let limits = ConnectionLimits {
        header_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let (router, entered, leave) = waiting(routes());
    let server = start(router, limits).await;
    for asks in [false, true] {
        let mut client = Http2::start(connect(server, 2).await, WINDOW).await;
        if asks {
            client.ask(1, "/fine", "fine").await;
        }
        // Pings are answered meanwhile.
        client.frame_of(GOAWAY).await;
        client.read_to_end().await;
    }
    // A connection with an open stream stays until the stream is answered.
    let mut client = Http2::start(connect(server, 2).await, WINDOW).await;
    client.head(1, "/waits", false).await;
    entered.notified().await;
    let mut idle = Http2::start(connect(server, 2).await, WINDOW).await;
    idle.read_to_end().await;
    leave.notify_one();
    assert_eq!(client.answer(1).await, "let go");
    client.frame_of(GOAWAY).await;
}

#[tokio::test]
async fn an_http2_connection_has_16_streams_and_refuses_more() {
    let (router, _entered, _leave) = waiting(routes());
    let server = start(router, ConnectionLimits::default()).await;
    let mut client = Http2::start(connect(server, 2).await, WINDOW).await;
    for n in 0..17 {
        client.head(2 * n + 1, "/waits", false).await;
    }
    assert_eq!(client.frame_of(RST_STREAM).await.stream, 33);
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_an_answer_is_cut_off() {
    let limits = ConnectionLimits {
        answer_timeout: Duration::from_millis(200),
        ..limits(64, 64)
    };
    let server = start(routes(), limits).await;
    let mut no_window = Http2::start(connect(server, 2).await, 0).await;
    for n in 0..16 {
        no_window.head(2 * n + 1, "/large", false).await;
    }
    no_window.read_to_end().await;
    let mut silent = connect(server, 2).await;
    send(&mut silent, "GET", "/large", "\r\n").await;
    // The connection of a client that came later is closed too, because its time is up.
    for _ in 0..3 {
        let mut no_window = Http2::start(connect(server, 2).await, 0).await;
        no_window.head(1, "/large", false).await;
        no_window.read_to_end().await;
    }
    assert!(read_to_end(&mut silent).await < LARGE);
    // A client that reads gets the whole answer.
    let mut reader = connect(server, 2).await;
    send(&mut reader, "GET", "/large", "connection: close\r\n\r\n").await;
    assert!(read_to_end(&mut reader).await > LARGE);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_gives_way_to_others() {
    let server = start(routes(), limits(2, 2)).await;
    let mut slow = [connect(server, 2).await, connect(server, 4).await];
    for one in &mut slow {
        one.write_all(b"GET /fine HTTP/1.1\r\nslow: ")
            .await
            .unwrap();
    }
    let mut other = connect(server, 3).await;
    ask(&mut other, "/fine", "fine").await;
    assert_eq!(read_to_end(&mut slow[0]).await, 0);
}

#[tokio::test]
async fn one_address_with_requests_in_flight_has_at_most_half_of_all_connections() {
    let (router, entered, leave) = waiting(routes());
    let server = start(router, limits(4, 4)).await;
    let mut busy = [connect(server, 2).await, connect(server, 2).await];
    for one in &mut busy {
        send(one, "GET", "/waits", "\r\n").await;
        entered.notified().await;
    }
    let mut third = connect(server, 2).await;
    // The connection may be closed before the request is sent.
    let request = b"GET /fine HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let _ = third.write_all(request).await;
    assert_eq!(read_to_end(&mut third).await, 0);
    for host in [3, 4, 5] {
        ask(&mut connect(server, host).await, "/fine", "fine").await;
    }
    for one in &mut busy {
        leave.notify_one();
        read_until(one, "let go").await;
    }
}
