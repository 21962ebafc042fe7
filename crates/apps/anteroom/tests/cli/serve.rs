//! `anteroom serve` and `anteroom account` as processes.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::directory::{ServeProcess, TestDirectory, stderr};

const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn listen(place: &TestDirectory) -> Value {
    serde_json::from_slice(&fs::read(place.data().join("listen.json")).unwrap()).unwrap()
}

/// Returns id, kind, version and whether it issues, of all params that the running issuer lists.
fn params(place: &TestDirectory) -> Vec<(String, String, u64, bool)> {
    let url = format!("{}/v1/params", listen(place)["issuer"].as_str().unwrap());
    let body: Value = serde_json::from_str(&place.get(&url)).unwrap();
    let entries = body["params"].as_array().unwrap();
    let mut listed: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry["id"].as_str().unwrap().to_owned(),
                entry["kind"].as_str().unwrap().to_owned(),
                entry["version"].as_u64().unwrap(),
                entry["issuing"].as_bool().unwrap(),
            )
        })
        .collect();
    listed.sort();
    listed
}

/// Returns all files below a directory with their bytes.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn the_first_start_makes_everything_and_says_so() {
    let place = TestDirectory::new();
    let service = place.start();
    let log = service.log().join("\n");
    for said in [
        "made the data directory ./anteroom-data",
        "made the master key ./anteroom-data/master.key",
        "made the database ./anteroom-data/issuer.db",
        "made the database ./anteroom-data/rooms.db",
        "the room service verifies under generic params",
        "made generic params",
        "made group params",
        "made certificate params",
        "the issuer listens on http://127.0.0.1:",
        "the room service listens on http://127.0.0.1:",
    ] {
        assert!(log.contains(said), "{log}\nlacks {said:?}");
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.data()), 0o700);
    for file in ["master.key", "issuer.db", "rooms.db", "listen.json"] {
        assert_eq!(mode(&place.data().join(file)), 0o600, "{file}");
    }
    let listen = listen(&place);
    let urls = ["issuer", "rooms"].map(|name| listen[name].as_str().unwrap());
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({"issuer": urls[0], "rooms": urls[1], "version": version});
    assert_eq!(listen, expected);
    for url in urls {
        assert!(log.contains(url) && !url.ends_with(":0"));
        assert!(place.get(&format!("{url}/health/ready")).contains("\"ok\""));
    }
    let key = fs::read_to_string(place.data().join("master.key")).unwrap();
    assert!(!log.contains(key.trim()));
}

#[test]
fn both_signals_end_it_in_order_and_a_restart_keeps_keys_and_accounts() {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    place.json(&["credential", "auth", "--json"]);
    let before = params(&place);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    assert!(log.last().unwrap().ends_with("stopped"), "{log:#?}");
    assert!(!place.data().join("listen.json").exists());

    let service = place.start();
    assert_eq!(params(&place), before);
    let again = place.json(&["credential", "auth", "--json"]);
    assert_eq!(again["newlyPinned"], json!([]), "the pins still hold");
    service.signal(Signal::INT);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    assert!(!log.join("\n").contains("made"), "{log:#?}");
}

#[test]
fn what_a_killed_service_left_stands_in_nobodys_way() {
    let place = TestDirectory::new();
    drop(place.start());
    assert!(place.data().join("listen.json").exists());
    let (status, _) = place.start().stop();
    assert!(status.success());
}

#[test]
fn accounts_are_added_with_exactly_the_promised_members() {
    let place = TestDirectory::new();
    let service = place.start();
    for (flags, has_pni) in [
        (&["account", "add", "--json"][..], false),
        (&["account", "add", "--json", "--pni"], true),
    ] {
        let added = place.json(flags);
        let members: Vec<&String> = added.as_object().unwrap().keys().collect();
        assert_eq!(members, ["deviceId", "password", "pni", "uuid"]);
        assert_eq!(added["uuid"].as_str().unwrap().len(), 36);
        assert_eq!(added["deviceId"], 1);
        assert_eq!(added["password"].as_str().unwrap().len(), 32);
        assert_eq!(added["pni"].is_string(), has_pni);
        assert_eq!(added["pni"].is_null(), !has_pni);
    }
    let shown = place.run(&["account", "add", "--pni"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for label in ["account ", "pni ", "device ", "password "] {
        assert!(shown.contains(label), "{shown}");
    }
    // The command also works while no service runs.
    service.stop();
    place.add_account();
}

#[test]
fn accounts_need_a_database() {
    let place = TestDirectory::new();
    let shown = place.refusal(&["account", "add"]);
    assert!(
        shown.contains("there is no database in ./anteroom-data"),
        "{shown}"
    );
    assert!(!place.data().exists());
}

#[test]
fn a_wrong_or_missing_master_key_is_refused_and_nothing_is_written() {
    let mut place = TestDirectory::new();
    place.start().stop();
    place.add_account();
    let key = place.data().join("master.key");
    let right = fs::read_to_string(&key).unwrap();

    fs::write(&key, OTHER_KEY).unwrap();
    check_refused(&place, "the master key is not the one");
    fs::write(&key, "nonsense").unwrap();
    check_refused(&place, "the master key is malformed");
    fs::remove_file(&key).unwrap();
    check_refused(
        &place,
        "the master key of ./anteroom-data/issuer.db is missing",
    );

    place.set("ANTEROOM_MASTER_KEY", OTHER_KEY);
    check_refused(&place, "the master key is not the one");
    place.set("ANTEROOM_MASTER_KEY", right.trim());
    let (status, _) = place.start().stop();
    assert!(status.success());
    assert!(!key.exists(), "a key that was given is not written");

    let elsewhere = place.path().join("elsewhere.key");
    place.set("ANTEROOM_MASTER_KEY", "");
    place.set("ANTEROOM_MASTER_KEY_FILE", elsewhere.to_str().unwrap());
    check_refused(&place, "elsewhere.key does not exist");
    fs::write(&elsewhere, right).unwrap();
    let (status, _) = place.start().stop();
    assert!(status.success());
}

fn check_refused(place: &TestDirectory, why: &str) {
    let before = snapshot(&place.data());
    for command in [&["serve"][..], &["account", "add"]] {
        let shown = place.refusal(command);
        assert!(shown.contains(why), "{shown}");
        assert!(!shown.contains(OTHER_KEY), "{shown}");
    }
    let after = snapshot(&place.data());
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after), "{why}");
    assert!(before == after, "a file was changed: {why}");
}

