//! `anteroom backup` and `anteroom restore`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    directory::{CallProcess, ServeProcess, TestAccount, TestDirectory, stderr},
    login::{Issuer, take_link},
};

const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Returns a place whose first backup was made and whose services are stopped.
fn backed_up() -> TestDirectory {
    let place = TestDirectory::new();
    place.start().stop();
    place.shown(&["backup", "kept"]);
    place
}

/// Switches to the place's next data directory, with a copy of the master key, and returns it.
fn move_to_new_directory(place: &mut TestDirectory, name: &str) -> PathBuf {
    let data = place.path().join(name);
    fs::create_dir(&data).unwrap();
    fs::copy(place.data().join("master.key"), data.join("master.key")).unwrap();
    place.set("ANTEROOM_DATA", data.to_str().unwrap());
    data
}

fn listen(data: &Path) -> Value {
    serde_json::from_slice(&fs::read(data.join("listen.json")).unwrap()).unwrap()
}

fn issuer<'a>(place: &'a TestDirectory, data: &Path) -> Issuer<'a> {
    Issuer {
        place,
        url: listen(data)["issuer"].as_str().unwrap().to_owned(),
    }
}

/// Returns all files below a directory with their bytes.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
            files.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            files.insert(path, Some(bytes));
        }
    }
    files
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Returns a session of a newly signed-up account.
fn sign_up(issuer: &Issuer<'_>, mails: &Path) -> Value {
    let asked = json!({ "email": "ann@example.org", "password": "correct horse" });
    assert_eq!(issuer.post("/auth/signup", &asked).0, 202);
    let link = take_link(mails);
    let (_, token) = link.split_once("?token=").unwrap();
    let field = format!("token={token}");
    let (status, text) = issuer.call(&["--data", &field], "/account/verify");
    assert_eq!(status, 200, "{text}");
    log_in(issuer)
}

