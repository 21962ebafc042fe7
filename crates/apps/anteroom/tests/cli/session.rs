//! `anteroom login`, `logout` and `whoami`, and commands that use the login.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

use serde_json::Value;

use crate::{
    accounts::place_with_login,
    directory::{TestDirectory, stderr},
};

const LOGIN: &[&str] = &[
    "login",
    "--email",
    "ann@example.org",
    "--password-file",
    "password",
];

fn folder(place: &TestDirectory) -> PathBuf {
    place.path().join(".config/anteroom/logins")
}

/// Returns the sealed files of logins.
fn files(place: &TestDirectory) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(place)) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "sealed"))
        .collect()
}

#[test]
fn a_login_is_used_by_every_command_until_the_logout() {
    let (place, service, uuid) = place_with_login();
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("anteroom login"), "{complaint}");
    let text = place.shown(LOGIN);
    assert!(
        text.contains(&uuid) && text.contains("ann@example.org"),
        "{text}"
    );

    let me = place.json(&["whoami", "--json"]);
    assert_eq!(
        (&me["uuid"], &me["email"]),
        (&Value::from(uuid.as_str()), &Value::from("ann@example.org"))
    );
    assert!(me["sessionUntil"].as_u64().is_some());
    let text = place.shown(&["whoami"]);
    assert!(text.contains(&uuid) && text.contains("until"), "{text}");
    place.json(&["credential", "auth", "--json"]);
    place.json(&["credential", "create", "--new", "--json"]);
    place.json(&["relays", "--json"]);
    let link = place.json(&["link", "create", "--json"]);
    let link = link["link"].as_str().unwrap();
    let joined = place.run_with_input(&["call", "join", link, "--admin", "--plain"], "/who\n");
    assert!(joined.status.success(), "{}", stderr(&joined));
    let text = place.shown(&["credential", "auth"]);
    assert!(text.contains("access token of the login"), "{text}");

    let files = files(&place);
    let [file] = files.as_slice() else {
        unreachable!("{files:?}");
    };
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = fs::read(file).unwrap();
    assert!(!bytes.windows(15).any(|part| part == b"ann@example.org"));

    let sealed_devices = || {
        let folder = fs::read_dir(place.path().join(".config/anteroom/devices")).unwrap();
        let paths = folder.map(|file| file.unwrap().path());
        let is_sealed = |path: &PathBuf| path.extension().is_some_and(|end| end == "sealed");
        paths.filter(is_sealed).count()
    };
    assert_eq!(sealed_devices(), 1);
    assert_eq!(place.shown(&["logout"]), "Logged out.\n");
    assert!(self::files(&place).is_empty());
    assert_eq!(sealed_devices(), 0);
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("nobody is logged in"), "{complaint}");
    let complaint = place.refusal(&["logout"]);
    assert!(complaint.contains("nobody is logged in"), "{complaint}");
    let (_, log) = service.stop();
    for secret in ["ann@example.org", "correct horse", &uuid] {
        assert!(!log.iter().any(|line| line.contains(secret)), "{secret}");
    }
}

#[test]
fn a_login_after_a_logout_is_the_same_device() {
    let (place, _service, _) = place_with_login();
    for _ in 0..3 {
        let text = place.shown(LOGIN);
        assert!(text.contains("  device   1\n"), "{text}");
        assert_eq!(place.shown(&["logout"]), "Logged out.\n");
    }
    let path = fs::read_dir(folder(&place)).unwrap();
    let mut paths = path.map(|entry| entry.unwrap().path());
    let device = paths.find(|path| path.extension().is_some_and(|end| end == "device"));
    let device = device.unwrap();
    let mode = fs::metadata(&device).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = fs::read(&device).unwrap();
    assert!(!bytes.windows(15).any(|part| part == b"ann@example.org"));
    // An unreadable file only causes a new device.
    fs::write(&device, "damaged").unwrap();
    let text = place.shown(LOGIN);
    assert!(text.contains("  device   2\n"), "{text}");
}

