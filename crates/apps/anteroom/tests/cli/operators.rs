//! Commands of the services' operators.

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use crate::{
    accounts::{EMAIL, place_with_login, place_with_login_and},
    database_failures::execute,
    directory::{CallProcess, ServeProcess, TestDirectory, stderr},
};

const LOGIN: [&str; 5] = ["login", "--email", EMAIL, "--password-file", "password"];

fn lines(text: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap();
    text.lines().map(parse).collect()
}

/// Returns the payloads of the records of commands in an event file.
fn records(place: &TestDirectory, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path().join(file)).unwrap_or_default();
    let events = lines(&text).into_iter();
    let audits = events.filter(|event| event["event"] == "audit");
    audits.map(|event| event["payload"].clone()).collect()
}

fn actions(place: &TestDirectory, file: &str) -> Vec<String> {
    let action = |record: &Value| {
        assert_eq!(record["actor"], "operator");
        record["action"].as_str().unwrap().to_owned()
    };
    records(place, file).iter().map(action).collect()
}

fn wrong_login(place: &TestDirectory) -> String {
    fs::write(place.path().join("wrong"), "not the password\n").unwrap();
    place.refusal(&["login", "--email", EMAIL, "--password-file", "wrong"])
}

#[test]
fn the_status_shows_versions_listeners_databases_keys_and_live_calls_and_no_secret() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROOMS_PUBLIC_URL", "https://rooms.example");
    let service = place.start();
    place.add_account();
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["runningVersion"], env!("CARGO_PKG_VERSION"));
    let services = status["services"].as_array().unwrap();
    for (service, name) in services.iter().zip(["issuer", "rooms"]) {
        assert_eq!(service["service"], name);
        assert_eq!(service["state"], "running", "{service}");
        assert_eq!(service["health"], "ok", "{service}");
        let listens = service["listens"].as_str().unwrap();
        assert!(listens.starts_with("http://127.0.0.1:"), "{listens}");
    }
    assert_eq!(services[1]["public"], "https://rooms.example");
    let databases = status["databases"].as_array().unwrap();
    assert_eq!(databases[0]["rows"]["accounts"], 1);
    assert_eq!(databases[1]["rows"]["liveCalls"], 0);
    for database in databases {
        let keys = database["keys"].as_array().unwrap();
        assert!(keys.iter().any(|key| key["kind"] == "data"), "{database}");
        assert!(keys.iter().all(|key| key["ageDays"] == 0), "{database}");
        assert!(!database["serverParams"].as_array().unwrap().is_empty());
    }
    assert!(status["disk"]["free"].as_u64().unwrap() > 0);
    let key = fs::read_to_string(place.data().join("master.key")).unwrap();
    let text = place.shown(&["status"]);
    assert!(
        text.contains("running, listens on http://127.0.0.1:"),
        "{text}"
    );
    assert!(text.contains("live calls 0"), "{text}");
    for shown in [text, status.to_string()] {
        assert!(!shown.contains(key.trim()));
    }
    assert!(service.stop().0.success());
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["services"][0]["state"], "stopped");
    assert_eq!(status["runningVersion"], Value::Null);
}