fn log_in(issuer: &Issuer<'_>) -> Value {
    let asked = json!({ "email": "ann@example.org", "password": "correct horse" });
    let (status, body) = issuer.post("/auth/login", &asked);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn refresh(issuer: &Issuer<'_>, session: &Value) -> u16 {
    let asked = json!({ "refresh_token": session["refresh_token"] });
    issuer.post("/auth/refresh", &asked).0
}

#[test]
fn a_backup_under_load_comes_back_whole_in_another_directory() {
    let mut place = TestDirectory::new();
    let mails = place.path().join("mails");
    for (name, value) in [
        ("ANTEROOM_LOGIN_SIGN_UP", "open"),
        ("ANTEROOM_MAIL_TRANSPORT", "folder"),
        ("ANTEROOM_MAIL_FROM", "Anteroom <anteroom@example.org>"),
        ("ANTEROOM_MAIL_FOLDER", mails.to_str().unwrap()),
    ] {
        place.set(name, value);
    }
    let service = place.start();
    let old = place.data();
    let session = sign_up(&issuer(&place, &old), &mails);
    let ann = place.add_account();
    place.act_as(&ann);
    let credentials = place.json(&["credential", "auth", "--json"]);
    let created = place.json(&["link", "create", "--json", "--name", "Tea"]);
    let link = created["link"].as_str().unwrap().to_owned();
    let mut call =
        CallProcess::start(place.anteroom(&["call", "join", &link, "--plain", "--admin"]));
    call.wait_for("You are in");

    let (folder, before) = add_accounts_while(&place, || {
        place.shown(&["backup", "first"]);
        let folder = place.path().join("second");
        let shown = place.shown(&["backup", folder.to_str().unwrap()]);
        assert!(shown.contains("anteroom-data/master.key"), "{shown}");
        folder
    });
    check_manifest(&folder, &credentials);
    // The restored database does not contain changes after the backup.
    let late = place.add_account();
    assert_eq!(refresh(&issuer(&place, &old), &session), 200);
    service.signal(Signal::KILL);
    drop((service, call));

    let new = move_to_new_directory(&mut place, "new");
    let shown = place.shown(&["restore", folder.to_str().unwrap()]);
    assert!(shown.contains("people log in again"), "{shown}");
    assert_eq!(
        names(&new),
        ["installation.json", "issuer.db", "master.key", "rooms.db"]
    );
    for file in ["issuer.db", "rooms.db"] {
        let mode = fs::metadata(new.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let service = place.start();
    assert!(
        !service.log().join("\n").contains("made"),
        "{:?}",
        service.log()
    );
    let again = place.json(&["credential", "auth", "--json"]);
    assert_eq!(again["genericParams"], credentials["genericParams"]);
    for account in &before {
        place.act_as(account);
        place.json(&["credential", "auth", "--json"]);
    }
    place.act_as(&late);
    place.refusal(&["credential", "auth", "--json"]);

    // A session that was refreshed after the backup would open with its old token again.
    let now = issuer(&place, &new);
    assert_eq!(refresh(&now, &session), 401);
    assert_eq!(refresh(&now, &log_in(&now)), 200);
    // The link and its passkey are those of before; the call is over, so anybody can begin one.
    place.act_as(&ann);
    let rooms = listen(&new)["rooms"].as_str().unwrap().to_owned();
    place.set("ANTEROOM_ROOMS_URL", &rooms);
    let shown = place.json(&["link", "show", &link, "--json", "--rooms", &rooms]);
    assert_eq!(shown["name"], "Tea");
    assert_eq!(shown["active"], Value::Null, "{shown}");
    place.shown(&["link", "rename", &link, "Cake", "--rooms", &rooms]);
    let join = [
        "call", "join", &link, "--plain", "--admin", "--rooms", &rooms,
    ];
    let mut call = CallProcess::start(place.anteroom(&join));
    call.wait_for("You are in \"Cake\", as an admin.");
    call.type_line("/quit");
    assert!(call.end().0.success());
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}

/// Adds accounts continuously while `work` runs. Returns its result and the accounts that existed before.
fn add_accounts_while<T>(place: &TestDirectory, work: impl FnOnce() -> T) -> (T, Vec<TestAccount>) {
    let before: Vec<TestAccount> = (0..3).map(|_| place.add_account()).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let adding = scope.spawn(|| {
            let mut added = 0_u32;
            while !done.load(Ordering::Relaxed) {
                place.add_account();
                added += 1;
            }
            added
        });
        let outcome = work();
        done.store(true, Ordering::Relaxed);
        assert!(adding.join().unwrap() > 0);
        (outcome, before)
    })
}

fn check_manifest(folder: &Path, credentials: &Value) {
    assert_eq!(names(folder), ["backup.json", "issuer.db", "rooms.db"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for name in names(folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
    let text = fs::read_to_string(folder.join("backup.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let members: Vec<&String> = manifest.as_object().unwrap().keys().collect();
    assert_eq!(members, ["files", "format", "made", "program"]);
    let files = manifest["files"].as_array().unwrap();
    for (file, name) in files.iter().zip(["issuer.db", "rooms.db"]) {
        let members: Vec<&String> = file.as_object().unwrap().keys().collect();
        assert_eq!(members, ["bytes", "name", "params", "schema", "sha256"]);
        assert_eq!(file["name"], name);
        let bytes = fs::metadata(folder.join(name)).unwrap().len();
        assert_eq!(file["bytes"], bytes);
        let params = file["params"].as_array().unwrap();
        assert!(params.contains(&credentials["genericParams"]), "{text}");
    }
    assert_eq!(files.len(), 2);
}

#[test]
fn a_backup_takes_the_place_of_nothing() {
    let place = TestDirectory::new();
    let shown = place.refusal(&["backup", "kept"]);
    assert!(shown.contains("there is no database"), "{shown}");
    place.start().stop();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/file"), "here").unwrap();
    fs::write(place.path().join("file"), "here").unwrap();
    let before = snapshot(place.path());
    for (folder, why) in [
        ("full", "full is not empty"),
        ("file", "file cannot take the backup"),
        (".", ". is not empty"),
        ("nowhere/kept", "the backup cannot be written to nowhere"),
        ("/proc/kept", "the backup cannot be written to /proc"),
    ] {
        let shown = place.refusal(&["backup", folder]);
        assert!(shown.contains(why), "{shown}");
    }
    assert!(snapshot(place.path()) == before);
    // An empty folder is accepted as the target.
    fs::create_dir(place.path().join("empty")).unwrap();
    place.shown(&["backup", "empty"]);
    assert_eq!(names(&place.path().join("empty")).len(), 3);
    place.refusal(&["backup", "empty"]);
}

/// Runs under a bound on the size of files, which is met as a full disk is: less than a database,
/// more than SQLite's side files.
fn run_on_small_disk(place: &TestDirectory, command: &str) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f 80; exec anteroom {command}");
    place.command("sh").args(["-c", &script]).output().unwrap()
}

#[test]
fn a_full_disk_leaves_no_half_backup_and_no_half_restore() {
    let mut place = backed_up();
    let before = snapshot(place.path());
    let output = run_on_small_disk(&place, "backup other");
    assert_eq!(output.status.code(), Some(1));
    let shown = stderr(&output);
    assert!(shown.contains("rooms.db cannot be copied"), "{shown}");
    assert!(snapshot(place.path()) == before, "{shown}");

    let data = move_to_new_directory(&mut place, "new");
    let before = snapshot(&data);
    let output = run_on_small_disk(&place, "restore kept");
    assert_eq!(output.status.code(), Some(1));
    let shown = stderr(&output);
    assert!(shown.contains("issuer.db cannot be copied to"), "{shown}");
    assert!(snapshot(&data) == before, "{shown}");
    place.shown(&["restore", "kept"]);
}

#[test]
fn a_backup_that_is_not_whole_is_refused_and_nothing_is_written() {
    let mut place = backed_up();
    let kept = place.path().join("kept");
    let data = move_to_new_directory(&mut place, "new");
    let before = snapshot(&data);
    let check = |why: &str| {
        let shown = place.refusal(&["restore", "kept"]);
        assert!(shown.contains(why), "{shown}\nlacks {why:?}");
        assert!(snapshot(&data) == before, "{why}");
    };
    let change = |name: &str, why: &str, change: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        let path = kept.join(name);
        let whole = fs::read(&path).unwrap();
        match change(&whole) {
            Some(changed) => fs::write(&path, changed).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        check(why);
        fs::write(&path, whole).unwrap();
    };
    let replace = |from: &'static str, to: &'static str| {
        move |whole: &[u8]| {
            let text = String::from_utf8(whole.to_vec()).unwrap();
            assert!(text.contains(from), "{text}");
            Some(text.replace(from, to).into_bytes())
        }
    };
    let flipped = |whole: &[u8]| {
        let mut changed = whole.to_vec();
        changed[whole.len() / 2] ^= 1;
        Some(changed)
    };
    let half = |whole: &[u8]| Some(whole[..whole.len() / 2].to_vec());
    for name in ["issuer.db", "rooms.db"] {
        change(name, "its SHA-256 is not the one in backup.json", &flipped);
        change(name, "is damaged: it has ", &half);
        change(name, &format!("{name} of the backup is missing"), &|_| None);
    }
    change("backup.json", "backup.json is damaged: EOF", &half);
    change("backup.json", "kept is no backup", &|_| None);
    change("backup.json", "is damaged", &|_| Some(Vec::new()));
    change("backup.json", "longer than any", &|_| {
        Some(vec![b' '; 100_000])
    });
    for (from, to, why) in [
        (
            "\"format\": 1",
            "\"format\": 2, \"new\": 0",
            "has format 2, and this program knows 1",
        ),
        (
            "\"rooms.db\"",
            "\"../rooms.db\"",
            "is unknown or there twice",
        ),
        ("\"rooms.db\"", "\"issuer.db\"", "is unknown or there twice"),
        ("\"program\": \"", "\"program\": \"\\u001b", "is no version"),
        ("\"made\": \"", "\"made\": \"x", "its time is none"),
        (
            "\"made\"",
            "\"other\": 1, \"made\"",
            "unknown field `other`",
        ),
    ] {
        change("backup.json", why, &replace(from, to));
    }
    // Databases of the other service.
    let (one, other) = (kept.join("issuer.db"), kept.join("rooms.db"));
    let manifest = fs::read_to_string(kept.join("backup.json")).unwrap();
    let swapped = manifest
        .replace("\"issuer.db\"", "\"\"")
        .replace("\"rooms.db\"", "\"issuer.db\"")
        .replace("\"\"", "\"rooms.db\"");
    fs::write(kept.join("backup.json"), swapped).unwrap();
    fs::rename(&one, kept.join("between")).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(kept.join("between"), &other).unwrap();
    check("belongs to another program or service");
}

#[test]
fn only_the_master_key_of_the_backup_restores_it() {
    let mut place = backed_up();
    let right = fs::read_to_string(place.data().join("master.key")).unwrap();
    place.set("ANTEROOM_DATA", "new");
    let shown = place.refusal(&["restore", "kept"]);
    assert!(
        shown.contains("the master key of the backup is needed"),
        "{shown}"
    );
    place.set("ANTEROOM_MASTER_KEY", OTHER_KEY);
    let shown = place.refusal(&["restore", "kept"]);
    assert!(shown.contains("issuer.db of the backup"), "{shown}");
    assert!(shown.contains("the master key is not the one"), "{shown}");
    assert!(!place.path().join("new").exists(), "not even the directory");
    place.set("ANTEROOM_MASTER_KEY", right.trim());
    place.shown(&["restore", "kept"]);
    let (status, _) = place.start().stop();
    assert!(status.success());
    // No file of a backup contains the key.
    for (path, bytes) in snapshot(&place.path().join("kept")) {
        let text = String::from_utf8_lossy(bytes.as_deref().unwrap()).into_owned();
        assert!(!text.contains(right.trim()), "{path:?}");
    }
}

#[test]
fn a_restore_overwrites_nothing() {
    let mut place = backed_up();
    let check = |place: &TestDirectory, data: &Path, why: &str| {
        let before = snapshot(data);
        let shown = place.refusal(&["restore", "kept"]);
        assert!(shown.contains(why), "{shown}");
        assert!(snapshot(data) == before, "{why}");
    };
    check(&place, &place.data(), "issuer.db is there already");
    // SQLite would apply leftover files of another database to the restored one.
    let data = move_to_new_directory(&mut place, "new");
    for left in ["rooms.db", "issuer.db-wal", "rooms.db-journal"] {
        fs::write(data.join(left), "left").unwrap();
        check(&place, &data, &format!("{left} is there already"));
        fs::remove_file(data.join(left)).unwrap();
    }
    place.shown(&["restore", "kept"]);
    let service = place.start();
    let shown = place.refusal(&["restore", "kept"]);
    assert!(shown.contains("another `anteroom serve` uses"), "{shown}");
    service.stop();
}

#[test]
fn nothing_runs_on_half_a_restore_and_the_next_one_completes_it() {
    let mut place = backed_up();
    let data = move_to_new_directory(&mut place, "new");
    // The state of a restore that was killed between its two files.
    let staged = data.join("restoring");
    fs::create_dir(&staged).unwrap();
    for name in ["issuer.db", "rooms.db"] {
        fs::copy(place.path().join("kept").join(name), staged.join(name)).unwrap();
    }
    fs::hard_link(staged.join("issuer.db"), data.join("issuer.db")).unwrap();
    let before = snapshot(&data);
    for command in [&["serve"][..], &["account", "add"], &["backup", "other"]] {
        let shown = place.refusal(command);
        assert!(shown.contains("Run `anteroom restore` again"), "{shown}");
    }
    assert!(snapshot(&data) == before);
    place.shown(&["restore", "kept"]);
    assert_eq!(
        names(&data),
        ["installation.json", "issuer.db", "master.key", "rooms.db"]
    );

    // The leftover of a restore that was killed after its end does no harm.
    fs::create_dir(data.join("restored")).unwrap();
    fs::hard_link(data.join("issuer.db"), data.join("restored/issuer.db")).unwrap();
    let service = place.start();
    place.add_account();
    let (status, _) = service.stop();
    assert!(status.success());
}

#[test]
fn each_service_is_backed_up_where_it_runs() {
    let mut place = TestDirectory::new();
    let command = ["serve", "--role", "issuer"];
    ServeProcess::start_until(place.anteroom(&command), "the issuer listens on").stop();
    place.shown(&["backup", "kept"]);
    assert_eq!(
        names(&place.path().join("kept")),
        ["backup.json", "issuer.db"]
    );
    let data = move_to_new_directory(&mut place, "new");
    place.shown(&["restore", "kept"]);
    assert_eq!(
        names(&data),
        ["installation.json", "issuer.db", "master.key"]
    );
}
