//! Configurations that a start refuses, and the findings of `anteroom serve --check`.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
};

use anteroom_testkit::TestCertificate;
use rustix::process::Signal;
use serde_json::Value;

use crate::directory::{TestDirectory, stderr};

/// Returns the problems of a check: the name of the check, the finding and the next step.
fn problems(place: &TestDirectory, arguments: &[&str]) -> Vec<[String; 3]> {
    let output = place.run(arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| unreachable!("{}", stderr(&output)));
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["state"] == "problem")
        .map(|check| ["check", "what", "next"].map(|name| check[name].as_str().unwrap().to_owned()))
        .collect()
}

const CHECK: [&str; 3] = ["serve", "--check", "--json"];

#[track_caller]
fn assert_one(problems: &[[String; 3]], check: &str, what: &str) {
    let [problem] = problems else {
        unreachable!("{what}: {problems:#?}")
    };
    assert_eq!(problem[0], check, "{problem:?}");
    assert!(problem[1].contains(what), "{what}: {problem:?}");
}

#[test]
fn a_database_that_is_lost_is_found_and_no_record_of_it_is_made() {
    let place = TestDirectory::new();
    place.start().stop();
    let data = place.data();
    fs::remove_file(data.join("rooms.db")).unwrap();
    let record = data.join("installation.json");
    let recorded = fs::read(&record).unwrap();
    for has_record in [true, false] {
        if !has_record {
            fs::remove_file(&record).unwrap();
        }
        let found = problems(&place, &CHECK);
        let what = "shows that there was an installation";
        assert_one(&found, "rooms.db", what);
        assert!(found[0][2].contains("anteroom restore"), "{found:?}");
        assert_eq!(record.exists(), has_record);
    }
    fs::write(&record, recorded).unwrap();
    fs::write(data.join("rooms.db-wal"), "w").unwrap();
    assert_one(&problems(&place, &CHECK), "rooms.db", "rooms.db-wal");
    assert!(!data.join("rooms.db").exists());
}

