//! `anteroom credential` as a process against a running issuer.

use std::fs;

use serde_json::{Value, json};

use crate::directory::{ServeProcess, TestDirectory, stderr};

fn serving() -> (TestDirectory, ServeProcess) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    (place, service)
}

#[test]
fn a_week_of_credentials_comes_and_can_be_shown() {
    for pni in [
        &["account", "add", "--json"][..],
        &["account", "add", "--json", "--pni"],
    ] {
        let mut place = TestDirectory::new();
        let _service = place.start();
        let added = place.json(pni);
        place.set("ANTEROOM_DATA", "anteroom-data");
        place.set("ANTEROOM_ACCOUNT", added["uuid"].as_str().unwrap());
        place.set(
            "ANTEROOM_DEVICE_PASSWORD",
            added["password"].as_str().unwrap(),
        );
        let report = place.json(&["credential", "auth", "--json"]);
        assert_eq!(report["callLinkCredentials"], 8);
        assert_eq!(report["groupCredentials"], 8);
        assert_eq!(report["credentialBytes"], 97);
        assert_eq!(report["presentationBytes"], 505);
        assert_eq!(report["newlyPinned"].as_array().unwrap().len(), 3);
        let days = report["lastDay"].as_u64().unwrap() - report["firstDay"].as_u64().unwrap();
        assert_eq!(days, 7 * 86_400);
    }
}

#[test]
fn a_create_credential_comes_for_a_new_key_and_for_the_same_one_again() {
    let (place, _service) = serving();
    let made = place.json(&["credential", "create", "--new", "--json"]);
    assert_eq!(made["requestBytes"], 97);
    assert_eq!(made["credentialBytes"], 105);
    assert_eq!(made["presentationBytes"], 537);
    let key = made["rootKey"].as_str().unwrap();

    let by_flag = place.json(&["credential", "create", "--root-key", key, "--json"]);
    let by_input = place.run_with_input(
        &["credential", "create", "--root-key", "-", "--json"],
        &format!("{key}\n"),
    );
    let by_input: Value = serde_json::from_slice(&by_input.stdout).unwrap();
    for again in [by_flag, by_input] {
        assert_eq!(again["roomId"], made["roomId"]);
        assert!(again.get("rootKey").is_none(), "it is the caller's already");
    }
}

#[test]
fn the_password_comes_from_a_variable_or_a_file() {
    let (mut place, _service) = serving();
    place.json(&["credential", "auth", "--json"]);
    let account = place.add_account();
    let file = place.path().join("password");
    fs::write(&file, format!("{}\n", account.password)).unwrap();
    place.set("ANTEROOM_DEVICE_PASSWORD", "");
    let shown = place.refusal(&["credential", "auth"]);
    assert!(shown.contains("ANTEROOM_DEVICE_PASSWORD"), "{shown}");
    let named = format!("{}.1", account.uuid);
    place.json(&[
        "credential",
        "auth",
        "--json",
        "--account",
        &named,
        "--password-file",
        file.to_str().unwrap(),
    ]);
}

#[test]
fn refusals_are_one_clear_sentence() {
    let (mut place, service) = serving();
    let cases: [(&[&str], &str); 6] = [
        (
            &["credential", "create", "--root-key", "text"],
            "the text is not a root key",
        ),
        (
            &["credential", "auth", "--account", "me"],
            "the account is not a UUID",
        ),
        (
            &["credential", "auth", "--trust", "xyz"],
            "an id has 16 hex digits",
        ),
        (
            &["credential", "auth", "--issuer", "example"],
            "it is no URL",
        ),
        (
            &["credential", "auth", "--password-file", "none"],
            "none cannot be read",
        ),
        (
            &["credential", "auth", "--data", "other"],
            "no `anteroom serve` runs on other",
        ),
    ];
    for (arguments, why) in cases {
        let shown = place.refusal(arguments);
        assert!(shown.contains(why), "{shown}");
    }
    place.set("ANTEROOM_DEVICE_PASSWORD", "wrong password");
    for command in [
        &["credential", "auth"][..],
        &["credential", "create", "--new"],
    ] {
        let output = place.run(command);
        assert_eq!(output.status.code(), Some(3));
        let shown = stderr(&output);
        assert!(shown.contains("the device's password is wrong"), "{shown}");
        assert!(!shown.contains("wrong password"), "{shown}");
    }
    service.stop();
    let shown = place.refusal(&["credential", "auth"]);
    assert!(shown.contains("no `anteroom serve` runs on"), "{shown}");
}

#[test]
fn an_issuer_with_other_params_is_refused_until_they_are_called_trusted() {
    let (mut place, service) = serving();
    let first = place.json(&["credential", "create", "--new", "--json"]);
    service.stop();
    for entry in fs::read_dir(place.data()).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("pins.json") {
            fs::remove_file(path).unwrap();
        }
    }
    let anew = ["serve", "--new", "issuer", "--new", "rooms"];
    let _service = ServeProcess::start(place.anteroom(&anew));
    let account = place.add_account();
    place.act_as(&account);
    let output = place.run(&["credential", "create", "--new", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stderr(&output);
    assert!(shown.contains("are not trusted"), "{shown}");
    // The lines before it may name other params that are new.
    let id = shown
        .lines()
        .last()
        .unwrap_or_default()
        .split_whitespace()
        .find(|word| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let id = id.unwrap();
    assert_ne!(json!(id), first["genericParams"]);

    let trusted = ["credential", "create", "--new", "--json", "--trust", id];
    assert_eq!(place.json(&trusted)["genericParams"], json!(id));
    // The params are pinned from now on.
    place.json(&["credential", "create", "--new", "--json"]);
}

#[test]
fn pins_of_other_issuers_are_the_users_own() {
    let (place, _service) = serving();
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    let url = listen["issuer"].as_str().unwrap();
    let report = place.json(&["credential", "auth", "--json", "--issuer", url]);
    assert_eq!(report["newlyPinned"].as_array().unwrap().len(), 3);
    assert!(place.path().join(".config/anteroom/pins.json").exists());
    assert!(!place.data().join("pins.json").exists());
}