#[test]
fn a_check_says_whether_the_services_would_start_and_makes_nothing() {
    let mut place = TestDirectory::new();
    let report = place.json(&["serve", "--check", "--json"]);
    assert_eq!(report["problems"], 0, "{report}");
    assert!(!place.data().exists());

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    place.set("ANTEROOM_ROOMS_LISTEN", &address);
    let media = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = media.local_addr().unwrap().port().to_string();
    place.set("ANTEROOM_MEDIA_PORT", &port);
    place.set("ANTEROOM_MAIL_TRANSPORT", "smtp");
    place.set("ANTEROOM_RELAYS_PROVIDER", "coturn");
    place.set("ANTEROOM_ISSUER_TLS_CERTIFICATE", "nowhere.pem");
    let output = place.run(&["serve", "--check", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let problems = checks.iter().filter(|check| check["state"] == "problem");
    let problems: Vec<&Value> = problems.collect();
    assert_eq!(report["problems"], problems.len());
    let is_of_media = |problem: &&&Value| problem["what"].as_str().unwrap().contains("media");
    let of_media = problems.iter().find(is_of_media).unwrap();
    assert_eq!(of_media["check"], "ports");
    assert!(
        of_media["what"].as_str().unwrap().contains(&port),
        "{of_media}"
    );
    assert!(
        of_media["next"].as_str().unwrap().contains("media.port"),
        "{of_media}"
    );
    for (check, part) in [
        (
            "certificates",
            "issuer.tls.certificate needs issuer.tls.key",
        ),
        ("mail", "mail.smtp.host"),
        ("relays", "there is no secret"),
        ("ports", "rooms.listen"),
    ] {
        let found = problems.iter().find(|problem| problem["check"] == check);
        let found = found.unwrap_or_else(|| unreachable!("no {check}: {report}"));
        assert!(found["what"].as_str().unwrap().contains(part), "{found}");
        assert!(!found["next"].as_str().unwrap().is_empty());
    }
    assert!(!place.data().exists());
}

#[test]
fn the_settings_of_the_systems_service_are_found_for_its_data_without_being_named() {
    let place = TestDirectory::new();
    let mut command = place.with_own_mounts(
        "mount -t tmpfs tmpfs /etc && mount -t tmpfs tmpfs /var/lib && \
         mkdir /etc/anteroom && mkdir -m 700 /var/lib/anteroom && \
         echo 'issuer.public_url = \"http://localhost:1\"' > /etc/anteroom/anteroom.toml && \
         anteroom serve --check --json --data /var/lib/anteroom && \
         exec anteroom serve --check --json --data elsewhere",
    );
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let reports = lines(&String::from_utf8(output.stdout).unwrap());
    let named: Vec<bool> = reports
        .iter()
        .map(|report| report.to_string().contains("http://localhost:1"))
        .collect();
    assert_eq!(named, [true, false], "{reports:#?}");
}

#[test]
fn an_account_that_wrong_passwords_have_locked_is_seen_and_unlocked() {
    let (place, _service, _) = place_with_login_and(|place| {
        place.set("ANTEROOM_LOGIN_LOCK_FAILURES", "2");
        place.set("ANTEROOM_EVENTS_FILE", "events");
    });
    let shown = place.json(&["account", "show", EMAIL, "--json"]);
    assert_eq!(
        (&shown["lockedUntil"], &shown["failedLogins"]),
        (&Value::Null, &json!(0))
    );
    wrong_login(&place);
    wrong_login(&place);
    let refusal = place.refusal(&LOGIN);
    assert!(refusal.contains("LOGIN_ACCOUNT_LOCKED"), "{refusal}");
    let shown = place.json(&["account", "show", EMAIL, "--json"]);
    assert!(shown["lockedUntil"].as_u64().is_some(), "{shown}");
    let text = place.shown(&["account", "show", EMAIL]);
    assert!(text.contains("anteroom account unlock"), "{text}");
    let listed = place.json(&["account", "list", "--json"]);
    for member in ["lockedUntil", "failedLogins"] {
        assert_eq!(listed[member], shown[member]);
    }
    let text = place.shown(&["account", "list"]);
    assert!(text.contains("locked until 20"), "{text}");

    let report = place.json(&["account", "unlock", EMAIL, "--json"]);
    assert_eq!(
        (&report["wasLocked"], &report["wasDisabled"]),
        (&json!(true), &json!(false))
    );
    assert!(!place.shown(&["account", "list"]).contains("locked"));
    place.shown(&LOGIN);

    place.shown(&["account", "lock", EMAIL, "--yes"]);
    let refusal = place.refusal(&LOGIN);
    assert!(refusal.contains("LOGIN_ACCOUNT_DISABLED"), "{refusal}");
    let report = place.json(&["account", "unlock", EMAIL, "--json"]);
    assert_eq!(report["wasDisabled"], true);
    place.shown(&LOGIN);
    assert_eq!(
        actions(&place, "events"),
        [
            "account.added",
            "account.unlocked",
            "account.disabled",
            "account.unlocked"
        ]
    );
}

#[test]
fn the_sessions_of_an_account_are_listed_and_ended() {
    let (place, _service, uuid) = place_with_login();
    let sessions = ["account", "sessions", EMAIL];
    assert!(place.shown(&sessions).contains("no sessions"));
    place.shown(&LOGIN);
    let listed = place.json(&[&sessions[..], &["--json"]].concat());
    assert_eq!(listed["uuid"], uuid.as_str());
    let session = &listed["sessions"][0];
    assert_eq!(
        (&session["deviceId"], &session["remembered"]),
        (&json!(1), &json!(false))
    );
    place.json(&["whoami", "--json"]);
    let ended = place.json(&[&sessions[..], &["--end", "--yes", "--json"]].concat());
    assert_eq!(ended["endedSessions"], 1);
    assert!(place.refusal(&["whoami"]).contains("the login has ended"));
}

#[test]
fn invites_are_listed_and_cancelled_under_names_that_tell_nothing_of_the_codes() {
    let place = TestDirectory::new();
    let _service = place.start();
    let codes: Vec<String> = (0..3)
        .map(|_| {
            let made = place.json(&["account", "invite", "--json"]);
            made["code"].as_str().unwrap().to_owned()
        })
        .collect();
    let listed = lines(&place.shown(&["account", "invite", "list", "--json"]));
    assert_eq!(listed.len(), 3);
    for invite in &listed {
        let name = invite["name"].as_str().unwrap();
        assert!(codes.iter().all(|code| !code.contains(name)));
    }
    let name = listed[0]["name"].as_str().unwrap();
    let cancelled = place.json(&["account", "invite", "cancel", &name[..8], "--yes", "--json"]);
    assert_eq!(cancelled["cancelled"], json!([name]));
    for wrong in [name, "0000000000000000", "abc"] {
        place.refusal(&["account", "invite", "cancel", wrong, "--yes"]);
    }
    assert_eq!(
        place.shown(&["account", "invite", "list"]).lines().count(),
        2
    );
    place.shown(&["account", "invite", "cancel", "--all", "--yes"]);
    let text = place.shown(&["account", "invite", "list"]);
    assert!(text.contains("No invite code is good"), "{text}");
}

#[test]
fn an_account_whose_devices_are_gone_gets_a_new_one() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_FILE", "events");
    let _service = place.start();
    let account = place.add_account();
    place.shown(&["device", "delete", &account.uuid, "1", "--yes"]);
    let text = place.shown(&["account", "show", &account.uuid]);
    assert!(text.contains("anteroom device add"), "{text}");
    let add = ["account", "device", "add", &account.uuid, "--json"];
    let first = place.json(&add);
    let second = place.json(&[
        "device",
        "add",
        &account.uuid,
        "--name",
        "Kitchen",
        "--json",
    ]);
    assert_eq!(
        (&first["deviceId"], &second["deviceId"]),
        (&json!(1), &json!(2))
    );
    let listed = place.json(&["device", "list", &account.uuid, "--json"]);
    assert_eq!(listed["devices"][1]["name"], "Kitchen");
    place.act_as(&crate::directory::TestAccount {
        uuid: account.uuid.clone(),
        password: first["password"].as_str().unwrap().to_owned(),
    });
    assert_eq!(
        place.json(&["whoami", "--json"])["uuid"],
        account.uuid.as_str()
    );
    assert_eq!(
        actions(&place, "events"),
        [
            "account.added",
            "device.deleted",
            "device.added",
            "device.added"
        ]
    );
    let events = fs::read_to_string(place.path().join("events")).unwrap();
    assert!(!events.contains(&account.uuid));
}

/// Returns a place whose owner is in a call, with the room's id.
fn place_with_call() -> (TestDirectory, ServeProcess, CallProcess, String) {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_ROOMS_FILE", "rooms-events");
    let service = place.start();
    let ann = place.add_account();
    place.act_as(&ann);
    place.json(&["link", "create", "--json", "--name", "Tea"]);
    let created = place.json(&["link", "create", "--json", "--name", "Cake"]);
    let link = created["link"].as_str().unwrap().to_owned();
    let mut call = CallProcess::start(place.anteroom(&["call", "join", &link, "--plain"]));
    call.wait_for("You are in \"Cake\", as an admin.");
    let rooms = lines(&place.shown(&["room", "list", "--json"]));
    assert_eq!(rooms.len(), 2);
    let with_call = rooms.iter().find(|room| room["call"] != Value::Null);
    let room = with_call.unwrap()["room"].as_str().unwrap().to_owned();
    (place, service, call, room)
}

#[test]
fn the_operator_ends_a_call_of_a_running_service_by_the_id_of_its_room() {
    let (place, _service, mut call, room) = place_with_call();
    let shown = place.json(&["room", "show", &room, "--json"]);
    assert_eq!(
        (&shown["state"], &shown["approvedUsers"]),
        (&json!("open"), &json!(0))
    );
    assert!(shown["call"]["seconds"].as_u64().is_some());
    let text = place.shown(&["room", "list"]);
    assert!(
        !text.contains("Cake") && text.contains("a call for 0 min"),
        "{text}"
    );
    assert_eq!(
        place.json(&["status", "--json"])["databases"][1]["rows"]["liveCalls"],
        1
    );

    let report = place.json(&["room", "end", &room, "--yes", "--json"]);
    assert_eq!(report["callWasOn"], true);
    call.wait_for("An admin ended the call.");
    let (status, said) = call.end();
    assert_eq!(status.code(), Some(5), "{said:#?}");
    assert_eq!(
        place.json(&["room", "show", &room, "--json"])["call"],
        Value::Null
    );
    let again = place.json(&["room", "end", &room, "--yes", "--json"]);
    assert_eq!(again["callWasOn"], false);
    let records = records(&place, "rooms-events");
    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .all(|record| record["action"] == "call.ended")
    );
    assert!(!records[0].to_string().contains(&room));
}