#[test]
fn logout_everywhere_ends_the_sessions_of_other_machines_too() {
    let (place, _service, _) = place_with_login();
    place.shown(LOGIN);
    let [file] = &*files(&place) else {
        unreachable!("one login");
    };
    // Another machine has another session.
    let kept = fs::read(file).unwrap();
    fs::remove_file(file).unwrap();
    place.shown(LOGIN);
    assert_eq!(
        place.shown(&["logout", "--everywhere", "--yes"]),
        "Logged out everywhere: all sessions of the account have ended.\n"
    );
    assert!(files(&place).is_empty());
    let complaint = place.refusal(&["logout", "--everywhere", "--yes"]);
    assert!(complaint.contains("nobody is logged in"), "{complaint}");
    fs::write(file, kept).unwrap();
    let complaint = place.refusal(&["logout", "--everywhere", "--yes"]);
    assert!(complaint.contains("has ended already"), "{complaint}");
    place.refusal(&["whoami"]);
    // A login after it works as before.
    place.shown(LOGIN);
    place.json(&["whoami", "--json"]);
}

#[test]
fn flags_and_variables_come_before_the_login() {
    let (mut place, _service, uuid) = place_with_login();
    place.shown(LOGIN);
    let device = place.add_account();
    fs::write(place.path().join("device"), &device.password).unwrap();
    let me = place.json(&[
        "whoami",
        "--account",
        &device.uuid,
        "--password-file",
        "device",
        "--json",
    ]);
    assert_eq!(me["uuid"], device.uuid.as_str());
    assert_eq!(
        (&me["email"], &me["sessionUntil"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    place.act_as(&device);
    assert_eq!(
        place.json(&["whoami", "--json"])["uuid"],
        device.uuid.as_str()
    );
    place.set("ANTEROOM_ACCOUNT", "");
    // A password is useless without an account.
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    let complaint = place.refusal(&["whoami", "--password-file", "device"]);
    assert!(complaint.contains("no account is named"), "{complaint}");
}

#[test]
fn commands_at_the_same_time_share_one_renewal() {
    let (mut place, mut service, _) = place_with_login();
    place.shown(LOGIN);
    for round in 0..2 {
        service.stop();
        // Under another name the issuer refuses its earlier access tokens.
        let name = format!("https://id{round}.example");
        place.set("ANTEROOM_ISSUER_PUBLIC_URL", &name);
        service = place.start();
        let children: Vec<_> = (0..6)
            .map(|_| {
                let mut command = place.anteroom(&["whoami", "--json"]);
                command.stdin(Stdio::null()).stdout(Stdio::piped());
                command.stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
    }
    place.json(&["whoami", "--json"]);
    drop(service);
}

#[test]
fn a_logout_without_the_issuer_says_what_remains() {
    let (place, service, _) = place_with_login();
    place.shown(LOGIN);
    drop(service);
    // A killed service leaves an address without a listener.
    let output = place.run(&["logout"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(output.stdout, b"Logged out here.\n");
    let warning = stderr(&output);
    assert!(
        warning.contains("could not be told") && warning.contains("until"),
        "{warning}"
    );
    assert!(files(&place).is_empty());

    // The same without any address.
    let service = place.start();
    place.shown(LOGIN);
    service.stop();
    let output = place.run(&["logout"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("could not be told"));
    assert!(files(&place).is_empty());
}

#[test]
fn a_login_elsewhere_needs_no_address_again() {
    let (mut place, service, uuid) = place_with_login();
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let url = listen["issuer"].as_str().unwrap().to_owned();
    place.shown(&[LOGIN, &["--issuer", &url, "--remember", "--name", "Away"]].concat());
    place.set(
        "ANTEROOM_DATA",
        place.path().join("nothing-here").to_str().unwrap(),
    );
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    assert_eq!(place.shown(&["logout"]), "Logged out.\n");
    drop(service);
}

#[test]
fn the_only_login_is_found_from_every_folder_and_several_are_named() {
    let (place, _service, uuid) = place_with_login();
    place.shown(LOGIN);
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let url = listen["issuer"].as_str().unwrap();
    let link = place.json(&["link", "create", "--json"]);
    let link = link["link"].as_str().unwrap();
    let folder = place.path().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    let there = |arguments: &[&str]| {
        let mut command = place.anteroom(arguments);
        command.current_dir(&folder).stdin(Stdio::null());
        command.output().unwrap()
    };
    let log_in = ["--password-file", "../password", "--issuer", url];
    for again in [false, true] {
        let me = there(&["whoami", "--json"]);
        assert!(me.status.success(), "{}", stderr(&me));
        let me: Value = serde_json::from_slice(&me.stdout).unwrap();
        assert_eq!(me["uuid"], uuid.as_str());
        // The link of one's own is shown by the service where it was created.
        let command = format!("anteroom call join '{link}' --as NAME");
        let shown = there(&["link", "show", if again { &command } else { link }]);
        assert!(shown.status.success(), "{}", stderr(&shown));
        let login = there(&[&["login", "--email", "ann@example.org"], &log_in[..]].concat());
        assert!(login.status.success(), "{}", stderr(&login));
    }
    let (mut second, service, _) = place_with_login();
    second.set("HOME", place.path().to_str().unwrap());
    second.shown(LOGIN);
    let complaint = stderr(&there(&["whoami"]));
    for place in [&place, &second] {
        let data = place.data().canonicalize().unwrap();
        assert!(complaint.contains(data.to_str().unwrap()), "{complaint}");
    }
    // A login at an issuer that does not run is in nobody's way.
    service.stop();
    let me = there(&["whoami", "--json"]);
    assert!(me.status.success(), "{}", stderr(&me));
}

#[test]
fn a_login_is_found_by_every_address_of_its_issuer() {
    let (mut place, _service, uuid) = place_with_login();
    place.shown(LOGIN);
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let url = listen["issuer"].as_str().unwrap().to_owned();
    let named = url.replace("127.0.0.1", "LOCALHOST") + "/";
    for issuer in [&url, &named] {
        place.set("ANTEROOM_ISSUER_URL", issuer);
        assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    }
    // A login at that address is the same login, and so is its logout.
    place.shown(LOGIN);
    assert_eq!(files(&place).len(), 1);
    assert_eq!(place.shown(&["logout"]), "Logged out.\n");
    place.set("ANTEROOM_ISSUER_URL", "");
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("nobody is logged in"), "{complaint}");
    // The login was made by the address, and is used by the data directory.
    place.shown(&[LOGIN, &["--issuer", &url]].concat());
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
}

#[test]
fn bad_logins_are_refused_and_keep_the_one_that_is_there() {
    let (mut place, _service, uuid) = place_with_login();
    place.shown(LOGIN);
    fs::write(place.path().join("wrong"), "wrong horse").unwrap();
    fs::write(place.path().join("short"), "short").unwrap();
    let login = |rest: &[&str]| [&["login"], rest].concat().join(" ");
    for (rest, said) in [
        (&["--password-file", "password"][..], "--email"),
        (&["--email", "ann@example.org"], "ANTEROOM_PASSWORD"),
        (
            &["--email", "ann@example.org", "--password-file", "nowhere"],
            "cannot be read",
        ),
        (
            &["--email", "ann@example.org", "--password-file", "wrong"],
            "the email address or the password is wrong",
        ),
        (
            &["--email", "bob@example.org", "--password-file", "password"],
            "the email address or the password is wrong",
        ),
        (
            &["--email", "ann@example.org", "--password-file", "short"],
            "LOGIN_VALIDATION_ERROR",
        ),
        (
            &[
                "--email",
                "ann@example.org",
                "--password-file",
                "password",
                "--device",
                "0",
            ],
            "count from 1",
        ),
        (
            &[
                "--email",
                "ann@example.org",
                "--password-file",
                "password",
                "--issuer",
                "http://127.0.0.1:1",
            ],
            "cannot be reached",
        ),
    ] {
        let complaint = place.refusal(&[&["login"], rest].concat());
        assert!(complaint.contains(said), "{}: {complaint}", login(rest));
    }
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    place.set("ANTEROOM_PASSWORD", "correct horse");
    let email = ["login", "--email", "ann@example.org"];
    let complaint = place.refusal(&email);
    assert!(complaint.contains("an issuer that is named"), "{complaint}");
    place.shown(&[&email[..], &["--data", "anteroom-data"]].concat());
    let typed = place.run_with_input(
        &[
            "login",
            "--email",
            "ann@example.org",
            "--password-file",
            "-",
        ],
        "correct horse\n",
    );
    assert!(typed.status.success(), "{}", stderr(&typed));
}

#[test]
fn a_damaged_login_is_told_and_replaced_by_a_new_one() {
    let (place, _service, uuid) = place_with_login();
    place.shown(LOGIN);
    let file = files(&place).pop().unwrap();
    fs::write(&file, "nothing of ours").unwrap();
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("is damaged"), "{complaint}");
    place.shown(LOGIN);
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], uuid.as_str());
    fs::write(&file, "nothing of ours").unwrap();
    let output = place.run(&["logout"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(files(&place).is_empty());
}
