//! Budgets of running services in log and metrics.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

use crate::directory::{ServeProcess, TestDirectory, stderr};

fn place() -> TestDirectory {
    let mut place = TestDirectory::new();
    for (name, value) in [
        ("ANTEROOM_ADMIN_LISTEN", "127.0.0.1:0"),
        ("ANTEROOM_LOG_FORMAT", "json"),
        ("ANTEROOM_HTTP_BODIES", "2"),
        ("ANTEROOM_HTTP_BODY_SECONDS", "19"),
        ("ANTEROOM_HTTP_BODY_GRACE_SECONDS", "19"),
        ("ANTEROOM_HTTP_CONNECTIONS_PER_ADDRESS", "4"),
        ("ANTEROOM_HTTP_HEADER_SECONDS", "3600"),
    ] {
        place.set(name, value);
    }
    place
}

fn url(place: &TestDirectory, listener: &str) -> String {
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    listen[listener].as_str().unwrap().to_owned()
}

fn address(place: &TestDirectory, listener: &str) -> SocketAddr {
    let url = url(place, listener);
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Waits for the line about a budget.
fn line_of(service: &mut ServeProcess, budget: &str) -> Value {
    service.wait_for(&format!("\"budget\":\"{budget}\""));
    serde_json::from_str(service.log().last().unwrap()).unwrap()
}

#[test]
fn a_budget_of_each_listener_has_its_name_in_the_log_and_in_the_metrics() {
    let place = place();
    let mut service = place.start();
    for (listener, budget, named) in [
        ("admin", "admin_connections", "issuer"),
        ("issuer", "connections", "issuer"),
        ("rooms", "connections", "rooms"),
    ] {
        let _idle: Vec<TcpStream> = (0..5)
            .map(|_| TcpStream::connect(address(&place, listener)).unwrap())
            .collect();
        let line = line_of(&mut service, budget);
        assert_eq!(line["service"], named, "{line}");
    }
    let admin = url(&place, "admin");
    for (page, budget) in [
        ("metrics", "admin_connections"),
        ("metrics", "connections"),
        ("rooms/metrics", "connections"),
    ] {
        let output = place
            .command("curl")
            .args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
            .arg(format!("{admin}/{page}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let shown = String::from_utf8(output.stdout).unwrap();
        let metric = format!("anteroom_admission_evictions_total{{budget=\"{budget}\"}} ");
        let count = shown.lines().find_map(|line| line.strip_prefix(&metric));
        assert!(
            count.unwrap().parse::<u64>().unwrap() > 0,
            "{page} {budget}"
        );
    }
}

#[test]
fn a_budget_is_logged_outside_of_the_request_of_the_stranger_that_comes_at_the_moment() {
    for (format, said, of_requests) in [
        ("json", "\"budget\":\"bodies\"", "\"span"),
        ("human", "budget=\"bodies\"", "request{"),
    ] {
        let line = line_of_a_flood_of_bodies(format, said);
        assert!(line.contains("issuer"), "{line}");
        assert!(!line.contains(of_requests), "{line}");
    }
}

/// Returns the log line, in this format, of a service that drops slow bodies.
fn line_of_a_flood_of_bodies(format: &str, said: &str) -> String {
    let mut place = place();
    place.set("ANTEROOM_LOG_FORMAT", format);
    let mut service = place.start();
    let head = "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 9\r\n\r\n{";
    let _slow: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(address(&place, "issuer")).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    service.wait_for(said);
    service.log().last().unwrap().clone()
}

/// Opens a socket for the client that a trusted proxy names.
fn open_socket(place: &TestDirectory, client: &str) -> TcpStream {
    let head = format!(
        "GET /v3/conference/socket HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: anteroom.v1\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address(place, "rooms")).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 101", "{client}");
    stream
}

#[test]
fn a_48_that_spreads_over_its_64s_has_at_most_half_of_the_sockets_that_have_not_joined() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_HTTP_TRUSTED_PROXIES", "127.0.0.0/8");
    place.set("ANTEROOM_ROOMS_UNJOINED_SOCKETS", "8");
    let _service = place.start();
    let mut sockets: Vec<TcpStream> = (0..5)
        .map(|n| open_socket(&place, &format!("2001:db8:0:{n:x}00::1")))
        .collect();
    // The fifth socket exceeds half of the budget: the first one is closed, long before its time to join is
    // over.
    let mut said = Vec::new();
    sockets[0].read_to_end(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("overloaded"), "{said}");
    let _other = open_socket(&place, "198.51.100.1");
}
