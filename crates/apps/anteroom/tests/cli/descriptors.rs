//! Services with a low limit of open files, under floods of connections.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Output,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream as AsyncTcpStream};

use crate::directory::{ServeProcess, TestAccount, TestDirectory, stderr};

/// Returns a place whose services keep idle connections longer than any test takes.
fn patient_place() -> TestDirectory {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_HTTP_HEADER_SECONDS", "3600");
    place
}

fn start_with_files(place: &TestDirectory, limit: &str) -> ServeProcess {
    let mut command = place.command("prlimit");
    command.args([&format!("--nofile={limit}"), "anteroom", "serve"]);
    ServeProcess::start(command)
}

/// Changes the limit of open files of a running service.
fn limit_files(place: &TestDirectory, service: &ServeProcess, limit: u32) {
    let output = place
        .command("prlimit")
        .arg(format!("--pid={}", service.id()))
        .arg(format!("--nofile={limit}:"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

fn url(place: &TestDirectory, service: &str) -> String {
    let listen = std::fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    listen[service].as_str().unwrap().to_owned()
}

fn address(place: &TestDirectory, service: &str) -> SocketAddr {
    let url = url(place, service);
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Opens idle connections from these clients in turn.
async fn idle_connections(server: SocketAddr, clients: u8, count: usize) -> Vec<AsyncTcpStream> {
    let mut connections = Vec::new();
    for client in (1..=clients).cycle().take(count) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 1, client], 0).into()).unwrap();
        connections.push(socket.connect(server).await.unwrap());
    }
    connections
}

/// Returns a request of a client that has no other connection.
fn newcomer(place: &TestDirectory, arguments: &[&str]) -> Output {
    place
        .command("curl")
        .args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
        .args(["--interface", "127.0.0.9", "--max-time", "60"])
        .args(arguments)
        .output()
        .unwrap()
}

fn assert_served(place: &TestDirectory, account: &TestAccount) {
    let user = format!("{}:{}", account.uuid, account.password);
    let (issuer, rooms) = (url(place, "issuer"), url(place, "rooms"));
    for arguments in [
        &[format!("{issuer}/health/ready")][..],
        &[format!("{rooms}/health/ready")],
        &[
            format!("{issuer}/v1/accounts/whoami"),
            "--user".to_owned(),
            user,
        ],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = newcomer(place, &arguments);
        assert!(answer.status.success(), "{}", stderr(&answer));
    }
}

fn lines<'a>(log: &'a [String], said: &str) -> Vec<&'a String> {
    log.iter().filter(|line| line.contains(said)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_of_five_addresses_leave_a_newcomer_and_the_databases_their_descriptors() {
    let place = patient_place();
    place.start().stop();
    let account = place.add_account();
    let service = start_with_files(&place, "256:256");
    let mut idle = Vec::new();
    for listener in ["issuer", "rooms"] {
        idle.extend(idle_connections(address(&place, listener), 5, 150).await);
    }
    assert_served(&place, &account);
    drop(idle);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    let capped = lines(&log, "the limit of open files is 256");
    assert_eq!(capped.len(), 1, "{log:#?}");
    assert!(
        capped[0].contains("raise LimitNOFILE (ulimit -n)"),
        "{capped:?}"
    );
    assert!(lines(&log, "too many open files").is_empty(), "{log:#?}");
}

#[test]
fn a_limit_of_open_files_that_is_too_small_to_serve_is_refused_at_the_start() {
    let place = TestDirectory::new();
    let output = place
        .command("timeout")
        .args(["60", "prlimit", "--nofile=64:64", "anteroom", "serve"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = stderr(&output);
    assert!(
        said.contains("the limit of open files is 64") && said.contains("Raise LimitNOFILE"),
        "{said}"
    );
    assert!(!place.data().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_descriptors_run_out_idle_connections_of_any_listener_give_way_and_it_is_said_once() {
    let place = patient_place();
    let mut service = place.start();
    limit_files(&place, &service, 64);
    let mut idle = idle_connections(address(&place, "rooms"), 1, 80).await;
    service.wait_for("connections cannot be accepted: too many open files: raise LimitNOFILE");
    for listener in ["issuer", "rooms", "issuer"] {
        let answer = newcomer(&place, &[&format!("{}/health/live", url(&place, listener))]);
        assert!(answer.status.success(), "{}", stderr(&answer));
    }
    // The oldest connection was closed.
    let mut end = [0];
    idle[0].readable().await.unwrap();
    assert_eq!(idle[0].try_read(&mut end).unwrap_or_default(), 0);
    idle.clear();
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    let said = lines(&log, "connections cannot be accepted");
    assert_eq!(said.len(), 1, "{log:#?}");
}

#[test]
fn a_database_that_cannot_be_opened_for_want_of_descriptors_says_so() {
    let place = patient_place();
    place.start().stop();
    let account = place.add_account();
    let mut service = place.start();
    let mut connection = TcpStream::connect(address(&place, "issuer")).unwrap();
    let mut ask = |path: &str| {
        let user = STANDARD.encode(format!("{}:{}", account.uuid, account.password));
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {user}\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        let mut status = [0; 12];
        connection.read_exact(&mut status).unwrap();
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            rest.push(byte[0]);
        }
        let head = String::from_utf8(rest).unwrap().to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        connection.read_exact(&mut vec![0; length]).unwrap();
        String::from_utf8(status.to_vec()).unwrap()
    };
    assert_eq!(ask("/health/live"), "HTTP/1.1 204");
    limit_files(&place, &service, 5);
    assert_eq!(ask("/v1/accounts/whoami"), "HTTP/1.1 503");
    service.wait_for("issuer.db fails: too many open files; raise LimitNOFILE (ulimit -n)");
    limit_files(&place, &service, 200);
    assert_eq!(ask("/v1/accounts/whoami"), "HTTP/1.1 200");
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}
