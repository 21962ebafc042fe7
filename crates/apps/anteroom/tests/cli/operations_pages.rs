//! The operations documentation: its commands, and its files with the programs that they are for.

use std::{fs, net::TcpListener, os::unix::net::UnixDatagram, path::PathBuf};

use anteroom_testkit::TestCertificate;
use rustix::process::geteuid;
use serde_json::Value;

use crate::{
    directory::{CallProcess, ServeProcess, TestDirectory, stderr},
    readme::run_console_blocks,
};

const PAGE: &str = include_str!("../../../../../docs/operations.md");

const FILES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../docs/operations/files"
);

/// Returns a file of the documentation.
fn file(name: &str) -> String {
    fs::read_to_string(format!("{FILES}/{name}")).unwrap()
}

/// Replaces a part of a text that must occur in it.
fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in {text}");
    text.replace(from, to)
}

#[test]
fn the_drill_works_as_it_stands_while_the_services_run() {
    let place = TestDirectory::new();
    let service = place.start();
    run_console_blocks(&place, PAGE);
    stop(service);
}

#[test]
fn the_supervisor_is_told_when_the_services_answer_and_when_they_stop() {
    let mut place = TestDirectory::new();
    let path = place.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    place.set("NOTIFY_SOCKET", path.to_str().unwrap());
    let heard = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let service = place.start();
    assert_eq!(heard(), "READY=1\n");
    assert!(place.data().join("listen.json").exists());
    let (status, _) = service.stop();
    assert!(status.success());
    assert_eq!(heard(), "STOPPING=1\n");
    // A missing supervisor must not prevent the start. The socket's file is removed too, since a process that
    // another test forks at this moment holds the socket until it executes its own program.
    drop(socket);
    fs::remove_file(&path).unwrap();
    let service = place.start();
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    assert!(log.join("\n").contains("NOTIFY_SOCKET"), "{log:#?}");
}

#[test]
fn systemd_takes_the_units_and_finds_little_exposed() {
    let place = TestDirectory::new();
    let path = |name: &str| place.path().join(name);
    for name in ["anteroom.service", "anteroom-backup.service"] {
        let program = env!("CARGO_BIN_EXE_anteroom");
        let unit = replace(&file(name), "/usr/local/bin/anteroom", program);
        fs::write(path(name), unit).unwrap();
    }
    fs::write(path("anteroom-backup.timer"), file("anteroom-backup.timer")).unwrap();
    let units = ["anteroom.service", "anteroom-backup.timer"];
    let output = place
        .command("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(units)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    for unit in ["anteroom.service", "anteroom-backup.service"] {
        let output = place
            .command("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
            .arg(unit)
            .output()
            .unwrap();
        assert!(output.status.success(), "{unit} is too exposed");
    }
}

/// A running nginx with the file of the documentation. Stopped when dropped.
struct Nginx<'a> {
    place: &'a TestDirectory,
    config: PathBuf,
}

impl<'a> Nginx<'a> {
    /// Starts nginx at these two ports for the services at these addresses.
    fn start(place: &'a TestDirectory, ports: [u16; 2], services: [&str; 2]) -> Self {
        let path = |name: &str| place.path().join(name).display().to_string();
        let mut text = file("nginx.conf");
        for (from, to) in [
            ("    listen [::]:443 ssl http2;\n", String::new()),
            ("    listen [::]:443 ssl;\n", String::new()),
            (
                "listen 443 ssl http2;",
                format!("listen 127.0.0.1:{} ssl http2;", ports[0]),
            ),
            (
                "listen 443 ssl;",
                format!("listen 127.0.0.1:{} ssl;", ports[1]),
            ),
            ("http://127.0.0.1:8080", services[0].to_owned()),
            ("http://127.0.0.1:8081", services[1].to_owned()),
            ("/var/log/nginx/anteroom-error.log", path("error.log")),
        ] {
            text = replace(&text, from, &to);
        }
        for host in ["id.example", "rooms.example"] {
            let folder = format!("/etc/letsencrypt/live/{host}");
            text = replace(&text, &format!("{folder}/fullchain.pem"), &path("tls.pem"));
            text = replace(
                &text,
                &format!("{folder}/privkey.pem"),
                &path("tls-key.pem"),
            );
        }
        fs::write(path("anteroom.conf"), text).unwrap();
        // The frame of Debian's own file, with this place's paths.
        let user = if geteuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {};\n", path(kind)))
            .collect();
        let config = format!(
            "{user}\npid {};\nerror_log {};\nevents {{}}\nhttp {{\n{folders}include {};\n}}\n",
            path("nginx.pid"),
            path("error.log"),
            path("anteroom.conf"),
        );
        let nginx = Self {
            place,
            config: place.path().join("nginx.conf"),
        };
        fs::write(&nginx.config, config).unwrap();
        // The command returns when nginx listens.
        nginx.run(&[]);
        nginx
    }

