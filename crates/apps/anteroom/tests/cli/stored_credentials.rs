//! Stored credentials, with which no visit to a room sends a request to the issuer.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_protocol::DAY;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    accounts::place_with_login,
    directory::{ServeProcess, TestDirectory, stderr},
};

const ASKED_NOW: &str = "the issuer is asked now";
const PATIENCE: Duration = Duration::from_secs(60);

/// A separate issuer and room service, and a place with an account.
pub(crate) struct CredentialsFixture {
    issuers: TestDirectory,
    issuer: ServeProcess,
    pub(crate) rooms: TestDirectory,
    _room_service: ServeProcess,
    pub(crate) person: TestDirectory,
}

pub(crate) fn fixture() -> CredentialsFixture {
    let mut issuers = TestDirectory::new();
    issuers.set("ANTEROOM_EVENTS_FILE", "events.jsonl");
    let serve = ["serve", "--role", "issuer"];
    let issuer = ServeProcess::start_until(issuers.anteroom(&serve), "the issuer listens on");
    let rooms = TestDirectory::new();
    let params = rooms.path().join("params.json");
    issuers.shown(&["keys", "export", "--out", params.to_str().unwrap()]);
    rooms.shown(&["keys", "import", params.to_str().unwrap()]);
    let room_service = ServeProcess::start(rooms.anteroom(&["serve", "--role", "rooms"]));
    let account = issuers.add_account();
    let mut person = TestDirectory::new();
    person.act_as_without_data(&account);
    person.set("ANTEROOM_ISSUER_URL", &address(&issuers, "issuer"));
    person.set("ANTEROOM_ROOMS_URL", &address(&rooms, "rooms"));
    CredentialsFixture {
        issuers,
        issuer,
        rooms,
        _room_service: room_service,
        person,
    }
}

pub(crate) fn address(place: &TestDirectory, name: &str) -> String {
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    listen[name].as_str().unwrap().to_owned()
}

fn folder(place: &TestDirectory) -> PathBuf {
    place.path().join(".config/anteroom/credentials")
}

/// Returns the files of stored credentials that end like this.
fn files(place: &TestDirectory, end: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(place)) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == end))
        .collect()
}

/// Returns the warnings, but for the address of a service that only this machine reaches.
fn warnings(output: &Output) -> String {
    let all = stderr(output);
    let lines = all.lines();
    lines
        .filter(|line| !line.contains("which only this machine reaches"))
        .collect()
}

/// Runs a command that must succeed, and returns its output and its warnings.
fn told(place: &TestDirectory, arguments: &[&str]) -> (String, String) {
    let output = place.run(arguments);
    let warned = warnings(&output);
    assert!(output.status.success(), "{arguments:?}: {warned}");
    (String::from_utf8(output.stdout).unwrap(), warned)
}

#[test]
fn links_are_created_and_calls_joined_while_the_issuer_is_stopped() {
    let fixture = fixture();
    let person = &fixture.person;
    let renewed = person.json(&["credential", "renew", "--json"]);
    assert_eq!(renewed["spareLinks"], 3);
    assert!(fixture.issuer.stop().0.success());

    let (created, warned) = told(person, &["link", "create", "--json", "--name", "Tea"]);
    assert_eq!(warned, "");
    let created: Value = serde_json::from_str(&created).unwrap();
    let name = created["shortName"].as_str().unwrap();
    let (shown, warned) = told(person, &["link", "show", name]);
    assert!(
        shown.contains("Tea") && warned.is_empty(),
        "{shown}{warned}"
    );
    let join = ["call", "join", name, "--admin", "--plain"];
    let joined = person.run_with_input(&join, "/who\n");
    assert!(joined.status.success(), "{}", stderr(&joined));
    assert_eq!(stderr(&joined), "");
    person.shown(&["link", "rename", name, "Coffee"]);

    // The stock is not endless, and the issuer is asked only by a flag.
    for _ in 0..2 {
        person.shown(&["link", "create"]);
    }
    let told = person.refusal(&["link", "create"]);
    assert!(
        told.contains("for 3 links, and") && told.contains("brings 3 more"),
        "{told}"
    );
    let warned = stderr(&person.run(&["link", "create", "--fetch"]));
    assert!(
        warned.contains("which link this account creates"),
        "{warned}"
    );
    // The week's credentials are still stored.
    person.shown(&["link", "show", name]);
    assert!(fixture.rooms.data().exists());
}