#[test]
fn services_that_were_killed_are_not_taken_for_running_ones() {
    let mut place = TestDirectory::new();
    let service = place.start();
    service.signal(Signal::KILL);
    service.stop();
    let listed = fs::read(place.data().join("listen.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let left = listed["rooms"].as_str().unwrap().to_owned();
    let address: SocketAddr = left.strip_prefix("http://").unwrap().parse().unwrap();
    let _other = TcpListener::bind(address).unwrap();
    place.set("ANTEROOM_ROOMS_LISTEN", &address.to_string());
    assert_one(&problems(&place, &CHECK), "ports", "rooms.listen");
    let found = problems(&place, &["doctor", "--json"]);
    let missing = |problem: &[String; 3]| problem[0] == "services";
    assert!(found.iter().any(missing), "{found:#?}");
}

#[test]
fn no_password_goes_to_a_program_that_took_the_port_of_services_that_were_killed() {
    let place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    let mut client = TestDirectory::new();
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    service.signal(Signal::KILL);
    service.stop();
    let port = listen["issuer"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let thief = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    thief.set_nonblocking(true).unwrap();
    client.act_as_without_data(&account);
    let data = place.data().to_str().unwrap().to_owned();
    let told = client.refusal(&["whoami", "--data", &data]);
    assert!(told.contains("no `anteroom serve` runs"), "{told}");
    assert!(thief.accept().is_err(), "it was asked");
}

#[test]
fn settings_that_a_start_refuses_are_found() {
    for (name, value, what) in [
        ("ANTEROOM_PROGRAM_PAGE", "ftp://a.example", "program_page"),
        (
            "ANTEROOM_LOGIN_HASH_MEMORY_KIB",
            "1",
            "login.hash_memory_kib",
        ),
        ("ANTEROOM_EVENTS_FILE", "nowhere/events", "nowhere/events"),
        (
            "ANTEROOM_EVENTS_ROOMS_FILE",
            "nowhere/rooms",
            "nowhere/rooms",
        ),
        ("ANTEROOM_EVENTS_FILE", ".", "event file"),
    ] {
        let mut place = TestDirectory::new();
        place.set(name, value);
        let refusal = place.refusal(&["serve"]);
        assert!(refusal.contains(what), "{refusal}");
        let mut place = TestDirectory::new();
        place.set(name, value);
        assert_one(&problems(&place, &CHECK), "settings", what);
        assert!(!place.data().exists());
    }
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_FILE", "events");
    assert!(problems(&place, &CHECK).is_empty());
    assert!(!place.path().join("events").exists());
}

#[test]
fn people_who_would_hear_nobody_are_found_and_told_of_at_the_start() {
    let mut place = TestDirectory::new();
    let of_media = |place: &TestDirectory| -> Vec<Value> {
        let report = place.json(&CHECK);
        let checks = report["checks"].as_array().unwrap().iter();
        let of_media = checks.filter(|check| check["check"] == "media");
        of_media.cloned().collect()
    };
    let states = |place: &TestDirectory| -> Vec<String> {
        let found = of_media(place);
        let states = found.iter().map(|check| check["state"].as_str().unwrap());
        states.map(ToOwned::to_owned).collect()
    };
    assert_eq!(states(&place), ["ok"]);
    place.set("ANTEROOM_MEDIA_ENABLED", "false");
    assert_eq!(states(&place), ["skipped"]);
    let (_, log) = place.start().stop();
    assert!(
        !log.iter().any(|line| line.contains("media listen")),
        "{log:#?}"
    );
    place.set("ANTEROOM_MEDIA_ENABLED", "true");
    place.set("ANTEROOM_ROOMS_PUBLIC_URL", "https://rooms.example");
    assert_eq!(states(&place), ["ok", "warning"]);
    let warning = &of_media(&place)[1];
    assert!(
        warning["next"]
            .as_str()
            .unwrap()
            .contains("media.public_addresses"),
        "{warning}"
    );
    let (_, log) = place.start().stop();
    let listens = "media listen on free UDP and TCP ports, and clients are told 127.0.0.1, which only this machine reaches";
    assert!(log.iter().any(|line| line.contains(listens)), "{log:#?}");
    let warns =
        "WARN people on other machines hear and see nobody: clients are told 127.0.0.1 for media";
    assert!(log.iter().any(|line| line.contains(warns)), "{log:#?}");
    place.set("ANTEROOM_MEDIA_PUBLIC_ADDRESSES", "198.51.100.7,10.0.0.7");
    assert_eq!(states(&place), ["ok"]);
    let (_, log) = place.start().stop();
    let told = |line: &String| line.ends_with("clients are told 198.51.100.7, 10.0.0.7");
    assert!(log.iter().any(told), "{log:#?}");
    for (name, value) in [
        ("ANTEROOM_MEDIA_THREADS", "9"),
        ("ANTEROOM_MEDIA_PUBLIC_ADDRESSES", "::1"),
    ] {
        place.set(name, value);
        let refusal = place.refusal(&["serve"]);
        let setting = name.replace("ANTEROOM_MEDIA_", "media.").to_lowercase();
        assert!(refusal.contains(&setting), "{refusal}");
        assert_one(&problems(&place, &CHECK[..]), "media", &setting);
        place.set(name, "");
    }
}

#[test]
fn too_few_files_for_the_services_are_found() {
    let place = TestDirectory::new();
    let mut command = place.command("prlimit");
    command.args(["--nofile=64", "anteroom"]).args(CHECK);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("the limit of open files is 64"), "{text}");
}

#[test]
fn a_service_with_a_certificate_of_its_own_is_seen_to_run() {
    let mut place = TestDirectory::new();
    let (pem, key) = (place.path().join("pem"), place.path().join("key"));
    TestCertificate::for_names(&["id.example"]).write(&pem, &key);
    for (name, path) in [
        ("SSL_CERT_FILE", &pem),
        ("ANTEROOM_ISSUER_TLS_CERTIFICATE", &pem),
        ("ANTEROOM_ISSUER_TLS_KEY", &key),
    ] {
        place.set(name, path.to_str().unwrap());
    }
    place.set("ANTEROOM_ISSUER_PUBLIC_URL", "https://id.example");
    let _service = place.start();
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["services"][0]["state"], "running", "{status}");
}
