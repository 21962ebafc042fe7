//! The services apart.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::directory::{ServeProcess, TestDirectory};

fn listen(place: &TestDirectory) -> Value {
    serde_json::from_slice(&fs::read(place.data().join("listen.json")).unwrap()).unwrap()
}

/// Returns the two services in two places, the issuer's params carried over.
pub(crate) fn apart() -> (TestDirectory, ServeProcess, TestDirectory, ServeProcess) {
    let issuers = TestDirectory::new();
    let issuer = ServeProcess::start_until(
        issuers.anteroom(&["serve", "--role", "issuer"]),
        "the issuer listens on",
    );
    let rooms = TestDirectory::new();
    let file = rooms.path().join("params.json");
    issuers.shown(&["keys", "export", "--out", file.to_str().unwrap()]);
    rooms.shown(&["keys", "import", file.to_str().unwrap()]);
    fs::remove_file(&file).unwrap();
    let service = ServeProcess::start(rooms.anteroom(&["serve", "--role", "rooms"]));
    (issuers, issuer, rooms, service)
}

#[test]
fn each_role_makes_and_names_only_its_own() {
    let (issuers, issuer, rooms, service) = apart();
    assert!(!issuers.data().join("rooms.db").exists());
    assert!(!rooms.data().join("issuer.db").exists());
    let members = |place: &TestDirectory| -> Vec<String> {
        listen(place).as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(members(&issuers), ["issuer", "version"]);
    assert_eq!(members(&rooms), ["rooms", "version"]);
    assert!(!issuer.log().join("\n").contains("room service"));
    assert!(!service.log().join("\n").contains("issuer"));
    for service in [issuer, service] {
        let (status, log) = service.stop();
        assert!(status.success(), "{log:#?}");
    }
}

#[test]
fn a_link_works_over_both_apart() {
    let (issuers, _issuer, rooms, _service) = apart();
    let account = issuers.add_account();
    let mut client = TestDirectory::new();
    client.act_as(&account);
    client.set(
        "ANTEROOM_ISSUER_URL",
        listen(&issuers)["issuer"].as_str().unwrap(),
    );
    client.set(
        "ANTEROOM_ROOMS_URL",
        listen(&rooms)["rooms"].as_str().unwrap(),
    );
    let created = client.json(&["link", "create", "--json", "--name", "Apart"]);
    let name = created["shortName"].as_str().unwrap();
    assert_eq!(
        client.json(&["link", "show", name, "--json"])["name"],
        "Apart"
    );
    // The room service is stored with the link.
    client.set("ANTEROOM_ROOMS_URL", "");
    assert_eq!(
        client.json(&["link", "show", name, "--json"])["name"],
        "Apart"
    );
}

#[test]
fn a_room_service_without_params_says_what_to_do() {
    let place = TestDirectory::new();
    let shown = place.refusal(&["serve", "--role", "rooms"]);
    assert!(shown.contains("anteroom keys export --out FILE"), "{shown}");
    assert!(!place.data().join("issuer.db").exists());
    let shown = place.refusal(&["serve", "--role", "both"]);
    assert!(
        shown.contains("--role cannot be used: unknown variant `both`"),
        "{shown}"
    );
}

#[test]
fn exported_keys_are_for_their_owner_alone_and_never_written_over_anything() {
    let place = TestDirectory::new();
    let service = place.start();
    let file = place.path().join("params.json");
    let name = file.to_str().unwrap();
    let shown = place.shown(&["keys", "export", "--out", name]);
    let text = fs::read_to_string(&file).unwrap();
    let exported: Value = serde_json::from_str(&text).unwrap();
    let secret = exported["genericParams"][0]["secretParams"]
        .as_str()
        .unwrap();
    assert_eq!(secret.len(), 516);
    assert!(!shown.contains(secret));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    place.refusal(&["keys", "export", "--out", name]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    // Services in one process share the params already.
    let shown = place.shown(&["keys", "import", name]);
    assert!(shown.contains("has all of these params already"), "{shown}");

    let id = exported["genericParams"][0]["id"].as_str().unwrap();
    for damaged in [
        text.replace(secret, &secret.replace(&secret[100..104], "AAAA")),
        text.replace(id, "0123456789abcdef"),
        text.replace("genericParams", "params"),
        String::new(),
    ] {
        fs::write(&file, damaged).unwrap();
        let shown = place.refusal(&["keys", "import", name]);
        assert!(!shown.contains(&secret[..40]), "{shown}");
    }
    service.stop();
}

#[test]
fn the_internal_listener_is_there_when_it_is_asked_for() {
    let place = TestDirectory::new();
    let command = ["serve", "--internal-listen", "127.0.0.1:0"];
    let service = ServeProcess::start(place.anteroom(&command));
    let addresses = listen(&place);
    let members: Vec<&String> = addresses.as_object().unwrap().keys().collect();
    assert_eq!(members, ["internal", "issuer", "rooms", "version"]);
    let url = format!("{}/health", addresses["internal"].as_str().unwrap());
    let output = place
        .command("curl")
        .args([
            "--silent",
            "--noproxy",
            "*",
            "--write-out",
            "%{http_code}",
            &url,
        ])
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"200"), "{output:?}");
    service.stop();
}

#[test]
fn settings_of_rooms_that_make_no_sense_are_refused_by_name() {
    for (name, value, why) in [
        (
            "ANTEROOM_PROGRAM_PAGE",
            "javascript:alert(1)",
            "program_page \"javascript:alert(1)\"",
        ),
        (
            "ANTEROOM_ROOMS_ORIGINS",
            "example",
            "rooms.origins: \"example\"",
        ),
        ("ANTEROOM_ROOMS_MEDIA", "sfu", "needs rooms.media_servers"),
        (
            "ANTEROOM_ROOMS_MEDIA_SERVERS",
            "http://a",
            "only used with rooms.media",
        ),
        (
            "ANTEROOM_ROOMS_PUBLIC_URL",
            "here",
            "a public URL begins with https://",
        ),
        (
            "ANTEROOM_GROUP_CALL_KEY_FILE",
            "none",
            "none cannot be read",
        ),
    ] {
        let mut place = TestDirectory::new();
        place.set(name, value);
        let shown = place.refusal(&["serve"]);
        assert!(shown.contains(why), "{shown}");
    }
}
