//! Databases that fail. Each test is a row of the table in `docs/operations.md`, which names it.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    database_failures::{
        FailureFixture, OtherProcess, count, damage, execute, fill, stopped_place, until,
    },
    directory::{ServeProcess, TestDirectory},
    roles::apart,
};

const PAGE: &str = include_str!("../../../../../docs/operations.md");
const TESTS: &str = include_str!("degrading.rs");

#[test]
fn every_row_of_the_table_has_its_test_and_every_test_its_row() {
    let table = PAGE.split("### A database in trouble").nth(1).unwrap();
    let table = table.split("\n#").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let named: Vec<&str> = rows
        .map(|row| {
            let name = row
                .split("<!-- ")
                .nth(1)
                .and_then(|rest| rest.split(" -->").next());
            name.unwrap_or_else(|| unreachable!("no test in {row}"))
        })
        .collect();
    assert!(named.len() > 8);
    let mut tests: Vec<&str> = TESTS
        .split("#[test]\nfn ")
        .skip(1)
        .map(|text| text.split('(').next().unwrap())
        .collect();
    tests.retain(|name| !name.starts_with("every_row"));
    for name in &named {
        assert!(tests.contains(name), "{name} is no test");
    }
    for test in tests {
        assert!(named.contains(&test), "{test} has no row");
    }
}

#[test]
fn on_a_full_disk_changes_wait_and_go_on_by_themselves_when_there_is_space() {
    let mut fixture = FailureFixture::on_small_disk();
    fixture.assert_works();
    let filler = fixture.file("filler");
    fill(&filler);

    for _ in 0..3 {
        fixture.change().assert_unavailable();
        fixture.login().assert_unavailable();
        assert!(!fixture.creates_link());
    }
    assert_eq!(fixture.get("issuer", "/v1/accounts/whoami").status, 200);
    fixture.assert_ready("issuer", (200, "degraded", "degraded"));
    fixture.assert_ready("rooms", (200, "degraded", "degraded"));

    fs::remove_file(&filler).unwrap();
    fixture.assert_works();
    fixture.service.wait_for("rooms.db works again");
    let log = fixture.stop();
    for database in ["issuer.db", "rooms.db"] {
        assert_eq!(count(&log, &[database, "the disk is full"]), 1, "{log:#?}");
        assert_eq!(count(&log, &[database, "works again"]), 1, "{log:#?}");
    }
}

#[test]
fn under_another_processes_lock_changes_wait_and_go_on_by_themselves() {
    let mut fixture = FailureFixture::new();
    let other = OtherProcess::at(&fixture.place.data());
    other.locking(|| {
        for _ in 0..2 {
            fixture.change().assert_unavailable();
            assert!(!fixture.creates_link());
        }
        assert_eq!(fixture.get("issuer", "/v1/accounts/whoami").status, 200);
        for _ in 0..3 {
            fixture.assert_ready("issuer", (200, "degraded", "degraded"));
            fixture.assert_ready("rooms", (200, "degraded", "degraded"));
        }
    });
    until("the end of the lock", || fixture.change().status == 200);
    until("the end of the lock", || fixture.creates_link());
    fixture.assert_works();
    fixture.service.wait_for("rooms.db works again");
    let log = fixture.stop();
    for database in ["issuer.db", "rooms.db"] {
        assert_eq!(
            count(&log, &[database, "is locked by another process"]),
            1,
            "{log:#?}"
        );
        assert_eq!(count(&log, &[database, "works again"]), 1, "{log:#?}");
    }
}

#[test]
fn a_removed_database_is_neither_read_nor_written_until_it_is_back() {
    let mut fixture = FailureFixture::new();
    fixture.assert_works();
    for name in ["issuer.db", "rooms.db"] {
        fs::rename(fixture.file(name), fixture.file(&format!("{name}.away"))).unwrap();
    }
    for _ in 0..2 {
        fixture.change().assert_unavailable();
        fixture.login().assert_unavailable();
        assert!(!fixture.creates_link());
        fixture.assert_ready("issuer", (200, "degraded", "failing"));
        fixture.assert_ready("rooms", (503, "failing", "failing"));
    }
    // The account was authenticated within the last minutes.
    assert_eq!(fixture.get("issuer", "/v1/accounts/whoami").status, 200);
    assert!(!fixture.file("issuer.db").exists());
    for name in ["issuer.db", "rooms.db"] {
        fs::rename(fixture.file(&format!("{name}.away")), fixture.file(name)).unwrap();
    }
    fixture.assert_works();
    fixture.service.wait_for("rooms.db works again");
    let log = fixture.stop();
    for database in ["issuer.db", "rooms.db"] {
        let said = [database, "was removed while in use", "restore a backup"];
        assert_eq!(count(&log, &said), 1, "{log:#?}");
    }
}

