//! Configurations with one fault each, and the findings of `anteroom doctor`.

use std::{
    fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, process::Output,
    sync::Arc, time::Duration,
};

use anteroom_testkit::{
    ReverseProxy, ReverseProxyOptions, SmtpServer, SmtpServerOptions, TestCertificate, TurnServer,
};
use serde_json::Value;

use crate::{
    database_failures::execute,
    directory::{ServeProcess, TestDirectory, stderr},
    process::without_privileges,
};

const SECRET: &str = "the-secret-that-the-relay-shares";

/// A proxy for each service, and a place whose clients trust the proxies' certificate.
struct DoctorFixture {
    place: TestDirectory,
    certificate: Option<Arc<TestCertificate>>,
    issuer: ReverseProxy,
    rooms: ReverseProxy,
}

impl DoctorFixture {
    /// Asserts that the only problem is a public URL that leads to another service.
    fn assert_public_url_elsewhere(&self) {
        let found = doctor(&self.place, &[]);
        assert_only(
            &found,
            "public URL",
            "something else than the room service",
            "rooms.public_url",
        );
    }

    fn certificate(&self) -> Arc<TestCertificate> {
        Arc::clone(self.certificate.as_ref().unwrap())
    }

    async fn new(options: ReverseProxyOptions) -> Self {
        let mut place = TestDirectory::new();
        if let Some(certificate) = &options.certificate {
            let file = place.path().join("trusted.pem");
            fs::write(&file, certificate.certificate_pem()).unwrap();
            place.set("SSL_CERT_FILE", file.to_str().unwrap());
        }
        let issuer = ReverseProxy::start(options.clone()).await;
        let certificate = options.certificate.clone();
        let rooms = ReverseProxy::start(options).await;
        place.set("ANTEROOM_ISSUER_PUBLIC_URL", &issuer.url());
        place.set("ANTEROOM_ROOMS_PUBLIC_URL", &rooms.url());
        place.set("ANTEROOM_HTTP_TRUSTED_PROXIES", "127.0.0.1");
        Self {
            place,
            certificate,
            issuer,
            rooms,
        }
    }

    async fn encrypted() -> Self {
        Self::new(ReverseProxyOptions {
            certificate: Some(TestCertificate::new().into()),
            ..ReverseProxyOptions::default()
        })
        .await
    }

    /// Starts the services, and leads the proxies to them.
    fn start(&self) -> ServeProcess {
        let service = self.place.start();
        self.issuer.lead_to(&[&listener(&self.place, "issuer")]);
        self.rooms.lead_to(&[&listener(&self.place, "rooms")]);
        service
    }
}

fn listener(place: &TestDirectory, service: &str) -> String {
    let text = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&text).unwrap();
    listen[service].as_str().unwrap().to_owned()
}

fn report(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| unreachable!("{}", stderr(output)));
    let is_healthy = report["problems"] == 0;
    assert_eq!(
        output.status.code(),
        Some(i32::from(!is_healthy)),
        "{report}"
    );
    let shown = stderr(output);
    let last: Option<Value> = shown
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok());
    let code = last.as_ref().map(|error| &error["error"]["code"]);
    let expected = Value::from("problems_found");
    assert_eq!(code, (!is_healthy).then_some(&expected), "{shown}");
    report
}

/// Returns the problems, each with its next step.
fn problems(report: &Value) -> Vec<(String, String, String)> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["state"] == "problem")
        .map(|check| {
            let text = |name: &str| check[name].as_str().unwrap().to_owned();
            (text("check"), text("what"), text("next"))
        })
        .collect()
}

#[track_caller]
fn assert_only(report: &Value, check: &str, what: &str, next: &str) {
    let found = problems(report);
    let [problem] = &found[..] else {
        unreachable!("{found:#?}")
    };
    assert_eq!(problem.0, check, "{problem:?}");
    assert!(problem.1.contains(what), "{problem:?}");
    assert!(problem.2.contains(next), "{problem:?}");
}