#[test]
fn the_operator_deletes_a_room_and_with_its_call_only_if_told_so() {
    let (place, _service, mut call, room) = place_with_call();
    let refusal = place.refusal(&["room", "delete", &room, "--yes"]);
    assert!(refusal.contains("--end-call"), "{refusal}");
    let report = place.json(&["room", "delete", &room, "--yes", "--end-call", "--json"]);
    assert_eq!(
        (&report["deleted"], &report["callWasOn"]),
        (&json!(true), &json!(true))
    );
    call.wait_for("An admin ended the call.");
    let (status, said) = call.end();
    assert_eq!(status.code(), Some(5), "{said:#?}");
    let refusal = place.refusal(&["room", "show", &room]);
    assert!(refusal.contains("anteroom room list"), "{refusal}");
    assert_eq!(actions(&place, "rooms-events"), ["call_link.deleted"]);
    assert_eq!(lines(&place.shown(&["room", "list", "--json"])).len(), 1);
}

#[test]
fn calls_on_media_servers_are_not_ended_by_the_database() {
    let place = TestDirectory::new();
    place.start().stop();
    let mut command = place.anteroom(&["room", "end", "aa", "--yes"]);
    command.env("ANTEROOM_ROOMS_MEDIA", "sfu");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("End the call at the media server"), "{said}");
}