#[test]
fn a_database_in_the_place_of_the_open_one_is_not_touched_before_a_restart() {
    let fixture = FailureFixture::new();
    for name in ["issuer.db", "rooms.db"] {
        let (path, away) = (fixture.file(name), fixture.file(&format!("{name}.away")));
        fs::rename(&path, &away).unwrap();
        fs::copy(&away, &path).unwrap();
    }
    fixture.change().assert_unavailable();
    assert!(!fixture.creates_link());
    fixture.assert_ready("issuer", (200, "degraded", "failing"));
    fixture.assert_ready("rooms", (503, "failing", "failing"));
    let FailureFixture { place, service, .. } = fixture;
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    for database in ["issuer.db", "rooms.db"] {
        let said = [database, "another file took its place", "start it"];
        assert_eq!(count(&log, &said), 1, "{log:#?}");
    }
    // The log of the file that was open would damage the other one.
    for name in ["issuer.db-wal", "rooms.db-wal"] {
        assert!(!place.data().join(name).exists(), "{log:#?}");
    }
    let (status, log) = place.start().stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn a_database_that_is_damaged_while_open_is_unavailable_and_no_internal_error() {
    let mut fixture = FailureFixture::new();
    fixture.assert_works();
    let other = OtherProcess::at(&fixture.place.data());
    other.damage(&fixture.place.data());
    for _ in 0..3 {
        fixture.change().assert_unavailable();
        fixture.login().assert_unavailable();
        assert!(!fixture.creates_link());
    }
    assert_eq!(fixture.get("issuer", "/v1/accounts/whoami").status, 200);
    let (_, whole, database) = fixture.ready("issuer");
    assert!(
        whole == "degraded" && database != "ok",
        "{whole}, {database}"
    );
    assert_ne!(fixture.ready("rooms").2, "ok");
    fixture.service.wait_for("the file is damaged");
    let (_, log) = fixture.service.stop();
    for database in ["issuer.db", "rooms.db"] {
        assert_eq!(
            count(&log, &[database, "the file is damaged"]),
            1,
            "{log:#?}"
        );
    }
}

/// Starts services of which one cannot work with its database.
fn start_in_part(place: &TestDirectory, failing: &str) -> ServeProcess {
    let said = format!("the {failing} does not run");
    let mut service = ServeProcess::start_until(place.anteroom(&["serve"]), &said);
    service.wait_for("the room service listens on");
    service
}

#[test]
fn a_service_whose_database_is_damaged_at_the_start_leaves_the_other_alone_and_heals() {
    for (name, failing, other) in [
        ("issuer.db", "issuer", "rooms"),
        ("rooms.db", "room service", "issuer"),
    ] {
        let (place, account) = stopped_place();
        let (path, whole) = (place.data().join(name), place.path().join("whole"));
        fs::copy(&path, &whole).unwrap();
        damage(&path);
        let service = start_in_part(&place, failing);
        let data = place.data();
        let mut fixture = FailureFixture::of(place, service, account, data);
        let failed = if other == "rooms" { "issuer" } else { "rooms" };
        for asked in ["/", "/v1/params", "/v1/call-link", "/no/such/path"] {
            fixture.get(failed, asked).assert_unavailable();
        }
        assert_eq!(fixture.get(failed, "/health/live").status, 204);
        fixture.assert_ready(failed, (503, "failing", "failing"));
        fixture.assert_ready(other, (200, "ok", "ok"));

        fs::copy(&whole, &path).unwrap();
        fixture.service.wait_for(&format!("the {failing} runs"));
        fixture.assert_works();
        fixture.stop();
    }
}

#[test]
fn a_service_whose_database_stays_damaged_ends_with_a_failure() {
    let (place, account) = stopped_place();
    damage(&place.data().join("issuer.db"));
    // The remaining service keeps running, so that the file can be restored.
    for (role, listens) in [
        ("all", "the room service listens on"),
        ("issuer", "the issuer listens"),
    ] {
        let command = place.anteroom(&["serve", "--role", role]);
        let service = ServeProcess::start_until(command, listens);
        let (status, log) = service.stop();
        assert_eq!(status.code(), Some(1), "{role}: {log:#?}");
        assert_eq!(
            count(&log, &["anteroom: the issuer never ran", "damaged"]),
            1,
            "{log:#?}"
        );
    }
    drop(account);
}

#[test]
fn a_database_that_is_locked_at_the_start_is_opened_when_the_lock_is_gone() {
    let (place, account) = stopped_place();
    let other = OtherProcess::at(&place.data());
    let service = other.locking(|| {
        let service = start_in_part(&place, "issuer");
        assert_eq!(count(service.log(), &["the room service does not run"]), 1);
        service
    });
    let data = place.data();
    let fixture = FailureFixture::of(place, service, account, data);
    until("the issuer", || fixture.ready("issuer").0 == 200);
    until("the room service", || fixture.ready("rooms").0 == 200);
    fixture.assert_works();
    fixture.stop();
}

#[test]
fn a_missing_database_is_never_made_anew_without_being_asked() {
    let (place, account) = stopped_place();
    for name in ["issuer.db", "rooms.db"] {
        fs::rename(place.data().join(name), place.path().join(name)).unwrap();
    }
    let refused = place.refusal(&["serve"]);
    for said in [
        "issuer.db is missing",
        "installation.json",
        "restore",
        "--new issuer",
    ] {
        assert!(refused.contains(said), "{refused}");
    }
    let key = fs::read(place.data().join("master.key")).unwrap();
    fs::remove_file(place.data().join("master.key")).unwrap();
    let refused = place.refusal(&["serve"]);
    assert!(refused.contains("so is the master key"), "{refused}");
    fs::write(place.data().join("master.key"), key).unwrap();

    // One database is back: its service runs, and the other service follows when its database is back.
    fs::rename(place.path().join("rooms.db"), place.data().join("rooms.db")).unwrap();
    let service = start_in_part(&place, "issuer");
    let data = place.data();
    let mut fixture = FailureFixture::of(place, service, account, data);
    fixture.get("issuer", "/v1/params").assert_unavailable();
    assert!(!fixture.file("issuer.db").exists());
    fixture.assert_ready("rooms", (200, "ok", "ok"));
    fs::rename(
        fixture.place.path().join("issuer.db"),
        fixture.file("issuer.db"),
    )
    .unwrap();
    fixture.service.wait_for("the issuer runs");
    fixture.assert_works();
    let FailureFixture { place, service, .. } = fixture;
    assert!(service.stop().0.success());

    fs::remove_file(place.data().join("rooms.db")).unwrap();
    let service = ServeProcess::start(place.anteroom(&["serve", "--new", "rooms"]));
    assert_eq!(count(service.log(), &["made the database", "rooms.db"]), 1);
    assert!(service.stop().0.success());
    let (status, log) = place.start().stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn an_installation_without_a_record_starts_and_is_protected() {
    let (place, _account) = stopped_place();
    let record = place.data().join("installation.json");
    fs::remove_file(&record).unwrap();
    assert!(place.start().stop().0.success());
    let made = fs::read_to_string(&record).unwrap();
    assert_eq!(made, "{\"databases\":[\"issuer.db\",\"rooms.db\"]}\n");

    fs::remove_file(&record).unwrap();
    for name in ["issuer.db", "rooms.db"] {
        fs::remove_file(place.data().join(name)).unwrap();
    }
    let refused = place.refusal(&["serve"]);
    assert!(
        refused.contains("master.key shows that there was an installation"),
        "{refused}"
    );
    let flags = ["serve", "--new", "issuer", "--new", "rooms"];
    assert!(
        ServeProcess::start(place.anteroom(&flags))
            .stop()
            .0
            .success()
    );
}

#[test]
fn damaged_group_params_stop_nothing_but_group_credentials() {
    let (place, account) = stopped_place();
    let path = place.data().join("issuer.db");
    let mut bytes = fs::read(&path).unwrap();
    // A row of group params: the kind, five bytes of time, and the sealed secret.
    let found: Vec<usize> = (8..bytes.len() - 64)
        .filter(|at| {
            &bytes[*at..*at + 5] == b"group" && bytes[*at + 5..*at + 40].iter().any(|b| *b > 0x7f)
        })
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    bytes[found[0] + 40] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let service = place.start();
    assert_eq!(
        count(
            service.log(),
            &["the group params", "are damaged", "keys rotate group"]
        ),
        1
    );
    let data = place.data();
    let fixture = FailureFixture::of(place, service, account, data);
    let ready = fixture.ask("issuer", "/health/ready", &[]);
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("degraded"))
    );
    assert_eq!(ready.body["dependencies"]["group-params"], "failing");
    fixture.assert_ready("rooms", (200, "ok", "ok"));
    assert!(fixture.creates_link(), "credentials for links are issued");

    let batch = |fixture: &FailureFixture| {
        let now = fixture
            .place
            .command("date")
            .arg("+%s")
            .output()
            .unwrap()
            .stdout;
        let now: u64 = String::from_utf8(now).unwrap().trim().parse().unwrap();
        let day = now - now % 86_400;
        let range = format!("redemptionStartSeconds={day}&redemptionEndSeconds={day}");
        fixture.get("issuer", &format!("/v1/certificate/auth/group?{range}"))
    };
    let degraded = batch(&fixture);
    assert_eq!(
        (degraded.status, &*degraded.degraded),
        (200, "group-credentials")
    );
    assert_eq!(degraded.body["credentials"], json!([]));
    assert_eq!(
        degraded.body["callLinkAuthCredentials"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    fixture.place.shown(&["keys", "rotate", "group", "--now"]);
    fixture.service.signal(Signal::HUP);
    until("group credentials", || batch(&fixture).degraded.is_empty());
    assert_eq!(
        fixture.ask("issuer", "/health/ready", &[]).body["status"],
        "ok"
    );
    fixture.stop();
}

#[test]
fn damaged_certificate_params_stop_nothing_but_certificates() {
    let (place, account) = stopped_place();
    execute(
        &place,
        &place.data().join("issuer.db"),
        "UPDATE server_params SET secret = zeroblob(length(secret)) WHERE kind = 'certificates'",
    );
    let service = place.start();
    let said = [
        "the certificates params",
        "are damaged",
        "keys rotate certificates",
    ];
    assert_eq!(count(service.log(), &said), 1);
    let data = place.data();
    let fixture = FailureFixture::of(place, service, account, data);
    let ready = |fixture: &FailureFixture| fixture.ask("issuer", "/health/ready", &[]);
    let report = ready(&fixture);
    assert_eq!(
        (report.status, &report.body["status"]),
        (200, &json!("degraded"))
    );
    assert_eq!(report.body["dependencies"]["certificate-params"], "failing");
    assert!(fixture.creates_link(), "credentials for links are issued");

    fixture
        .place
        .shown(&["keys", "rotate", "certificates", "--now"]);
    fixture.service.signal(Signal::HUP);
    until("certificates", || ready(&fixture).body["status"] == "ok");
    fixture.stop();
}

/// Statements that spoil the generic params of a database, and the words for it in the log.
const SPOILED: [(&str, &str); 2] = [
    (
        "UPDATE server_params SET secret = zeroblob(length(secret)) WHERE kind = 'generic'",
        "are damaged",
    ),
    (
        "DELETE FROM server_params WHERE kind = 'generic'",
        "are missing",
    ),
];

#[test]
fn generic_params_of_the_room_service_come_back_from_the_issuer_beside_it() {
    for (statement, said) in SPOILED {
        let mut fixture = FailureFixture::new();
        let created = fixture.client.json(&["link", "create", "--json"]);
        let name = created["shortName"].as_str().unwrap();
        execute(&fixture.place, &fixture.file("rooms.db"), statement);
        fixture.service.signal(Signal::HUP);
        fixture.service.wait_for("SIGHUP: looked");
        fixture.client.shown(&["link", "show", name]);
        fixture.client.shown(&["link", "rename", name, "Other"]);
        fixture.assert_works();
        let ready = fixture.get("rooms", "/health/ready");
        assert_eq!(ready.body["dependencies"]["call-link-params"], "ok");
        let FailureFixture {
            place,
            service,
            client,
            ..
        } = fixture;
        let (status, log) = service.stop();
        assert!(status.success(), "{log:#?}");
        let told = ["ERROR", "of the room service", said, "restore a backup"];
        assert_eq!(count(&log, &told), 1, "{log:#?}");
        assert_eq!(count(&log, &["room service are whole again"]), 1);

        execute(&place, &place.data().join("rooms.db"), statement);
        let service = place.start();
        assert_eq!(count(service.log(), &["does not run"]), 0);
        let listen: Value =
            serde_json::from_slice(&fs::read(place.data().join("listen.json")).unwrap()).unwrap();
        let mut client = client;
        for (service, variable) in [
            ("issuer", "ANTEROOM_ISSUER_URL"),
            ("rooms", "ANTEROOM_ROOMS_URL"),
        ] {
            client.set(variable, listen[service].as_str().unwrap());
        }
        client.shown(&["link", "create"]);
        assert!(service.stop().0.success());
    }
}

#[test]
fn generic_params_of_the_issuer_that_are_spoiled_in_use_still_issue() {
    for (statement, said) in SPOILED {
        let mut fixture = FailureFixture::new();
        execute(&fixture.place, &fixture.file("issuer.db"), statement);
        for _ in 0..2 {
            fixture.service.signal(Signal::HUP);
            fixture.service.wait_for("SIGHUP: looked");
        }
        fixture.assert_works();
        let log = fixture.stop();
        let told = ["ERROR", "of the issuer", said, "keys rotate generic --now"];
        assert_eq!(count(&log, &told), 1, "{log:#?}");
        assert_eq!(count(&log, &["other server params"]), 0, "{log:#?}");
    }
}

#[test]
fn generic_params_of_a_room_service_alone_stay_in_use_and_come_back_by_an_import() {
    for (statement, said) in SPOILED {
        let (issuers, issuer, rooms, mut service) = apart();
        let account = issuers.add_account();
        let mut client = TestDirectory::new();
        client.act_as(&account);
        let url = |place: &TestDirectory, service: &str| {
            let listen = fs::read(place.data().join("listen.json")).unwrap();
            let listen: Value = serde_json::from_slice(&listen).unwrap();
            listen[service].as_str().unwrap().to_owned()
        };
        client.set("ANTEROOM_ISSUER_URL", &url(&issuers, "issuer"));
        client.set("ANTEROOM_ROOMS_URL", &url(&rooms, "rooms"));
        let ready = || {
            let target = format!("{}/health/ready", url(&rooms, "rooms"));
            let output = rooms
                .command("curl")
                .args(["--silent", "--noproxy", "*", &target])
                .output();
            let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
            let state = &report["dependencies"]["call-link-params"];
            format!("{} {state}", report["status"]).replace('"', "")
        };
        let created = client.json(&["link", "create", "--json"]);
        let name = created["shortName"].as_str().unwrap();
        let database = rooms.data().join("rooms.db");
        let file = rooms.path().join("again.json");
        issuers.shown(&["keys", "export", "--out", file.to_str().unwrap()]);

        execute(&rooms, &database, statement);
        for _ in 0..2 {
            service.signal(Signal::HUP);
            service.wait_for("SIGHUP: looked");
        }
        client.shown(&["link", "show", name]);
        assert_eq!(ready(), "degraded degraded");
        rooms.shown(&["keys", "import", file.to_str().unwrap()]);
        service.signal(Signal::HUP);
        service.wait_for("SIGHUP: looked");
        assert_eq!(ready(), "ok ok");
        client.shown(&["link", "show", name]);
        let (_, log) = service.stop();
        let told = ["ERROR", "of the room service", said, "keys import"];
        assert_eq!(count(&log, &told), 1, "{log:#?}");

        execute(&rooms, &database, statement);
        if said == "are missing" {
            let refused = rooms.refusal(&["serve", "--role", "rooms"]);
            assert!(refused.contains("keys import"), "{refused}");
            continue;
        }
        let command = rooms.anteroom(&["serve", "--role", "rooms"]);
        let mut service = ServeProcess::start_until(command, "the room service listens on");
        assert_eq!(ready(), "failing null");
        rooms.shown(&["keys", "import", file.to_str().unwrap()]);
        service.wait_for("the room service runs");
        assert_eq!(ready(), "ok ok");
        let (_, log) = service.stop();
        assert_eq!(count(&log, &told), 1, "{log:#?}");
        drop(issuer);
    }
}