fn doctor(place: &TestDirectory, arguments: &[&str]) -> Value {
    report(&place.run(&[&["doctor", "--json"][..], arguments].concat()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_without_fault_has_no_problem_from_inside_and_from_outside() {
    let mut fixture = DoctorFixture::encrypted().await;
    let trusted = fixture.certificate();
    let relay = TurnServer::start_encrypted(SECRET, &trusted).await;
    let mail = SmtpServer::start(SmtpServerOptions::default()).await;
    set_mail(&mut fixture.place, &mail);
    set_relay(&mut fixture.place, &relay);
    let urls = [
        format!("turn:{}", relay.address()),
        format!("turn:{}?transport=tcp", relay.address()),
        format!("turns:{}", relay.encrypted_address()),
    ];
    fixture.place.set("ANTEROOM_RELAYS_URLS", &urls.join(","));
    let _service = fixture.start();
    let found = doctor(&fixture.place, &["--letter-to", "ann@example.org"]);
    assert_eq!(problems(&found), [], "{found:#}");
    let checks = found["checks"].as_array().unwrap();
    for check in [
        "DNS",
        "port",
        "TLS",
        "clock",
        "public URL",
        "WebSocket",
        "mail server",
        "TURN",
        "disk",
        "master key",
        "issuer.db",
        "rooms.db",
    ] {
        let is_ok = |it: &&Value| it["check"] == check && it["state"] == "ok";
        assert!(checks.iter().any(|it| is_ok(&it)), "no {check}: {found:#}");
    }
    let letters = mail.wait_for(1).await;
    assert!(letters[0].text.contains("anteroom doctor"));
    let text = fixture.place.shown(&["doctor"]);
    assert!(text.contains("0 problem(s)"), "{text}");
    assert!(!found.to_string().contains(SECRET));

    let mut client = TestDirectory::new();
    let trusted = fixture.place.path().join("trusted.pem");
    client.set("SSL_CERT_FILE", trusted.to_str().unwrap());
    let ann = fixture.place.add_account();
    let (issuer, rooms) = (fixture.issuer.url(), fixture.rooms.url());
    let outside = ["--outside", "--issuer", &issuer, "--rooms", &rooms];
    let found = doctor(&client, &outside);
    assert_eq!(problems(&found), [], "{found:#}");
    client.set("ANTEROOM_ISSUER_URL", &issuer);
    client.act_as_without_data(&ann);
    let found = doctor(&client, &outside);
    assert_eq!(problems(&found), [], "{found:#}");
    let relayed = found["checks"].as_array().unwrap().iter();
    assert!(
        relayed
            .clone()
            .any(|it| it["check"] == "TURN" && it["state"] == "ok")
    );
    // The addresses are exchanged.
    let found = doctor(
        &client,
        &["--outside", "--issuer", &rooms, "--rooms", &issuer],
    );
    assert_eq!(problems(&found).len(), 2, "{found:#}");
}

fn set_mail(place: &mut TestDirectory, server: &SmtpServer) {
    for (name, value) in [
        ("ANTEROOM_MAIL_TRANSPORT", "smtp"),
        ("ANTEROOM_MAIL_FROM", "Anteroom <anteroom@example.org>"),
        ("ANTEROOM_MAIL_SMTP_HOST", "localhost"),
        ("ANTEROOM_MAIL_SMTP_PORT", &server.port().to_string()),
        ("ANTEROOM_MAIL_SMTP_ENCRYPTION", "none"),
    ] {
        place.set(name, value);
    }
}

fn set_relay(place: &mut TestDirectory, relay: &TurnServer) {
    let file = place.path().join("relay-secret");
    fs::write(&file, SECRET).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for (name, value) in [
        ("ANTEROOM_RELAYS_PROVIDER", "coturn"),
        ("ANTEROOM_RELAYS_HOSTNAME", "localhost"),
        ("ANTEROOM_RELAYS_URLS", &format!("turn:{}", relay.address())),
        ("ANTEROOM_RELAY_SECRET_FILE", file.to_str().unwrap()),
    ] {
        place.set(name, value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_nowhere_is_found() {
    let mut fixture = DoctorFixture::encrypted().await;
    fixture
        .place
        .set("ANTEROOM_ISSUER_PUBLIC_URL", "https://id.invalid");
    let _service = fixture.start();
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "DNS",
        "id.invalid",
        "add an A or AAAA record for id.invalid",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_expired_or_for_another_name_or_of_an_authority_are_found() {
    for (certificate, what, next) in [
        (
            TestCertificate::expired(),
            "has expired",
            "renew the certificate",
        ),
        (
            TestCertificate::for_names(&["other.example"]),
            "but for other.example",
            "get a certificate for 127.0.0.1",
        ),
        (
            TestCertificate::of_authority(),
            "is made for an authority, not for a service",
            "basicConstraints=CA:FALSE",
        ),
    ] {
        let mut fixture = DoctorFixture::new(ReverseProxyOptions {
            certificate: Some(certificate.into()),
            ..ReverseProxyOptions::default()
        })
        .await;
        fixture.place.set("ANTEROOM_ROOMS_PUBLIC_URL", "");
        let _service = fixture.start();
        let found = doctor(&fixture.place, &[]);
        assert_only(&found, "TLS", what, next);
    }
}

#[test]
fn a_certificate_of_a_services_own_for_a_name_that_no_setting_has_is_found() {
    let mut place = TestDirectory::new();
    let (pem, key) = (place.path().join("pem"), place.path().join("key"));
    let certificate = TestCertificate::for_names(&["id.example"]);
    certificate.write(&pem, &key);
    for (name, path) in [
        ("SSL_CERT_FILE", &pem),
        ("ANTEROOM_ISSUER_TLS_CERTIFICATE", &pem),
        ("ANTEROOM_ISSUER_TLS_KEY", &key),
    ] {
        place.set(name, path.to_str().unwrap());
    }
    let _service = place.start();
    let found = doctor(&place, &[]);
    assert_only(
        &found,
        "public URL",
        "the certificate of the issuer is for id.example",
        "set issuer.public_url to https://id.example",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_the_settings_do_not_trust_is_warned_of() {
    let mut fixture = DoctorFixture::encrypted().await;
    for (proxies, expected) in [("127.0.0.1", 0), ("", 2)] {
        fixture.place.set("ANTEROOM_HTTP_TRUSTED_PROXIES", proxies);
        let _service = fixture.start();
        let found = doctor(&fixture.place, &[]);
        assert_eq!(problems(&found), [], "{found:#}");
        let checks = found["checks"].as_array().unwrap().iter();
        let warned = checks.filter(|it| it["check"] == "proxy" && it["state"] == "warning");
        assert_eq!(warned.count(), expected, "{found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_expires_soon_is_warned_of() {
    const DAY: u64 = 86_400;
    for (days, expected) in [(3, true), (30, false)] {
        let certificate = TestCertificate::good_for(Duration::from_secs(days * DAY));
        let fixture = DoctorFixture::new(ReverseProxyOptions {
            certificate: Some(certificate.into()),
            ..ReverseProxyOptions::default()
        })
        .await;
        let _service = fixture.start();
        let found = doctor(&fixture.place, &[]);
        assert_eq!(problems(&found), [], "{found:#}");
        let checks = found["checks"].as_array().unwrap().iter();
        let warned = checks.filter(|it| it["check"] == "TLS" && it["state"] == "warning");
        assert_eq!(warned.count() == 2, expected, "{days}: {found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_passes_no_upgrade_on_is_found() {
    let fixture = DoctorFixture::new(ReverseProxyOptions {
        drops_upgrade: true,
        ..ReverseProxyOptions::default()
    })
    .await;
    let _service = fixture.start();
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "WebSocket",
        "was lost",
        "headers Upgrade and Connection",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_found_by_the_answers_and_by_what_is_stored() {
    let mut fixture = DoctorFixture::new(ReverseProxyOptions {
        clock_ahead: Duration::from_secs(25 * 60 * 60),
        ..ReverseProxyOptions::default()
    })
    .await;
    fixture.place.set("ANTEROOM_ROOMS_PUBLIC_URL", "");
    let _service = fixture.start();
    let found = doctor(&fixture.place, &[]);
    assert_only(&found, "clock", "that of the issuer", "set the clock");

    fixture.place.set("ANTEROOM_ISSUER_PUBLIC_URL", "");
    let later =
        "UPDATE keys SET created = created + 90000 WHERE key_id = (SELECT max(key_id) FROM keys)";
    execute(
        &fixture.place,
        &fixture.place.data().join("rooms.db"),
        later,
    );
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "clock",
        "a key of the database was made on",
        "set the clock",
    );
}

#[test]
fn a_full_disk_is_found() {
    let place = TestDirectory::new();
    place.start().stop();
    let small = place.path().join("small");
    fs::create_dir(&small).unwrap();
    let mut command = place.with_own_mounts(
        "mount -t tmpfs -o size=1500k,mode=700 tmpfs small && cp -a anteroom-data/. small/ && \
         exec anteroom doctor --json --data small",
    );
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = problems(&report);
    let checks: Vec<&str> = found.iter().map(|problem| problem.0.as_str()).collect();
    assert_eq!(checks, ["disk", "services"], "{found:#?}");
    assert!(found[0].1.contains("the disk is full"), "{found:?}");
    assert!(found[0].2.contains("free space"), "{found:?}");
}

#[test]
fn a_key_that_cannot_be_read_is_found_and_nothing_follows_from_it() {
    let place = TestDirectory::new();
    let _service = place.start();
    let key = place.data().join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = without_privileges(&place, "anteroom");
    command.args(["doctor", "--json"]);
    let found = report(&command.output().unwrap());
    assert_only(
        &found,
        "master key",
        "Permission denied",
        "as the user of the service",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_is_refused_is_found() {
    let server = SmtpServer::start(SmtpServerOptions::default()).await;
    let mut place = TestDirectory::new();
    set_mail(&mut place, &server);
    let _service = place.start();
    server.refuse(550, 1);
    let found = doctor(&place, &["--letter-to", "ann@example.org"]);
    assert_only(&found, "mail server", "refuses (status 550)", "mail.from");
    drop(server);
    let found = doctor(&place, &[]);
    assert_only(&found, "mail server", "cannot be reached", "mail.smtp.host");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_than_the_relays_is_found() {
    let relay = TurnServer::start("a-secret-that-is-another-one").await;
    let mut place = TestDirectory::new();
    set_relay(&mut place, &relay);
    let _service = place.start();
    let found = doctor(&place, &[]);
    assert_only(
        &found,
        "TURN",
        "does not take the credentials",
        "static-auth-secret",
    );
    drop(relay);
    let found = doctor(&place, &[]);
    assert_only(&found, "TURN", "does not answer", "through the firewall");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_nobody_reaches_is_found() {
    let mut fixture = DoctorFixture::encrypted().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let url = format!("https://{address}");
    fixture.place.set("ANTEROOM_ROOMS_PUBLIC_URL", &url);
    let _service = fixture.start();
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "port",
        "cannot be connected to",
        "through the firewall",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_that_leads_elsewhere_is_found() {
    let fixture = DoctorFixture::encrypted().await;
    let _service = fixture.start();
    fixture
        .rooms
        .lead_to(&[&listener(&fixture.place, "issuer")]);
    fixture.assert_public_url_elsewhere();

    // The same kind of service of another installation.
    let other = TestDirectory::new();
    let _other = other.start();
    fixture.rooms.lead_to(&[&listener(&other, "rooms")]);
    fixture.assert_public_url_elsewhere();

    // The proxy has no service behind it.
    fixture.rooms.lead_to(&[]);
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "proxy",
        "answers 502",
        "have the proxy pass on to http://127.0.0.1:",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_that_leads_elsewhere_is_found_beside_a_certificate_of_the_services_own() {
    let certificate = Arc::new(TestCertificate::for_names(&["localhost"]));
    let mut fixture = DoctorFixture::new(ReverseProxyOptions {
        certificate: Some(Arc::clone(&certificate)),
        ..ReverseProxyOptions::default()
    })
    .await;
    let (pem, key) = (
        fixture.place.path().join("pem"),
        fixture.place.path().join("key"),
    );
    certificate.write(&pem, &key);
    let public = fixture.rooms.url().replace("127.0.0.1", "localhost");
    for (name, value) in [
        ("ANTEROOM_ISSUER_PUBLIC_URL", ""),
        ("ANTEROOM_ROOMS_PUBLIC_URL", &public),
        ("ANTEROOM_ROOMS_TLS_CERTIFICATE", pem.to_str().unwrap()),
        ("ANTEROOM_ROOMS_TLS_KEY", key.to_str().unwrap()),
    ] {
        fixture.place.set(name, value);
    }
    let _service = fixture.place.start();
    let other = TestDirectory::new();
    let _other = other.start();
    fixture.rooms.lead_to(&[&listener(&other, "rooms")]);
    fixture.assert_public_url_elsewhere();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_tried_by_its_address_under_the_name_of_its_certificate() {
    let certificate = Arc::new(TestCertificate::for_names(&["localhost"]));
    let relay = TurnServer::start_encrypted(SECRET, &certificate).await;
    let mut place = TestDirectory::new();
    let file = place.path().join("trusted.pem");
    fs::write(&file, certificate.certificate_pem()).unwrap();
    place.set("SSL_CERT_FILE", file.to_str().unwrap());
    set_relay(&mut place, &relay);
    let port = relay.encrypted_address().port();
    for (name, host) in [
        ("ANTEROOM_RELAYS_URLS", "localhost"),
        ("ANTEROOM_RELAYS_URLS_WITH_IPS", "%s"),
    ] {
        place.set(name, &format!("turns:{host}:{port}"));
    }
    let _service = place.start();
    let found = doctor(&place, &[]);
    let found = found.to_string();
    let by_address = format!("turns:127.0.0.1:{port} relays");
    assert!(found.contains(&by_address), "{found}");
    assert!(!found.contains("no certificate"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_under_one_name_are_found() {
    let fixture = DoctorFixture::encrypted().await;
    let _service = fixture.start();
    let other = TestDirectory::new();
    let _other = other.start();
    let nodes = [listener(&fixture.place, "rooms"), listener(&other, "rooms")];
    fixture.rooms.lead_to(&[&nodes[0], &nodes[1]]);
    let found = doctor(&fixture.place, &[]);
    assert_only(
        &found,
        "nodes",
        "2 processes",
        "a rooms.public_url of its own",
    );
}

#[test]
fn the_schema_of_another_program_is_found_and_not_changed() {
    let place = TestDirectory::new();
    let _service = place.start();
    let database = place.data().join("issuer.db");
    let newest =
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    execute(&place, &database, newest);
    for _ in 0..2 {
        let found = doctor(&place, &[]);
        assert_only(
            &found,
            "issuer.db",
            "an older program made it",
            "anteroom backup",
        );
    }
    let refusal = place.refusal(&["status"]);
    assert!(refusal.contains("an older program made"), "{refusal}");
    execute(
        &place,
        &database,
        "UPDATE _sqlx_migrations SET version = 9000 WHERE version = 1",
    );
    let found = doctor(&place, &[]);
    assert_only(
        &found,
        "issuer.db",
        "a newer program made it",
        "install that newer version",
    );
    assert!(is_there(&database));
}

fn is_there(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}
