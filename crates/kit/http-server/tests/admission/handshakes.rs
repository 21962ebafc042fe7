//! TLS handshakes: silent clients, and clients that stop in the middle.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anteroom_http_server::{ConnectionLimits, ListenerSettings, Tls, TlsFiles};
use anteroom_testkit::TestCertificate;
use axum::{Router, routing::get};
use reqwest::{Certificate, Client};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::TLS13,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{connect, read_to_end, start, within};

async fn serve(certificate: &TestCertificate, limits: ConnectionLimits) -> SocketAddr {
    let directory = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: directory.path().join("certificate.pem"),
        key: directory.path().join("key.pem"),
    };
    certificate.write(&files.certificate, &files.key);
    let settings = ListenerSettings {
        limits,
        tls: Some(Tls::load(files).unwrap()),
        ..ListenerSettings::default()
    };
    let router = Router::new().route("/fine", get(|| async { "fine" }));
    start(router, settings).await
}

/// Makes a request on a new connection from 127.0.0.`host`. Returns whether it is answered.
async fn is_served(certificate: &TestCertificate, server: SocketAddr, host: u8) -> bool {
    // Another test may have installed a provider. Either one serves.
    let _ = ring::default_provider().install_default();
    let root = Certificate::from_pem(certificate.certificate_pem().as_bytes()).unwrap();
    let client = Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .local_address(std::net::IpAddr::from([127, 0, 0, host]))
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/fine", server.port());
    within(client.get(url).send()).await.is_ok()
}

/// Sends the first message of a handshake and no other.
async fn half_handshake(server: SocketAddr, host: u8) -> TcpStream {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut hello).unwrap();
    }
    let mut stream = connect(server, host).await;
    stream.write_all(&hello).await.unwrap();
    // The server has answered and waits for the rest.
    within(stream.readable()).await.unwrap();
    stream
}

#[tokio::test]
async fn silent_connections_hold_up_no_handshake() {
    let certificate = TestCertificate::new();
    let limits = ConnectionLimits {
        client_hello_timeout: Duration::from_secs(3_600),
        connections_per_address: 1_024,
        ..ConnectionLimits::default()
    };
    let server = serve(&certificate, limits).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(connect(server, 2).await);
    }
    assert!(is_served(&certificate, server, 1).await);
    assert!(is_served(&certificate, server, 2).await);
}

#[tokio::test]
async fn half_handshakes_of_one_address_give_way_to_those_of_others_and_to_its_own() {
    let certificate = TestCertificate::new();
    let limits = ConnectionLimits {
        handshakes: 6,
        handshakes_per_address: 3,
        handshake_timeout: Duration::from_secs(3_600),
        ..ConnectionLimits::default()
    };
    let server = serve(&certificate, limits).await;
    let mut half = Vec::new();
    for _ in 0..4 {
        half.push(half_handshake(server, 2).await);
    }
    for _ in 0..3 {
        half.push(half_handshake(server, 3).await);
    }
    assert!(is_served(&certificate, server, 1).await);
    assert!(is_served(&certificate, server, 2).await);
    // The oldest handshake was evicted for one of its own address.
    read_to_end(&mut half[0]).await;
}

/// Shakes hands over an open connection and asks for something; says whether it is answered.
async fn is_answered(certificate: &TestCertificate, stream: TcpStream) -> bool {
    let root = CertificateDer::from_pem_slice(certificate.certificate_pem().as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let Ok(mut stream) = within(connector.connect(name, stream)).await else {
        return false;
    };
    let request = b"GET /fine HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = Vec::new();
    stream.write_all(request).await.is_ok()
        && within(stream.read_to_end(&mut answer)).await.is_ok()
        && answer.ends_with(b"fine")
}

#[tokio::test]
async fn half_handshakes_of_many_addresses_give_a_newcomer_the_time_of_as_many_connections() {
    const CONNECTIONS: u8 = 8;
    for (arrivals, expected) in [(0, true), (CONNECTIONS - 1, true), (CONNECTIONS, false)] {
        let certificate = TestCertificate::new();
        let long = Duration::from_secs(3_600);
        let limits = ConnectionLimits {
            connections: CONNECTIONS.into(),
            client_hello_timeout: long,
            handshake_timeout: long,
            ..ConnectionLimits::default()
        };
        let server = serve(&certificate, limits).await;
        let mut half = Vec::new();
        for host in 0..CONNECTIONS {
            half.push(half_handshake(server, 2 + host).await);
        }
        let newcomer = connect(server, 1).await;
        for host in 0..arrivals {
            half.push(half_handshake(server, 2 + CONNECTIONS + host).await);
        }
        let answered = is_answered(&certificate, newcomer).await;
        assert_eq!(answered, expected, "{arrivals}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_given_up() {
    let certificate = TestCertificate::new();
    let short = Duration::from_millis(100);
    let long = Duration::from_secs(3_600);
    for (client_hello_timeout, handshake_timeout, sent) in [
        (short, long, &b""[..]),
        (short, long, &b"\x16\x03\x01\x02\x00\x01"[..]),
        (long, short, b""),
    ] {
        let limits = ConnectionLimits {
            client_hello_timeout,
            handshake_timeout,
            ..ConnectionLimits::default()
        };
        let server = serve(&certificate, limits).await;
        let mut stream = match handshake_timeout == short {
            true => half_handshake(server, 2).await,
            false => connect(server, 2).await,
        };
        stream.write_all(sent).await.unwrap();
        read_to_end(&mut stream).await;
    }
}
