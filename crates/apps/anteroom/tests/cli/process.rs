//! Processes whose output leads nowhere.

use std::{
    fs::OpenOptions,
    io::{self, BufRead as _, BufReader},
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::Value;

use crate::directory::{ServeProcess, TestDirectory, stderr};

/// The time limit of a wait, much longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns a device on which no byte has space.
fn full_device() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// Returns a pipe without a reader.
fn abandoned_pipe() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Runs the services with their log going to `log`, and stops them.
fn serves_with_log_to(place: &TestDirectory, log: Stdio) {
    let socket = place.path().join("notify");
    let supervisor = UnixDatagram::bind(&socket).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut service = place
        .anteroom(&["serve", "--config", "settings.toml"])
        .env("NOTIFY_SOCKET", &socket)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut message = [0; 256];
    let length = supervisor.recv(&mut message).unwrap();
    assert!(message[..length].starts_with(b"READY=1"));
    let listen = std::fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    for service in ["issuer", "rooms"] {
        let url = format!("{}/health/ready", listen[service].as_str().unwrap());
        let answer = place
            .command("curl")
            .args(["--silent", "--fail", "--noproxy", "*", &url])
            .output()
            .unwrap();
        assert!(answer.status.success(), "{service}: {answer:?}");
    }
    kill_process(Pid::from_child(&service), Signal::TERM).unwrap();
    let status = service.wait().unwrap();
    assert!(status.success(), "{status}");
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn a_log_that_cannot_be_written_does_not_end_the_services() {
    for format in ["human", "json"] {
        let place = TestDirectory::new();
        let settings = format!("[log]\nformat = \"{format}\"\nlevel = \"debug\"\n");
        std::fs::write(place.path().join("settings.toml"), settings).unwrap();
        serves_with_log_to(&place, full_device());
        serves_with_log_to(&place, abandoned_pipe());
    }
}

#[test]
fn a_log_that_nobody_reads_holds_no_request_up_and_is_whole_at_the_end() {
    // A pipe of Linux holds 64 KiB, less than a thousand of these lines.
    const REQUESTS: usize = 1_500;
    let place = TestDirectory::new();
    let mut service = place
        .anteroom(&["serve"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(service.stderr.take().unwrap()).lines();
    let started = log.any(|line| line.unwrap().contains("the room service listens on"));
    assert!(started);
    let listen = std::fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let url = format!("{}/v1/params", listen["issuer"].as_str().unwrap());
    let answers = place
        .command("curl")
        .args(["--silent", "--max-time", "60", "--output", "/dev/null"])
        .args(["--write-out", "%{http_code}\n"])
        .arg(format!("{url}?[1-{REQUESTS}]"))
        .output()
        .unwrap();
    let answers = String::from_utf8(answers.stdout).unwrap();
    assert_eq!(
        answers.lines().filter(|code| *code == "200").count(),
        REQUESTS
    );
    kill_process(Pid::from_child(&service), Signal::TERM).unwrap();
    let lines: Vec<String> = log.map(Result::unwrap).collect();
    assert!(service.wait().unwrap().success());
    let answered = lines.iter().filter(|line| line.contains("answered"));
    assert_eq!(answered.count(), REQUESTS);
    assert!(lines.last().unwrap().ends_with("stopped"));
}

/// Returns a command without the privileges of root.
pub(crate) fn without_privileges(place: &TestDirectory, program: &str) -> Command {
    if !geteuid().is_root() {
        return place.command(program);
    }
    let mut command = place.command("setpriv");
    command.args(["--bounding-set=-all", program]);
    command
}

#[test]
fn the_memory_of_a_running_service_goes_into_no_core_dump_and_to_no_process_of_its_user() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_SMTP_PASSWORD", "known-to-the-service-alone");
    let mut command = without_privileges(&place, "anteroom");
    command.arg("serve");
    let service = ServeProcess::start(command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");

    let mut other = without_privileges(&place, "sleep")
        .arg("300")
        .spawn()
        .unwrap();
    let read = |process: u32, file: &str| {
        let path = format!("/proc/{process}/{file}");
        without_privileges(&place, "head")
            .args(["--bytes=1", &path])
            .output()
            .unwrap()
    };
    for file in ["environ", "maps"] {
        let outcome = read(service.id(), file);
        assert!(!outcome.status.success(), "{file}: {outcome:?}");
        assert!(
            stderr(&outcome).contains("Permission denied"),
            "{outcome:?}"
        );
        // The same files of another process are readable.
        let outcome = read(other.id(), file);
        assert!(outcome.status.success(), "{file}: {outcome:?}");
    }
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_proxy_that_the_settings_do_not_name_is_warned_of_once_without_an_address() {
    let mut place = TestDirectory::new();
    for (networks, warnings) in [("", 1), ("127.0.0.0/8", 0)] {
        place.set("ANTEROOM_HTTP_TRUSTED_PROXIES", networks);
        let service = place.start();
        let listen = std::fs::read(place.data().join("listen.json")).unwrap();
        let listen: Value = serde_json::from_slice(&listen).unwrap();
        for (service, header) in [
            ("issuer", "x-forwarded-for: 203.0.113.9"),
            ("issuer", "x-forwarded-for: 203.0.113.10"),
            ("rooms", "forwarded: for=203.0.113.9"),
        ] {
            let url = format!("{}/health/live", listen[service].as_str().unwrap());
            let answer = place
                .command("curl")
                .args([
                    "--silent",
                    "--fail",
                    "--noproxy",
                    "*",
                    "--header",
                    header,
                    &url,
                ])
                .output()
                .unwrap();
            assert!(answer.status.success(), "{answer:?}");
        }
        let (_, log) = service.stop();
        let said: Vec<&String> = log
            .iter()
            .filter(|line| line.contains("http.trusted_proxies does not name"))
            .collect();
        assert_eq!(said.len(), warnings, "{log:#?}");
        for line in said {
            assert!(line.contains("a peer on this host"), "{line}");
            assert!(
                !line.contains("203.0.113") && !line.contains("127.0.0"),
                "{line}"
            );
        }
    }
}

#[test]
fn a_reader_that_is_gone_ends_commands_quietly_and_an_output_that_is_full_with_a_reason() {
    let place = TestDirectory::new();
    place.start().stop();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["settings"],
        &["account", "add"],
        &["account", "add", "--json"],
        &["account", "list"],
        &["account", "list", "--json"],
        &["account", "invite", "list"],
        &["room", "list"],
        &["room", "list", "--json"],
        &["keys", "list"],
        &["keys", "list", "--json"],
        &["link", "list"],
        &["status"],
        &["status", "--json"],
        &["serve", "--check"],
        &["completions", "bash"],
        &["account", "list", "--help"],
        &["account", "show", "00000000-0000-0000-0000-000000000000"],
    ] {
        let run = |stdout: Stdio, stderr: Stdio| {
            let mut command: Command = place.anteroom(arguments);
            command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
            command.output().unwrap()
        };
        let quiet = run(abandoned_pipe(), Stdio::piped());
        let said = stderr(&quiet);
        let is_refused = arguments.contains(&"show");
        assert_eq!(quiet.status.code(), Some(i32::from(is_refused)), "{said}");
        assert_eq!(said.is_empty(), !is_refused, "{arguments:?}: {said}");

        let said = stderr(&run(full_device(), Stdio::piped()));
        assert!(said.lines().count() <= 1, "{arguments:?}: {said}");
        let mute = run(full_device(), full_device());
        assert!(
            matches!(mute.status.code(), Some(0 | 1)),
            "{arguments:?}: {}",
            mute.status
        );
    }
}

#[test]
fn a_service_goes_on_while_nobody_reads_its_standard_output() {
    for script in [
        "exec anteroom serve >&-",
        "mkfifo pipe && { true < pipe & exec anteroom serve > pipe; }",
    ] {
        let mut place = TestDirectory::new();
        place.set("ANTEROOM_EVENTS_STDOUT", "true");
        let mut command = place.command("sh");
        command.args(["-c", script]);
        let service = ServeProcess::start(command);
        place.act_as(&place.add_account());
        for _ in 0..2 {
            place.json(&["link", "create", "--json"]);
        }
        let (status, log) = service.stop();
        assert!(status.success(), "{log:#?}");
        assert!(
            !log.iter().any(|line| line.contains("panicked")),
            "{log:#?}"
        );
    }
}