#[test]
fn an_empty_data_directory_under_a_key_from_outside_is_warned_of_and_recorded() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_MASTER_KEY", OTHER_KEY);
    let (_, log) = place.start().stop();
    let warning = log.iter().find(|line| line.contains(" WARN ")).unwrap();
    for said in ["./anteroom-data is empty", "ANTEROOM_MASTER_KEY", "--data"] {
        assert!(warning.contains(said), "{warning}");
    }
    let record = fs::read_to_string(place.data().join("installation.json")).unwrap();
    assert!(record.contains("issuer.db") && record.contains("rooms.db"));
    // Neither existing databases nor an existing key cause a warning.
    for place in [place, TestDirectory::new()] {
        let (_, log) = place.start().stop();
        assert!(
            !log.iter().any(|line| line.contains("is empty")),
            "{log:#?}"
        );
    }
}

#[test]
fn a_public_url_that_nobody_else_reaches_is_warned_of() {
    for (listener, said) in [
        (
            "ISSUER",
            "mails and tokens name the issuer http://localhost:1",
        ),
        ("ROOMS", "links that are made here name http://localhost:1"),
    ] {
        let mut place = TestDirectory::new();
        let variable = format!("ANTEROOM_{listener}_PUBLIC_URL");
        place.set(&variable, "http://localhost:1/");
        let (_, log) = place.start().stop();
        assert!(log.iter().any(|line| line.contains(said)), "{log:#?}");
    }
}

#[test]
fn two_services_do_not_share_a_data_directory() {
    let place = TestDirectory::new();
    let _service = place.start();
    let before = listen(&place);
    let shown = place.refusal(&["serve"]);
    assert!(shown.contains("another `anteroom serve` uses"), "{shown}");
    assert_eq!(listen(&place), before);
}

#[test]
fn a_taken_port_is_named() {
    let place = TestDirectory::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let shown = place.refusal(&["serve", "--issuer-listen", &address]);
    assert!(
        shown.contains(&format!("cannot listen on {address}")),
        "{shown}"
    );
    assert!(!place.data().join("listen.json").exists());
}

#[test]
fn services_listen_on_the_addresses_of_a_host_name() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ADMIN_LISTEN", "localhost:0");
    let mut command = place.anteroom(&["serve", "--issuer-listen", "localhost:0"]);
    command.args(["--rooms-listen", "localhost:0"]);
    let _service = ServeProcess::start(command);
    for service in ["issuer", "rooms", "admin"] {
        let url = listen(&place)[service].as_str().unwrap().to_owned();
        let url = url.strip_prefix("http://").unwrap();
        let taken: SocketAddr = url.parse().unwrap();
        assert!(taken.ip().is_loopback() && taken.port() != 0, "{taken}");
    }
    let account = place.add_account();
    place.act_as(&account);
    place.shown(&["whoami"]);
    let shown = place.refusal(&["serve", "--issuer-listen", "localhost"]);
    assert!(
        shown.contains(
            "--issuer-listen cannot be used: no address to listen on: write a host and a port"
        ),
        "{shown}"
    );
}

#[test]
fn unknown_settings_are_refused_by_name() {
    let mut place = TestDirectory::new();
    fs::create_dir(place.data()).unwrap();
    let file = place.data().join("anteroom.toml");
    fs::write(&file, "[issuer]\ncolour = 'red'\n").unwrap();
    let shown = place.refusal(&["serve"]);
    assert!(
        shown.contains("line 2, cannot be used: unknown field `colour`"),
        "{shown}"
    );
    fs::remove_file(&file).unwrap();

    place.set("ANTEROOM_COLOUR", "red");
    let shown = place.refusal(&["serve"]);
    assert!(shown.contains("ANTEROOM_COLOUR is unknown"), "{shown}");
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 0);
}