/// Waits for a log line, which may have been written before the services listened.
fn await_log_line(service: &mut ServeProcess, said: &str) {
    if !service.log().iter().any(|line| line.contains(said)) {
        service.wait_for(said);
    }
}

#[test]
fn nothing_is_purged_after_the_clock_jumped_and_the_log_says_why() {
    const DAY: u64 = 86_400;
    let place = TestDirectory::new();
    place.start().stop();
    let account = place.add_account();
    let stale = format!("UPDATE devices SET last_seen = last_seen - {}", 91 * DAY);
    execute(&place, &place.data().join("issuer.db"), &stale);
    // After a restore, or with an older version, only the uses of devices reveal the time.
    for file in ["issuer-clock.json", "rooms-clock.json"] {
        // The first run may have ended before it wrote the file.
        let _ = fs::remove_file(place.data().join(file));
    }
    for _ in 0..2 {
        let mut service = place.start();
        await_log_line(&mut service, "and the last time known here is");
        assert!(service.stop().0.success());
        let listed = place.json(&["device", "list", &account.uuid, "--json"]);
        assert_eq!(listed["devices"][0]["state"], "stale", "{listed}");
    }
    // The clock was right all the time: the service was there yesterday.
    let file = place.data().join("issuer-clock.json");
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let yesterday = kept["trusted"].as_u64().unwrap() + 90 * DAY;
    fs::write(&file, json!({ "trusted": yesterday }).to_string()).unwrap();
    let mut service = place.start();
    await_log_line(&mut service, "deleted stale devices and expired rows");
    assert!(service.stop().0.success());
    let text = place.shown(&["device", "list", &account.uuid]);
    assert!(text.contains("anteroom device add"), "{text}");
}