#[test]
fn no_request_to_the_issuer_precedes_a_visit_but_the_first_one_without_credentials() {
    let fixture = fixture();
    let person = &fixture.person;
    let events = || {
        let text = fs::read_to_string(fixture.issuers.path().join("events.jsonl"));
        text.unwrap_or_default().lines().count()
    };
    // The first visit without a renewal before it needs a request, and warns about it.
    let (_, warned) = told(person, &["link", "create"]);
    assert_eq!(warned.matches(ASKED_NOW).count(), 1, "{warned}");
    assert!(warned.contains("anteroom credential renew"), "{warned}");
    let asked = || person.json(&["link", "list", "--json"]);
    let name = asked()[0]["shortName"].as_str().unwrap().to_owned();
    fixture.issuers.shown(&["account", "list"]);
    let before = events();
    for command in [
        &["link", "create"][..],
        &["link", "show", &name],
        &["link", "approval", &name, "off"],
        &["call", "end", &name, "--yes"],
    ] {
        let (_, warned) = told(person, command);
        assert_eq!(warned, "", "{command:?}");
    }
    let (_, warned) = told(person, &["link", "show", &name, "--fetch"]);
    assert!(warned.contains("--fetch asks the issuer now"), "{warned}");
    // Events are written in order: those of the forced fetch are the first since.
    let (status, _) = fixture.issuer.stop();
    assert!(status.success());
    // A week of credentials, and three for creating links.
    let text = fs::read_to_string(fixture.issuers.path().join("events.jsonl")).unwrap();
    let since: Vec<&str> = text.lines().skip(before).collect();
    let created = "call_link.credential_issued";
    let creates = since.iter().filter(|line| line.contains(created)).count();
    assert_eq!(creates, 3, "{since:#?}");
    // The times of events are whole hours.
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(
            event["time"].as_str().unwrap().ends_with(":00:00Z"),
            "{line}"
        );
    }
}

#[test]
fn a_login_brings_the_first_credentials_and_a_logout_takes_them_away() {
    let (place, service, _) = place_with_login();
    let login = [
        "login",
        "--email",
        "ann@example.org",
        "--password-file",
        "password",
    ];
    let (_, warned) = told(&place, &login);
    assert!(!warned.contains(ASKED_NOW), "{warned}");
    let [file] = &files(&place, "sealed")[..] else {
        unreachable!("one account");
    };
    let key = place.path().join(".config/anteroom/credentials.key");
    for path in [file, &key] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let (_, warned) = told(&place, &["link", "create"]);
    assert_eq!(warned, "");
    place.shown(&["logout"]);
    assert!(files(&place, "sealed").is_empty());
    place.shown(&login);
    place.shown(&["logout", "--everywhere", "--yes"]);
    assert!(files(&place, "sealed").is_empty());
    service.stop();
}

#[test]
fn a_damaged_file_or_a_lost_key_is_told_and_what_was_in_it_is_fetched_again() {
    let fixture = fixture();
    let person = &fixture.person;
    let first = person.shown(&["credential", "renew"]);
    assert!(!first.contains("in store already"), "{first}");
    let again = person.shown(&["credential", "renew"]);
    assert!(
        again.contains(
            "Those of the same days were in store already: nothing needs another renewal"
        ),
        "{again}"
    );
    let (link, _) = told(person, &["link", "create", "--json"]);
    let link: Value = serde_json::from_str(&link).unwrap();
    let name = link["shortName"].as_str().unwrap();
    let file = files(person, "sealed").pop().unwrap();
    let key = person.path().join(".config/anteroom/credentials.key");
    let good = fs::read(&file).unwrap();
    for damage in [
        &(|| fs::write(&file, &good[..good.len() / 2]).unwrap()) as &dyn Fn(),
        &|| fs::write(&file, "nothing of ours").unwrap(),
        &|| fs::remove_file(&key).unwrap(),
    ] {
        damage();
        let (_, warned) = told(person, &["link", "show", name]);
        assert!(warned.contains("of your credentials"), "{warned}");
        assert!(warned.contains("it is replaced"), "{warned}");
        assert!(warned.contains(ASKED_NOW), "{warned}");
        let (_, warned) = told(person, &["link", "show", name]);
        assert_eq!(warned, "");
    }
}