#[test]
fn services_start_beside_the_variables_of_a_cluster_and_clients_beside_those_of_a_server() {
    let mut place = TestDirectory::new();
    for (name, value) in [
        ("ANTEROOM_PORT", "tcp://10.0.0.1:8080"),
        ("ANTEROOM_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("ANTEROOM_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("ANTEROOM_SERVICE_HOST", "10.0.0.1"),
        ("ANTEROOM_SERVICE_PORT_HTTP", "8080"),
    ] {
        place.set(name, value);
    }
    let _service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let output = place.run(&["whoami"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");

    place.set("ANTEROOM_COLOUR", "red");
    place.set("ANTEROOM_ROLE", "other");
    fs::write(place.data().join("anteroom.toml"), "colour = 'red'\n").unwrap();
    let output = place.run(&["whoami"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("the variable ANTEROOM_COLOUR is unknown here and ignored"),
        "{said}"
    );
}

#[test]
fn flags_variables_and_the_file_reach_the_service() {
    let mut place = TestDirectory::new();
    let config = place.path().join("settings.toml");
    fs::write(
        &config,
        "data = 'of-file'\n[admin]\nlisten = '127.0.0.1:0'\n[log]\nformat = 'json'\n",
    )
    .unwrap();
    place.set("ANTEROOM_CONFIG", config.to_str().unwrap());
    drop(place.start());
    assert!(place.path().join("of-file/issuer.db").exists());
    place.set("ANTEROOM_DATA", "of-variable");
    drop(place.start());
    assert!(place.path().join("of-variable/issuer.db").exists());

    let service = ServeProcess::start(place.anteroom(&["serve", "--data", "of-flag"]));
    for line in service.log() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO", "{line}");
    }
    let text = fs::read_to_string(place.path().join("of-flag/listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    let admin = listen["admin"].as_str().unwrap();
    for path in ["metrics", "rooms/metrics"] {
        assert!(place.get(&format!("{admin}/{path}")).contains("# EOF"));
    }
    let issuer = listen["issuer"].as_str().unwrap();
    assert!(!place.get(&format!("{issuer}/metrics")).contains("# EOF"));
}

#[test]
fn the_mode_that_issues_is_a_setting_and_each_has_a_key_of_its_own() {
    let mut place = TestDirectory::new();
    let (standard, legacy) = (1, 0);
    let generic = |place: &TestDirectory| {
        let listed = params(place).into_iter();
        let mut generic: Vec<_> = listed
            .filter(|(_, kind, ..)| kind == "generic")
            .map(|(id, _, version, issuing)| (version, issuing, id))
            .collect();
        generic.sort();
        generic
    };
    let service = place.start();
    let first = generic(&place);
    assert!(matches!(&first[..], [(version, true, _)] if *version == standard));
    service.stop();

    place.set("ANTEROOM_LEGACY_PARAMS", "true");
    let service = place.start();
    let both = generic(&place);
    assert!(
        matches!(&both[..], [(a, false, _), (b, true, _)] if (*a, *b) == (legacy, standard)),
        "{both:?}"
    );
    assert_eq!(both[1].2, first[0].2, "the standard key stays");
    service.stop();

    place.set("ANTEROOM_ISSUE_MODE", "legacy");
    let service = place.start();
    let switched = generic(&place);
    assert!(
        matches!(&switched[..], [(a, true, _), (b, false, _)] if (*a, *b) == (legacy, standard)),
        "{switched:?}"
    );
    let account = place.add_account();
    place.act_as(&account);
    // If both modes are listed, the project's client accepts no legacy credential.
    let shown = place.refusal(&["credential", "create", "--new", "--json"]);
    assert!(shown.contains("does not verify"), "{shown}");
    service.stop();

    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ISSUE_MODE", "legacy");
    let service = place.start();
    let only = generic(&place);
    assert!(matches!(&only[..], [(version, true, _)] if *version == legacy));
    let account = place.add_account();
    place.act_as(&account);
    let report = place.json(&["credential", "create", "--new", "--json"]);
    assert_eq!(report["genericParams"], json!(only[0].2));
    service.stop();
}

#[test]
fn events_go_to_their_file_under_pseudonyms() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_FILE", "events.jsonl");
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    place.json(&["credential", "create", "--new", "--json"]);
    place.json(&["credential", "auth", "--json"]);
    let (_, log) = service.stop();
    let events = fs::read_to_string(place.path().join("events.jsonl")).unwrap();
    let names: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    for name in [
        "call_link.credential_issued",
        "call_link.auth_batch_issued",
        "group_credentials.issued",
    ] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    for secret in [&account.uuid, &account.password] {
        assert!(!events.contains(secret.as_str()));
        assert!(!log.join("\n").contains(secret.as_str()));
    }
}
