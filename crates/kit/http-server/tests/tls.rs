//! A listener with TLS.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::SocketAddr, time::Duration};

use anteroom_http_server::{
    ConnectionLimits, DrainOutcome, ListenerSettings, RequestClient, Tls, TlsError, TlsFiles, serve,
};
use anteroom_testkit::TestCertificate;
use axum::{Router, routing::get};
use http::Version;
use reqwest::{Certificate, Client, ClientBuilder};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Server {
    address: SocketAddr,
    tls: Tls,
    directory: TempDir,
    stop: oneshot::Sender<()>,
    end: JoinHandle<DrainOutcome>,
}

fn files(directory: &TempDir) -> TlsFiles {
    TlsFiles {
        certificate: directory.path().join("certificate.pem"),
        key: directory.path().join("key.pem"),
    }
}

impl Server {
    async fn start(certificate: &TestCertificate) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = files(&directory);
        certificate.write(&files.certificate, &files.key);
        let tls = Tls::load(files).unwrap();
        let settings = ListenerSettings {
            limits: ConnectionLimits::default(),
            tls: Some(tls.clone()),
            ..ListenerSettings::default()
        };
        let router = Router::new().route(
            "/address",
            get(|RequestClient(client): RequestClient| async move { client.ip().to_string() }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let end = tokio::spawn(serve(listener, router, settings, async move {
            stopped.await.unwrap();
        }));
        Self {
            address,
            tls,
            directory,
            stop,
            end,
        }
    }

    fn replace(&self, certificate: &TestCertificate) {
        let files = files(&self.directory);
        certificate.write(&files.certificate, &files.key);
    }

    async fn get(&self, client: &Client) -> Result<(Version, String), reqwest::Error> {
        let url = format!("https://localhost:{}/address", self.address.port());
        let answer = client.get(url).send().await?;
        Ok((answer.version(), answer.text().await?))
    }
}

/// Returns a client that trusts only this certificate.
fn client(
    certificate: &TestCertificate,
    kind: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Client {
    // Another thread may install a provider at the same moment. Either one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = Certificate::from_pem(certificate.certificate_pem().as_bytes()).unwrap();
    let builder = Client::builder().no_proxy().tls_certs_only([root]);
    kind(builder).build().unwrap()
}

#[tokio::test]
async fn both_versions_of_http_and_of_tls_are_spoken() {
    let certificate = TestCertificate::new();
    let server = Server::start(&certificate).await;
    let tls =
        |min, max| move |builder: ClientBuilder| builder.tls_version_min(min).tls_version_max(max);
    use reqwest::tls::Version as TlsVersion;
    let (twelve, thirteen) = (TlsVersion::TLS_1_2, TlsVersion::TLS_1_3);
    for (client, version) in [
        (
            client(&certificate, ClientBuilder::http1_only),
            Version::HTTP_11,
        ),
        (client(&certificate, |builder| builder), Version::HTTP_2),
        (client(&certificate, tls(twelve, twelve)), Version::HTTP_2),
        (
            client(&certificate, tls(thirteen, thirteen)),
            Version::HTTP_2,
        ),
    ] {
        let answer = server.get(&client).await.unwrap();
        assert_eq!(answer, (version, "127.0.0.1".to_owned()));
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_open_ones_go_on() {
    let (old, new) = (TestCertificate::new(), TestCertificate::new());
    let server = Server::start(&old).await;
    let open = client(&old, |builder| builder);
    server.get(&open).await.unwrap();
    assert_eq!(server.tls.reload(), Ok(false));

    server.replace(&new);
    assert_eq!(server.tls.reload(), Ok(true));
    assert_eq!(server.tls.reload(), Ok(false));
    server.get(&client(&new, |builder| builder)).await.unwrap();
    server.get(&open).await.unwrap();
    assert!(server.get(&client(&old, |builder| builder)).await.is_err());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_leaves_the_old_one() {
    let certificate = TestCertificate::new();
    let server = Server::start(&certificate).await;
    let paths = files(&server.directory);
    let other = TestCertificate::new();
    for (content, key, expected) in [
        (
            String::new(),
            certificate.key_pem(),
            TlsError::NoCertificate(paths.certificate.clone()),
        ),
        (
            "junk".to_owned(),
            certificate.key_pem(),
            TlsError::NoCertificate(paths.certificate.clone()),
        ),
        (
            certificate.certificate_pem(),
            String::new(),
            TlsError::NoKey(paths.key.clone()),
        ),
        (
            certificate.certificate_pem(),
            other.key_pem(),
            TlsError::Mismatch(paths.key.clone()),
        ),
    ] {
        std::fs::write(&paths.certificate, content).unwrap();
        std::fs::write(&paths.key, key).unwrap();
        let failed = server.tls.reload().unwrap_err();
        assert_eq!(failed, expected);
        assert_eq!(Tls::load(paths.clone()).err(), Some(expected));
        assert_eq!(server.tls.reload(), Ok(false), "complained about once");
        server
            .get(&client(&certificate, |builder| builder))
            .await
            .unwrap();
    }
    std::fs::remove_file(&paths.key).unwrap();
    let failed = server.tls.reload();
    assert!(matches!(&failed, Err(TlsError::Unreadable { path, .. }) if *path == paths.key));
    assert_eq!(server.tls.reload(), Ok(false), "complained about once");
    server.replace(&certificate);
    assert_eq!(server.tls.reload(), Ok(true));
}

#[tokio::test]
async fn what_is_not_tls_gets_nothing() {
    let server = Server::start(&TestCertificate::new()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /address HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut got = Vec::new();
    // A reset counts as the end.
    let _ = stream.read_to_end(&mut got).await;
    assert!(!String::from_utf8_lossy(&got).contains("HTTP"), "{got:?}");
}

#[tokio::test]
async fn a_handshake_that_hangs_does_not_hold_up_the_shutdown() {
    let certificate = TestCertificate::new();
    let server = Server::start(&certificate).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    server
        .get(&client(&certificate, |builder| builder))
        .await
        .unwrap();
    server.stop.send(()).unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(9), server.end).await;
    assert_eq!(outcome.unwrap().unwrap(), DrainOutcome::Clean);
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[test]
fn the_key_does_not_show_itself() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = TestCertificate::new();
    let files = files(&directory);
    certificate.write(&files.certificate, &files.key);
    let shown = format!("{:?}", Tls::load(files).unwrap());
    assert!(
        !shown.contains("BEGIN") && shown.contains("key.pem"),
        "{shown}"
    );
}
