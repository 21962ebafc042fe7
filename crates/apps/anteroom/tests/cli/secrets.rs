//! The sources and the recipients of the command line's secrets.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_testkit::LyingIssuer;
use serde_json::{Value, json};

use crate::directory::{ServeProcess, TestDirectory, stderr};

const PASSWORD: &str = "a device's password";

fn account() -> Aci {
    Aci::from_bytes([7; 16])
}

/// Returns a server that records its requests, in a directory that is not named.
async fn place_with_recorder() -> (TestDirectory, LyingIssuer, fs::File) {
    let recorder = LyingIssuer::start(account(), Timestamp::from_secs(0)).await;
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ACCOUNT", &account().to_uuid_string());
    place.set("ANTEROOM_DEVICE_PASSWORD", PASSWORD);
    write_addresses(&place.data(), recorder.url());
    // The lock of the services that wrote the addresses.
    let lock = fs::File::open(place.data()).unwrap();
    lock.lock().unwrap();
    (place, recorder, lock)
}

fn write_addresses(data: &Path, url: &str) {
    fs::create_dir_all(data).unwrap();
    set_mode(data, 0o700);
    let text = json!({ "issuer": url, "rooms": url }).to_string();
    fs::write(data.join("listen.json"), text).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const COMMANDS: [&[&str]; 5] = [
    &["whoami"],
    &["credential", "auth"],
    &["credential", "create", "--new"],
    &["relays"],
    &["link", "create"],
];

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_others_can_write_get_no_password() {
    let (mut place, recorder, _lock) = place_with_recorder().await;
    // Naming the directory does not help, since other users can write to it.
    let named = place.data().to_str().unwrap().to_owned();
    let data = place.data();
    for (path, mode) in [
        (data.join("listen.json"), 0o666),
        (data.clone(), 0o777),
        (place.path().to_owned(), 0o777),
    ] {
        let before = fs::metadata(&path).unwrap().permissions().mode();
        set_mode(&path, mode);
        for variable in ["", &named] {
            place.set("ANTEROOM_DATA", variable);
            for command in COMMANDS {
                let shown = place.refusal(command);
                assert!(shown.contains("can be written by other users"), "{shown}");
                assert!(shown.contains("--issuer"), "{shown}");
            }
        }
        set_mode(&path, before & 0o777);
    }
    assert!(recorder.requests().is_empty());
    // The file is accepted when only this user can write to it.
    place.set("ANTEROOM_DATA", &named);
    assert!(place.run(&["whoami"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_other_machines_are_not_taken() {
    let (mut place, _recorder, _lock) = place_with_recorder().await;
    place.set(
        "ANTEROOM_DATA",
        place.data().to_str().unwrap().to_owned().as_str(),
    );
    for url in [
        "http://192.0.2.1:8080",
        "http://issuer.example:8080",
        "https://[2001:db8::1]:1",
    ] {
        write_addresses(&place.data(), url);
        for command in COMMANDS {
            let shown = place.refusal(command);
            assert!(shown.contains("is no loopback address"), "{shown}");
            assert!(shown.contains(url) && shown.contains("--issuer"), "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_the_environment_goes_only_to_an_issuer_that_is_named() {
    let (mut place, recorder, _lock) = place_with_recorder().await;
    for command in COMMANDS {
        let shown = place.refusal(command);
        assert!(
            shown.contains("ANTEROOM_DEVICE_PASSWORD is sent only to an issuer that is named"),
            "{shown}"
        );
    }
    place.set("ANTEROOM_PASSWORD", "correct horse");
    let login = ["login", "--email", "ann@example.org"];
    let shown = place.refusal(&login);
    assert!(
        shown.contains("ANTEROOM_PASSWORD is sent only to"),
        "{shown}"
    );
    assert!(recorder.requests().is_empty());

    let data = place.data();
    let config = place.path().join("anteroom.toml");
    fs::write(&config, format!("data = {:?}\n", data.to_str().unwrap())).unwrap();
    for flags in [
        &["--issuer", recorder.url()][..],
        &["--data", "anteroom-data"],
        &["--config", "anteroom.toml"],
    ] {
        place.shown(&[&["whoami"], flags].concat());
    }
    for (variable, value) in [
        ("ANTEROOM_ISSUER_URL", recorder.url()),
        ("ANTEROOM_DATA", "anteroom-data"),
        ("ANTEROOM_CONFIG", "anteroom.toml"),
    ] {
        place.set(variable, value);
        place.shown(&["whoami"]);
        place.set(variable, "");
    }
    // A typed password and one from a file are meant for this command.
    fs::write(place.path().join("password"), PASSWORD).unwrap();
    place.shown(&["whoami", "--password-file", "password"]);
    let requests = recorder.requests();
    assert_eq!(requests.len(), 7);
    assert!(
        requests
            .iter()
            .all(|request| request.authorization.is_some())
    );
}

/// Returns a place of Ann's with a login and a link, both at the services of the working directory.
fn place_with_link() -> (TestDirectory, ServeProcess, String) {
    let (place, service, _) = crate::accounts::place_with_login();
    let email = "ann@example.org";
    place.shown(&["login", "--email", email, "--password-file", "password"]);
    let created = place.json(&["link", "create", "--json"]);
    let name = created["shortName"].as_str().unwrap().to_owned();
    (place, service, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_goes_only_where_its_link_was_created() {
    let (mut place, _service, name) = place_with_link();
    place.shown(&["link", "rename", &name, "Tea"]);
    let recorder = LyingIssuer::start(account(), Timestamp::from_secs(0)).await;
    let elsewhere = place.path().join("elsewhere");
    write_addresses(&elsewhere.join("anteroom-data"), recorder.url());
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let device = place.add_account();
    fs::write(place.path().join("device"), &device.password).unwrap();
    place.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    place.act_as_without_data(&device);
    // The services of the working directory are others: the link's own are used.
    for command in [
        &["link", "rename", &name, "Coffee"][..],
        &["link", "approval", &name, "off"],
        &["link", "guests", &name, "no"],
        &["link", "revoke", &name],
        &["link", "revoke", &name, "--undo"],
    ] {
        let mut command = place.anteroom(command);
        let output = command.current_dir(&elsewhere).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(recorder.requests().is_empty());
    place.shown(&["link", "rename", &name, "Coffee"]);

    // An import would send a passkey as well.
    let link = place.json(&["link", "list", "--secrets", "--json"]);
    let passkey = link[0]["adminPasskey"].as_str().unwrap().to_owned();
    fs::write(place.path().join("passkey"), passkey).unwrap();
    fs::write(place.path().join("link"), link[0]["link"].as_str().unwrap()).unwrap();
    place.set(
        "XDG_CONFIG_HOME",
        place
            .path()
            .join("other")
            .to_str()
            .unwrap()
            .to_owned()
            .as_str(),
    );
    let import = ["link", "import", "@link", "--secret-file", "passkey"];
    let shown = place.refusal(&import);
    assert!(shown.contains("a room service that is named"), "{shown}");
    place.shown(&[&import[..], &["--data", "anteroom-data"]].concat());
}

#[test]
fn a_link_that_is_not_given_is_asked_for_at_a_terminal_and_not_shown() {
    let (place, _service, _) = place_with_link();
    let listed = place.json(&["link", "list", "--secrets", "--json"]);
    let link = listed[0]["link"].as_str().unwrap();
    fs::write(place.path().join("link"), format!("{link}\n")).unwrap();
    for command in ["anteroom link show --json", "anteroom link show - --json"] {
        let mut terminal = place.command("script");
        terminal.args(["--quiet", "--return", "--command", command, "/dev/null"]);
        let input = fs::File::open(place.path().join("link")).unwrap();
        let output = terminal.stdin(input).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let (_, after) = text
            .split_once("Paste the link (it is not shown): ")
            .unwrap();
        assert!(
            after.contains(r#""approval":true"#) && !after.contains("#key="),
            "{text}"
        );
    }
}

#[test]
fn every_command_takes_its_link_from_a_file_or_from_standard_input() {
    let (place, _service, name) = place_with_link();
    let listed = place.json(&["link", "list", "--secrets", "--json"]);
    let link = listed[0]["link"].as_str().unwrap();
    let passkey = listed[0]["adminPasskey"].as_str().unwrap();
    fs::write(place.path().join("link"), format!("{link}\n")).unwrap();
    fs::write(place.path().join("passkey"), passkey).unwrap();
    for (before, after) in [
        (&["link", "show"][..], &["--passkey"][..]),
        (&["link", "show"], &["--secret"]),
        (&["link", "import"], &["--secret-file", "passkey"]),
        (&["link", "rename"], &["Tea"]),
        (&["link", "approval"], &["off"]),
        (&["link", "guests"], &["no"]),
        (&["link", "revoke"], &[]),
        (&["link", "revoke"], &["--undo"]),
        (&["call", "join"], &["--plain"]),
    ] {
        place.shown(&[before, &["@link"], after].concat());
        let command = [before, &["-"], after].concat();
        let output = place.run_with_input(&command, &format!("{link}\n"));
        assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    }
    for command in [&["link", "show"][..], &["call", "join", "--plain"]] {
        let shown = place.refusal(command);
        assert!(shown.contains("the link is missing"), "{shown}");
        assert!(shown.contains("@FILE"), "{shown}");
    }
    let shown = place.refusal(&["link", "show", "@nowhere"]);
    assert!(
        shown.contains("the link cannot be read from nowhere"),
        "{shown}"
    );
    // The lines after the link are for the call.
    let output = place.run_with_input(
        &["call", "join", "-", "--plain"],
        &format!("{link}\n/who\n"),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("You, an admin (in the call)"), "{text}");
    let output = place.run_with_input(&["link", "delete", "-", "--yes"], &format!("{name}\n"));
    assert!(output.status.success(), "{}", stderr(&output));

    let key = link.split_once("#key=").unwrap().1;
    let key = key.split_once('&').unwrap().0;
    fs::write(place.path().join("key"), format!("{key}\n")).unwrap();
    place.json(&["credential", "create", "--root-key", "@key", "--json"]);
    for (argument, complaint) in [("@link", "is a link"), (&key[1..], "is cut off")] {
        let shown = place.refusal(&["credential", "create", "--root-key", argument]);
        assert!(
            shown.contains(complaint) && !shown.contains(&key[5..]),
            "{shown}"
        );
    }
}