#[test]
fn commands_at_the_same_time_take_different_root_keys() {
    let fixture = fixture();
    let person = &fixture.person;
    person.shown(&["credential", "renew"]);
    let commands: Vec<_> = (0..3)
        .map(|_| {
            let mut command = person.anteroom(&["link", "create", "--json"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            command.stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut links = Vec::new();
    for command in commands {
        let output = command.wait_with_output().unwrap();
        assert_eq!(warnings(&output), "");
        let created: Value = serde_json::from_slice(&output.stdout).unwrap();
        links.push(created["link"].as_str().unwrap().to_owned());
    }
    links.sort();
    links.dedup();
    assert_eq!(links.len(), 3);
}

#[test]
fn one_process_alone_waits_for_the_next_renewal_and_asks_for_nothing_before() {
    let mut fixture = fixture();
    fixture.person.set("ANTEROOM_RENEWAL", "background");
    let person = &fixture.person;
    person.shown(&["credential", "renew"]);
    let waiting = wait_for_process(person);
    // Others find it and leave no second one.
    person.shown(&["link", "create"]);
    let started = Instant::now();
    person.shown(&["credential", "renew", "--wait"]);
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(wait_for_process(person), waiting);
    assert!(fixture.issuer.stop().0.success());
    let text = fs::read_to_string(fixture.issuers.path().join("events.jsonl")).unwrap();
    let created = text.matches("call_link.credential_issued").count();
    assert_eq!(created, 3, "{text}");
    kill_process(waiting, Signal::TERM).unwrap();
}

#[test]
fn the_waiting_process_keeps_no_lock_and_no_pipe_of_the_caller() {
    let mut fixture = fixture();
    fixture.person.set("ANTEROOM_RENEWAL", "background");
    let person = &fixture.person;
    let script = "exec 9>lock; flock -n 9 || exit 1; anteroom credential renew 8>&1 >renewed";
    let mut shell = person.command("timeout");
    shell.args(["60", "sh", "-c", script]).stdin(Stdio::null());
    let mut shell = shell.stdout(Stdio::piped()).spawn().unwrap();
    let status = shell.wait().unwrap();
    // The output ends when no process holds the pipe any more.
    let mut pipe = shell.stdout.take().unwrap();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        pipe.read_to_end(&mut Vec::new()).unwrap();
        let _ = ended.send(());
    });
    let end = end.recv_timeout(Duration::from_secs(60));
    let waiting = wait_for_process(person);
    let free = person
        .command("flock")
        .args(["-n", "lock", "true"])
        .status()
        .unwrap();
    kill_process(waiting, Signal::TERM).unwrap();
    assert!(status.success());
    assert!(end.is_ok(), "the process has the pipe");
    assert!(free.success(), "the process has the lock");
}

#[test]
fn the_waiting_process_finds_the_issuer_of_the_directory_that_the_caller_is_in() {
    let (mut place, service, _) = place_with_login();
    place.set("ANTEROOM_RENEWAL", "background");
    place.set("ANTEROOM_CREDENTIALS_KEY_FILE", "credentials.key");
    let login = [
        "login",
        "--email",
        "ann@example.org",
        "--password-file",
        "password",
    ];
    place.shown(&login);
    let waiting = wait_for_process(&place);
    kill_process(waiting, Signal::TERM).unwrap();
    service.stop();
}

#[test]
fn a_call_leaves_no_zombie_of_the_waiting_process() {
    let fixture = fixture();
    let person = &fixture.person;
    let created = person.json(&["link", "create", "--json"]);
    let name = created["shortName"].as_str().unwrap();
    let mut call = person
        .anteroom(&["call", "join", name, "--plain"])
        .env("ANTEROOM_RENEWAL", "background")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let own = Pid::from_child(&call);
    let waiting = wait_for_other_process(person, Some(own));
    kill_process(waiting, Signal::KILL).unwrap();
    let started = Instant::now();
    // A zombie can still be signalled.
    while rustix::process::test_kill_process(waiting).is_ok() {
        assert!(started.elapsed() < PATIENCE, "a zombie is left");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(call.try_wait().unwrap().is_none(), "the call goes on");
    drop(call.stdin.take());
    assert!(call.wait().unwrap().success());
}

/// Returns the process that waits for the renewal, once it does.
fn wait_for_process(place: &TestDirectory) -> Pid {
    wait_for_other_process(place, None)
}

/// As [`wait_for_process`], while the command that starts it is still running.
fn wait_for_other_process(place: &TestDirectory, starter: Option<Pid>) -> Pid {
    let started = Instant::now();
    loop {
        let path = files(place, "renewal").pop();
        let text = path.and_then(|path| fs::read_to_string(path).ok());
        let id = text.and_then(|text| text.trim().parse().ok());
        if let Some(id) = id.and_then(Pid::from_raw)
            && Some(id) != starter
            && rustix::process::test_kill_process(id).is_ok()
        {
            return id;
        }
        assert!(started.elapsed() < PATIENCE, "no process waits");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the text of the stored credentials, as it is or changed.
fn edited(place: &TestDirectory, change: impl FnOnce(&mut Value)) -> Value {
    const NONCE_LENGTH: usize = 12;
    let file = files(place, "sealed").pop().unwrap();
    let key = fs::read_to_string(place.path().join(".config/anteroom/credentials.key"));
    let key = STANDARD.decode(key.unwrap().trim()).unwrap();
    let cipher = Aes256GcmSiv::new_from_slice(&key).unwrap();
    let bytes = fs::read(&file).unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (line, sealed) = bytes.split_at(end);
    let (nonce, sealed) = sealed.split_at(NONCE_LENGTH);
    let nonce = Nonce::try_from(nonce).unwrap();
    let opened = cipher.decrypt(
        &nonce,
        Payload {
            msg: sealed,
            aad: line,
        },
    );
    let mut content: Value = serde_json::from_slice(&opened.unwrap()).unwrap();
    let before = content.clone();
    change(&mut content);
    if content != before {
        let text = serde_json::to_vec(&content).unwrap();
        let payload = Payload {
            msg: &text,
            aad: line,
        };
        let sealed = cipher.encrypt(&nonce, payload).unwrap();
        let aside = file.with_extension("aside");
        fs::write(&aside, [line, nonce.as_slice(), &sealed].concat()).unwrap();
        fs::rename(aside, file).unwrap();
    }
    content
}

/// Makes the next renewal due at a time, and waits until the process has drawn another one.
fn due_after_waiting(place: &TestDirectory, due: u64) -> u64 {
    edited(place, |content| content["due"] = due.into());
    let mut waiting = place
        .anteroom(&["credential", "renew", "--wait"])
        .spawn()
        .unwrap();
    let started = Instant::now();
    let next = loop {
        let next = edited(place, |_| ())["due"].as_u64().unwrap();
        if next != due {
            break next;
        }
        assert!(started.elapsed() < PATIENCE, "nothing was drawn");
        thread::sleep(Duration::from_millis(20));
    };
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    next
}

#[test]
fn the_process_renews_when_it_is_time_puts_off_what_was_missed_and_tries_again_what_failed() {
    let fixture = fixture();
    let person = &fixture.person;
    person.shown(&["credential", "renew"]);
    let content = edited(person, |_| ());
    // The time of the last renewal is not stored: the first day is the one it was on.
    let today = content["auth"][0]["redemption"].as_u64().unwrap();
    let now = || {
        let output = person.command("date").arg("+%s").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().parse::<u64>().unwrap()
    };
    let spare = |content: &Value| content["spare_links"].as_array().unwrap().len();
    assert_eq!(spare(&content), 3);

    // An hour late: postponed to the next day, without a request.
    let next = due_after_waiting(person, now() - 3600);
    assert!((today + DAY..today + 3 * DAY).contains(&next));
    assert_eq!(spare(&edited(person, |_| ())), 3);
    // In time: three more spare links, and a time in the coming night.
    let next = due_after_waiting(person, now());
    assert!((1_800..1_800 + 5 * 3_600).contains(&(next % DAY)), "{next}");
    assert_eq!(spare(&edited(person, |_| ())), 6);
    // In time, but without an answer: again after half an hour at the earliest.
    assert!(fixture.issuer.stop().0.success());
    let (before, next) = (now(), due_after_waiting(person, now()));
    assert!(
        (before + 1_800..before + 6 * 3_600).contains(&next),
        "{next}"
    );

    // After a week without use the process ends, and so it does without credentials.
    edited(person, |content| {
        content["last_use"] = (today - 8 * DAY).into();
    });
    person.shown(&["credential", "renew", "--wait"]);
    fs::remove_file(files(person, "sealed").pop().unwrap()).unwrap();
    person.shown(&["credential", "renew", "--wait"]);
}

#[test]
fn a_renewal_that_cannot_be_stored_ends_the_process_and_is_not_repeated() {
    let fixture = fixture();
    let person = &fixture.person;
    person.shown(&["credential", "renew"]);
    let (file, output) = (
        files(person, "sealed").pop().unwrap(),
        person.command("date").arg("+%s").output().unwrap(),
    );
    let now: u64 = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    edited(person, |content| content["due"] = now.into());
    let lock = file.with_added_extension("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let output = person.run(&["credential", "renew", "--wait"]);
    let told = stderr(&output);
    assert_eq!(
        told.matches("the credentials are not stored").count(),
        1,
        "{told}"
    );
}

#[test]
fn a_login_that_is_kept_under_another_address_takes_its_credentials_away() {
    let (place, service, _) = place_with_login();
    let login = [
        "login",
        "--email",
        "ann@example.org",
        "--password-file",
        "password",
    ];
    for everywhere in [false, true] {
        place.shown(&login);
        assert_eq!(files(&place, "sealed").len(), 1);
        let url = address(&place, "issuer");
        let mut logout = vec!["logout", "--issuer", &url];
        if everywhere {
            logout.extend(["--everywhere", "--yes"]);
        }
        place.shown(&logout);
        assert!(
            files(&place, "sealed").is_empty(),
            "everywhere: {everywhere}"
        );
    }
    service.stop();
}

#[test]
fn credentials_of_a_device_that_is_deleted_are_removed_with_the_next_renewal() {
    let fixture = fixture();
    let (issuers, person) = (&fixture.issuers, &fixture.person);
    person.shown(&["credential", "renew"]);
    let listed = issuers.json(&["account", "list", "--json"]);
    let account = listed["uuid"].as_str().unwrap();
    issuers.shown(&["device", "delete", account, "1", "--yes"]);
    let refused = person.refusal(&["credential", "renew"]);
    assert!(refused.contains("401"), "{refused}");
    assert!(files(person, "sealed").is_empty());
}

#[test]
fn a_variable_that_makes_no_sense_starts_nothing_and_hinders_nothing() {
    let mut fixture = fixture();
    fixture.person.set("ANTEROOM_RENEWAL", "sometimes");
    let person = &fixture.person;
    let output = person.run(&["credential", "renew"]);
    assert!(output.status.success());
    let warned = stderr(&output);
    assert!(warned.contains("ANTEROOM_RENEWAL"), "{warned}");
    assert!(files(person, "renewal").is_empty());
}

#[test]
fn a_copied_folder_creates_links_with_the_next_stored_credential_and_never_asks_the_issuer() {
    let fixture = fixture();
    let person = &fixture.person;
    let renewed = person.json(&["credential", "renew", "--json"]);
    assert_eq!(renewed["spareLinks"], 3);
    let copy = person.path().join("copy");
    fs::create_dir(&copy).unwrap();
    let copied = person
        .command("cp")
        .args(["--archive", ".config", "copy/.config"])
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", stderr(&copied));
    assert!(fixture.issuer.stop().0.success());
    let create = |home: &Path| {
        let output = person
            .anteroom(&["link", "create", "--json"])
            .env("HOME", home)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let warned = warnings(&output);
        assert!(!warned.contains(ASKED_NOW), "{warned}");
        (output, warned)
    };
    // The original uses the first of the three credentials, and the copy the other two.
    let mut links = Vec::new();
    for (home, warnings) in [(person.path(), 0), (&copy, 1), (&copy, 0)] {
        let (output, warned) = create(home);
        assert!(output.status.success(), "{warned}");
        let told = warned
            .matches("the folder of the credentials was copied")
            .count();
        assert_eq!(told, warnings, "{warned}");
        let link: Value = serde_json::from_slice(&output.stdout).unwrap();
        links.push(link["roomId"].as_str().unwrap().to_owned());
    }
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), 3, "{links:?}");
    let (output, warned) = create(person.path());
    assert_eq!(output.status.code(), Some(1), "{warned}");
    for said in [
        "no link was created",
        "`anteroom credential renew`",
        "--fetch",
    ] {
        assert!(warned.contains(said), "{warned}");
    }
}
