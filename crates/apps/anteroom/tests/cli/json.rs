//! `--json`: one line with exactly the documented members on standard output.

use std::fs;

use serde_json::{Value, json};

use crate::directory::TestDirectory;

/// Returns the names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    object.unwrap().keys().map(String::as_str).collect()
}

#[track_caller]
fn check(place: &TestDirectory, arguments: &[&str], expected: &[&str]) -> Value {
    let result = place.json(arguments);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(members(&result), expected, "{arguments:?}");
    result
}

#[test]
fn every_command_on_links_has_a_result_in_json() {
    let mut place = TestDirectory::new();
    let _service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let created = place.json(&["link", "create", "--name", "Tea", "--json"]);
    let name = created["shortName"].as_str().unwrap();
    let state = [
        "shortName",
        "name",
        "approval",
        "guests",
        "revoked",
        "expiration",
        "deletion",
        "certificates",
    ];
    let shown = place.json(&["link", "show", name, "--secret", "--json"]);
    fs::write(
        place.path().join("secret"),
        shown["adminSecret"].as_str().unwrap(),
    )
    .unwrap();
    for (arguments, member, value) in [
        (
            &["link", "rename", name, "Coffee"][..],
            "name",
            json!("Coffee"),
        ),
        (&["link", "approval", name, "off"], "approval", json!(false)),
        (&["link", "guests", name, "no"], "guests", json!("no")),
        (&["link", "revoke", name], "revoked", json!(true)),
        (&["link", "revoke", name, "--undo"], "revoked", json!(false)),
        (
            &["link", "import", name, "--secret-file", "secret"],
            "shortName",
            json!(name),
        ),
        (&["call", "end", name, "--yes"], "shortName", json!(name)),
    ] {
        let result = check(&place, &[arguments, &["--json"]].concat(), &state);
        assert_eq!(result[member], value, "{arguments:?}");
    }
    // The flag before the command is the same one.
    let deleted = check(
        &place,
        &["--json", "link", "delete", name, "--yes"],
        &["shortName"],
    );
    assert_eq!(deleted["shortName"], name);
    assert_eq!(place.json(&["link", "list", "--json"]), json!([]));
}

#[test]
fn login_and_logout_have_a_result_in_json() {
    let place = TestDirectory::new();
    let _service = place.start();
    fs::write(place.path().join("password"), "correct horse").unwrap();
    let login = ["--email", "ann@example.org", "--password-file", "password"];
    place.shown(&[&["account", "add"], &login[..]].concat());
    let login = [&["login"], &login[..], &["--json"]].concat();
    let session = ["issuer", "uuid", "deviceId", "email", "sessionUntil"];
    let logged_in = check(&place, &login, &session);
    let me = place.json(&["whoami", "--json"]);
    for member in session {
        assert_eq!(logged_in[member], me[member], "{member}");
    }
    let out = |everywhere| json!({"endedAtIssuer": true, "everywhere": everywhere});
    assert_eq!(place.json(&["logout", "--json"]), out(false));
    place.json(&login);
    assert_eq!(
        place.json(&["logout", "--everywhere", "--yes", "--json"]),
        out(true)
    );
}

#[test]
fn every_command_on_keys_has_a_result_in_json() {
    let mut place = TestDirectory::new();
    let service = place.start();
    let (status, _) = service.stop();
    assert!(status.success());
    let rotation = [
        "made",
        "forgotten",
        "params",
        "ended",
        "masterKeyFile",
        "oldMasterKeyFile",
    ];
    for (kind, filled) in [
        (&["data"][..], "made"),
        (&["token"], "made"),
        (&["event", "--yes"], "forgotten"),
        (&["generic", "--now", "--revoke", "--yes"], "ended"),
        (&["group"], "params"),
        (&["certificates"], "params"),
        (&["master"], "masterKeyFile"),
    ] {
        let result = check(
            &place,
            &[&["keys", "rotate"], kind, &["--json"]].concat(),
            &rotation,
        );
        let is_empty = result[filled].as_array().is_some_and(Vec::is_empty);
        assert!(!result[filled].is_null() && !is_empty, "{kind:?}: {result}");
    }
    let file = ["file", "ids"];
    check(
        &place,
        &["keys", "export", "--out", "secret.json", "--json"],
        &file,
    );
    check(
        &place,
        &["keys", "export-public", "--out", "public.json", "--json"],
        &file,
    );
    let pinned = check(
        &place,
        &["keys", "trust", "public.json", "--json"],
        &["pinned"],
    );
    assert!(!pinned["pinned"].as_array().unwrap().is_empty());
    let again = place.json(&["keys", "trust", "public.json", "--json"]);
    assert_eq!(again, json!({"pinned": []}));
    place.set(
        "ANTEROOM_DATA",
        place
            .path()
            .join("rooms")
            .to_str()
            .unwrap()
            .to_owned()
            .as_str(),
    );
    let import = ["keys", "import", "secret.json", "--json"];
    let imported = check(&place, &import, &["added", "replaced", "ended"]);
    assert!(!imported["added"].as_array().unwrap().is_empty());
}

#[test]
fn backup_and_restore_have_a_result_in_json() {
    let place = TestDirectory::new();
    let service = place.start();
    let backup = check(
        &place,
        &["backup", "kept", "--json"],
        &[
            "folder",
            "format",
            "program",
            "made",
            "files",
            "masterKeyFile",
            "masterKeyVariable",
            "configuration",
            "secrets",
        ],
    );
    assert_eq!(backup["files"].as_array().unwrap().len(), 2);
    let (status, _) = service.stop();
    assert!(status.success());
    let data = place.data();
    for name in ["issuer.db", "rooms.db", "installation.json"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    let restore = ["restore", "kept", "--json"];
    check(
        &place,
        &restore,
        &["data", "format", "program", "made", "files"],
    );
}