    fn run(&self, arguments: &[&str]) {
        let log = self.place.path().join("error.log");
        let output = self
            .place
            .command("nginx")
            .arg("-e")
            .arg(log)
            .arg("-c")
            .arg(&self.config)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

impl Drop for Nginx<'_> {
    fn drop(&mut self) {
        self.run(&["-s", "stop"]);
    }
}

/// Returns two free ports. The system gives none of their range to whoever asks for any, as the other tests do.
fn free_ports() -> [u16; 2] {
    let mut range = 25_000..30_000;
    let mut is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    [(); 2].map(|()| range.find(&mut is_free).unwrap())
}

#[test]
fn the_services_work_behind_nginx_and_clients_are_told_apart_by_their_addresses() {
    let mut place = TestDirectory::new();
    let certificate = TestCertificate::new();
    let pem = place.path().join("tls.pem");
    certificate.write(&pem, &place.path().join("tls-key.pem"));
    let ports = free_ports();
    let [issuer, rooms] = ports.map(|port| format!("https://127.0.0.1:{port}"));
    for (name, value) in [
        ("SSL_CERT_FILE", pem.to_str().unwrap()),
        ("ANTEROOM_HTTP_TRUSTED_PROXIES", "127.0.0.1, ::1"),
        ("ANTEROOM_ISSUER_PUBLIC_URL", &issuer),
        ("ANTEROOM_ROOMS_PUBLIC_URL", &rooms),
        ("ANTEROOM_ISSUER_URL", &issuer),
        ("ANTEROOM_ROOMS_URL", &rooms),
    ] {
        place.set(name, value);
    }
    let service = place.start();
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let services = ["issuer", "rooms"].map(|name| listen[name].as_str().unwrap());
    let ann = place.add_account();
    let nginx = Nginx::start(&place, ports, services);
    limits_count_by_client(&place, &issuer);
    drop(nginx);

    place.act_as(&ann);
    let nginx = Nginx::start(&place, ports, services);
    let created = place.json(&["link", "create", "--json", "--name", "Tea"]);
    let link = created["link"].as_str().unwrap();
    assert!(link.starts_with(&rooms), "{link}");
    let join = ["call", "join", link, "--plain", "--admin"];
    let mut call = CallProcess::start(place.anteroom(&join));
    call.wait_for("You are in \"Tea\", as an admin.");
    assert_eq!(place.json(&["link", "show", link, "--json"])["active"], 1);
    call.type_line("/quit");
    assert!(call.end().0.success());
    drop(nginx);
    let error_log = fs::read_to_string(place.path().join("error.log")).unwrap();
    assert!(!error_log.contains("127.0.0."), "{error_log}");
    stop(service);
}

fn stop(service: ServeProcess) {
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}

/// The limit of ten logins a minute applies to each address that nginx sees, whatever clients claim.
fn limits_count_by_client(place: &TestDirectory, issuer: &str) {
    let log_in = |address: &str, header: &str| {
        let output = place
            .command("curl")
            .args(["--silent", "--noproxy", "*", "--interface", address])
            .args(["--cacert", "tls.pem", "--write-out", "%{http_code}"])
            .args(["--output", "answer", "--header", header])
            .args(["--header", "content-type: application/json", "--data"])
            .arg(r#"{"email":"ann@example.org","password":"correct horse"}"#)
            .arg(format!("{issuer}/auth/login"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let nothing = "x-nothing: 1";
    let answers: Vec<String> = (0..12).map(|_| log_in("127.0.0.2", nothing)).collect();
    assert!(
        answers[..5].iter().all(|answer| answer == "401"),
        "{answers:?}"
    );
    assert!(
        answers[..10].iter().all(|answer| answer != "429"),
        "{answers:?}"
    );
    assert_eq!(answers[11], "429", "{answers:?}");
    for header in ["x-forwarded-for: 192.0.2.7", "forwarded: for=192.0.2.7"] {
        assert_eq!(log_in("127.0.0.2", header), "429", "{header}");
    }
    assert_ne!(log_in("127.0.0.3", nothing), "429");
}
