//! `anteroom relays` as a process against a running issuer.

use std::fs;

use serde_json::json;

use crate::directory::{TestDirectory, stderr};

const SECRET: &str = "the-secret-that-coturn-shares";

fn signed_in(place: &mut TestDirectory) {
    let account = place.add_account();
    place.act_as(&account);
}

#[test]
fn a_client_gets_coturns_credentials_and_the_terminal_hides_them() {
    let mut place = TestDirectory::new();
    let file = place.path().join("relay-secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    for (name, value) in [
        ("ANTEROOM_RELAYS_PROVIDER", "coturn"),
        ("ANTEROOM_RELAYS_HOSTNAME", "localhost"),
        (
            "ANTEROOM_RELAYS_URLS",
            "turn:localhost:3478,turns:localhost",
        ),
        ("ANTEROOM_RELAYS_URLS_WITH_IPS", "turn:%s:3478"),
        ("ANTEROOM_RELAYS_TTL_SECONDS", "3600"),
        ("ANTEROOM_RELAY_SECRET_FILE", file.to_str().unwrap()),
    ] {
        place.set(name, value);
    }
    let service = place.start();
    signed_in(&mut place);
    let report = place.json(&["relays", "--secrets", "--json"]);
    let relay = &report["relays"][0];
    assert_eq!(relay["ttl"], 3_600);
    assert_eq!(
        relay["urls"],
        json!(["turn:localhost:3478", "turns:localhost"])
    );
    assert_eq!(relay["urlsWithIps"][0], "turn:127.0.0.1:3478");
    assert_eq!(relay["hostname"], "localhost");
    let username = relay["username"].as_str().unwrap();
    assert!(username.split_once(':').unwrap().0.parse::<u64>().is_ok());
    let password = relay["password"].as_str().unwrap();
    assert_eq!(password.len(), 28, "20 bytes as base64");

    let shown = place.shown(&["relays"]);
    for line in [
        "Relay localhost",
        "hidden",
        "good for 3600 s",
        "turn:localhost:3478",
        "turn:127.0.0.1:3478",
    ] {
        assert!(shown.contains(line), "{shown}\nlacks {line:?}");
    }
    let (_, user) = username.split_once(':').unwrap();
    assert!(!shown.contains(user), "{shown}");

    let (_, log) = service.stop();
    let log = log.join("\n");
    for entry in fs::read_dir(place.data()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(SECRET) && !text.contains(password),
            "{path:?}"
        );
    }
    assert!(!log.contains(SECRET) && !log.contains(password) && !log.contains(user));
}

#[test]
fn without_relays_the_list_is_empty() {
    let mut place = TestDirectory::new();
    let _service = place.start();
    signed_in(&mut place);
    assert_eq!(place.json(&["relays", "--json"]), json!({ "relays": [] }));
    assert!(place.shown(&["relays"]).contains("has no relays"));
}

#[test]
fn a_provider_that_is_gone_is_one_clear_sentence() {
    let mut place = TestDirectory::new();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    for (name, value) in [
        ("ANTEROOM_RELAYS_PROVIDER", "http"),
        ("ANTEROOM_RELAYS_HOSTNAME", "relay.example"),
        ("ANTEROOM_RELAYS_API_URL", url.as_str()),
        ("ANTEROOM_RELAY_SECRET", SECRET),
    ] {
        place.set(name, value);
    }
    let _service = place.start();
    signed_in(&mut place);
    let shown = place.refusal(&["relays"]);
    assert!(shown.contains("500 CALL_RELAY_PROVIDER_ERROR"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn without_its_secret_the_issuer_does_not_start_and_makes_nothing() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_RELAYS_PROVIDER", "coturn");
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stderr(&output);
    assert!(
        shown.contains("relays: there is no secret. Set ANTEROOM_RELAY_SECRET_FILE"),
        "{shown}"
    );
    assert!(!place.data().join("issuer.db").exists());
}