#[test]
fn commands_on_keys_and_backups_are_recorded_in_the_events_of_the_services_that_they_are_for() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_FILE", "events");
    place.set("ANTEROOM_EVENTS_ROOMS_FILE", "rooms-events");
    place.set("ANTEROOM_EVENTS_TIME_STEP_SECONDS", "1");
    place.set("ANTEROOM_EVENTS_ROOMS_TIME_STEP_SECONDS", "86400");
    place.start().stop();
    for command in [
        &["keys", "rotate", "event", "--yes"][..],
        &["keys", "rotate", "token"],
        &["keys", "export", "--out", "params.json"],
        &["keys", "import", "params.json"],
        &["backup", "copy"],
    ] {
        place.shown(command);
    }
    place.shown(&["keys", "list"]);
    assert_eq!(
        actions(&place, "events"),
        [
            "keys.event_rotated",
            "keys.token_rotated",
            "keys.exported",
            "backup.made"
        ]
    );
    assert_eq!(
        actions(&place, "rooms-events"),
        ["keys.event_rotated", "keys.imported", "backup.made"]
    );
    let of_rooms = fs::read_to_string(place.path().join("rooms-events")).unwrap();
    for event in lines(&of_rooms) {
        let time = event["time"].as_str().unwrap();
        assert!(time.ends_with("T00:00:00Z"), "{event}");
    }
}

/// Standard output is closed, so that all these commands fail after they have changed something.
#[test]
fn commands_that_fail_after_they_changed_something_are_recorded_where_they_did() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_EVENTS_FILE", "events");
    place.set("ANTEROOM_EVENTS_ROOMS_FILE", "rooms-events");
    place.start().stop();
    for command in [
        "keys rotate event --yes",
        "keys rotate token",
        "keys export --out params.json",
        "keys import params.json",
        "backup copy",
        "keys rotate token --json",
        "keys rotate master",
        // These commands change nothing.
        "backup copy",
        "keys import nowhere.json",
    ] {
        let script = format!("anteroom {command} > /dev/full");
        let output = place.command("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{command}: {}",
            stderr(&output)
        );
    }
    assert_eq!(
        actions(&place, "events"),
        [
            "keys.event_rotated",
            "keys.token_rotated",
            "keys.exported",
            "backup.made",
            "keys.token_rotated",
            "keys.master_rotated"
        ]
    );
    // The first command ended before it changed the room service.
    assert_eq!(
        actions(&place, "rooms-events"),
        ["keys.imported", "backup.made", "keys.master_rotated"]
    );
}

#[test]
fn a_backup_names_the_settings_of_the_systems_service_that_it_was_made_with() {
    let place = TestDirectory::new();
    place.start().stop();
    let mut command = place.with_own_mounts(
        "mount -t tmpfs tmpfs /etc && mount -t tmpfs tmpfs /var/lib && mkdir /etc/anteroom && \
         cp -r anteroom-data /var/lib/anteroom && echo > /etc/anteroom/anteroom.toml && \
         exec anteroom backup copy --json --data /var/lib/anteroom",
    );
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["configuration"], "/etc/anteroom/anteroom.toml");
}
