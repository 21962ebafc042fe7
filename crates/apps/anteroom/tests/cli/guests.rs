//! Guests at the terminal, and what operators see of them.

use std::fs;

use serde_json::{Value, json};

use crate::directory::{CallProcess, ServeProcess, TestDirectory};

/// A service, and the link of an account at it, which the directory acts as.
fn with_link() -> (TestDirectory, ServeProcess, String) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let ann = place.add_account();
    place.act_as(&ann);
    let link = place.json(&["link", "create", "--json"]);
    (place, service, link["link"].as_str().unwrap().to_owned())
}

/// Returns the directory of somebody who has nothing but the address of the issuer.
fn somebody_else(place: &TestDirectory) -> TestDirectory {
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let mut other = TestDirectory::new();
    other.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    other.set("ANTEROOM_ROOMS_URL", listen["rooms"].as_str().unwrap());
    other
}

#[test]
fn somebody_without_a_login_joins_with_the_account_of_a_guest() {
    let (place, _service, link) = with_link();
    let command = ["call", "join", &link, "--plain", "--as", "Ann", "--admin"];
    let mut ann = CallProcess::start(place.anteroom(&command));
    ann.wait_for("You are in");

    let other = somebody_else(&place);
    let command = ["call", "join", &link, "--plain", "--as", "Zoe", "--guest"];
    let mut zoe = CallProcess::start(other.anteroom(&command));
    zoe.wait_for("You wait in the lobby");
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {tag}"));
    zoe.wait_for("You were let in.");
    zoe.type_line("hello");
    ann.wait_for("\"Zoe\": hello");
    ann.type_line("/who");
    ann.wait_for("certified as a guest, let in by an admin");
    zoe.type_line("/quit");
    assert!(zoe.end().0.success());
    let kept = other.path().join(".config/anteroom");
    for file in ["logins", "credentials"] {
        assert!(!kept.join(file).exists(), "{file} is kept");
    }
    let pins = fs::read(kept.join("pins.json")).unwrap();
    let pins: Value = serde_json::from_slice(&pins).unwrap();
    let pins: Vec<&Value> = pins["issuers"].as_object().unwrap().values().collect();
    assert_eq!(pins.len(), 1);
    assert_eq!(pins[0]["guest"].as_array().unwrap().len(), 1);
    assert!(pins[0]["generic"].as_array().unwrap().is_empty());
    // Without the flag an account is needed.
    let shown = other.refusal(&["call", "join", &link, "--plain", "--as", "Zoe"]);
    assert!(shown.contains("nobody is logged in"), "{shown}");

    let listed = place.shown(&["account", "list", "--json"]);
    let guests: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|account: &Value| account["guest"] == json!(true))
        .collect();
    assert_eq!(guests.len(), 1, "{listed}");
    let uuid = guests[0]["uuid"].as_str().unwrap();
    let shown = place.shown(&["account", "show", uuid]);
    assert!(shown.contains("guest"), "{shown}");
    let refused = place.refusal(&["account", "role", uuid, "administrator"]);
    assert!(refused.contains("a guest has no role"), "{refused}");
    let address = [
        "account",
        "set-password",
        uuid,
        "--email",
        "zoe@example.org",
    ];
    let refused = place.refusal(&address);
    assert!(refused.contains("a guest has no login"), "{refused}");
    let refused = place.refusal(&["device", "add", uuid, "--name", "more"]);
    assert!(
        refused.contains("a guest has no further device"),
        "{refused}"
    );
    let status = place.json(&["status", "--json"]);
    assert!(
        status.to_string().contains("\"guestAccounts\":1"),
        "{status}"
    );
}

#[test]
fn an_admin_decides_about_the_guests_of_a_link() {
    let (place, _service, link) = with_link();
    let shown = place.shown(&["link", "show", &link]);
    assert!(shown.contains("\n  guests    wait: "), "{shown}");
    let short = place.json(&["link", "list", "--json"])[0]["shortName"].clone();
    let short = short.as_str().unwrap();
    for rule in ["accounts", "no", "wait"] {
        let changed = place.json(&["link", "guests", short, rule, "--json"]);
        assert_eq!(changed["guests"], rule);
        let seen = place.json(&["link", "show", &link, "--json"]);
        assert_eq!(seen["guests"], rule);
    }
    place.shown(&["link", "guests", short, "no"]);
    let other = somebody_else(&place);
    let refused = other.refusal(&["call", "join", &link, "--plain", "--as", "Zoe", "--guest"]);
    assert!(refused.contains("guests"), "{refused}");
}

#[test]
fn the_params_of_guests_are_rotated_and_carried_over_with_the_others() {
    let place = TestDirectory::new();
    let service = place.start();
    let params_of = |place: &TestDirectory, service: &str| -> Vec<String> {
        let listed = place.json(&["keys", "list", "--json"]);
        let databases = listed["databases"].as_array().unwrap();
        let database = databases
            .iter()
            .find(|it| it["service"] == service)
            .unwrap();
        let of_guests = database["serverParams"].as_array().unwrap().iter();
        of_guests
            .filter(|params| params["kind"] == "guest")
            .map(|params| params["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = params_of(&place, "issuer");
    assert_eq!(first.len(), 1);
    assert_eq!(params_of(&place, "rooms"), first);
    place.shown(&["keys", "rotate", "guest", "--now"]);
    let both = params_of(&place, "issuer");
    assert_eq!(both.len(), 2);
    assert_eq!(params_of(&place, "rooms"), both);
    let file = place.path().join("params.json");
    place.shown(&["keys", "export", "--out", file.to_str().unwrap()]);
    let exported: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(exported["guestParams"].as_array().unwrap().len(), 2);
    service.stop();

    let mut other = TestDirectory::new();
    other.set("ANTEROOM_ROLE", "rooms");
    other.shown(&["keys", "import", file.to_str().unwrap()]);
    assert_eq!(params_of(&other, "rooms"), both);
}

#[test]
fn an_issuer_that_begins_to_take_guests_says_that_the_room_service_needs_their_params() {
    const NEEDED: &str = "the room service refuses guests until it has these guest params";
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROLE", "issuer");
    for (guests, is_told) in [("off", false), ("join", true), ("join", false)] {
        place.set("ANTEROOM_ACCOUNTS_GUESTS", guests);
        let serve = place.anteroom(&["serve"]);
        let service = ServeProcess::start_until(serve, "the issuer listens on");
        let (status, log) = service.stop();
        assert!(status.success());
        assert_eq!(
            log.join("\n").contains(NEEDED),
            is_told,
            "{guests}: {log:#?}"
        );
    }
}

#[test]
fn without_guests_there_are_no_params_of_theirs() {
    for (guests, sign_up, expected) in [
        ("auto", "closed", false),
        ("auto", "open", true),
        ("join", "closed", true),
        ("off", "open", false),
    ] {
        let mut place = TestDirectory::new();
        place.set("ANTEROOM_ACCOUNTS_GUESTS", guests);
        place.set("ANTEROOM_LOGIN_SIGN_UP", sign_up);
        let service = place.start();
        let listed = place.shown(&["keys", "list"]);
        assert_eq!(listed.contains("guest"), expected, "{guests} {sign_up}");
        if !expected {
            let refused = place.refusal(&["keys", "rotate", "guest"]);
            assert!(
                refused.contains("there are no guest params yet"),
                "{refused}"
            );
        }
        service.stop();
    }
}
