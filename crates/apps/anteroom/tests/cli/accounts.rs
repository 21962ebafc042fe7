//! Accounts and devices as an operator manages them, while the service runs.

use std::fs;

use serde_json::{Value, json};

use crate::{
    directory::{TestDirectory, stderr},
    login::Issuer,
};

pub(crate) const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse";

/// Returns a place with a running service and an account with a login; no variable names an account.
pub(crate) fn place_with_login() -> (TestDirectory, crate::directory::ServeProcess, String) {
    place_with_login_and(|_| {})
}

/// As [`place_with_login`], with other settings.
pub(crate) fn place_with_login_and(
    settings: impl FnOnce(&mut TestDirectory),
) -> (TestDirectory, crate::directory::ServeProcess, String) {
    let mut place = TestDirectory::new();
    settings(&mut place);
    // The minimum that Argon2 allows, since the cost of a hash is irrelevant here.
    place.set("ANTEROOM_LOGIN_HASH_MEMORY_KIB", "8");
    let service = place.start();
    fs::write(place.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    let added = place.json(&[
        "account",
        "add",
        "--email",
        EMAIL,
        "--password-file",
        "password",
        "--json",
    ]);
    assert_eq!(added["email"], EMAIL);
    assert_eq!(added.get("password"), None);
    let uuid = added["uuid"].as_str().unwrap().to_owned();
    (place, service, uuid)
}

fn log_in(place: &TestDirectory) {
    place.shown(&["login", "--email", EMAIL, "--password-file", "password"]);
}

fn lines(place: &TestDirectory, arguments: &[&str]) -> Vec<Value> {
    let text = place.shown(arguments);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn accounts_are_listed_and_shown_with_their_emails() {
    let (place, _service, uuid) = place_with_login();
    let other = place.json(&["account", "add", "--admin", "--pni", "--json"]);
    let listed = lines(&place, &["account", "list", "--json"]);
    assert_eq!(listed.len(), 2);
    let of = |uuid: &str| {
        listed
            .iter()
            .find(|account| account["uuid"] == uuid)
            .unwrap()
    };
    let ann = of(&uuid);
    assert_eq!(
        (
            &ann["email"],
            &ann["emailVerified"],
            &ann["role"],
            &ann["devices"]
        ),
        (
            &Value::from(EMAIL),
            &Value::from(true),
            &Value::from("member"),
            &Value::from(0)
        )
    );
    let admin = of(other["uuid"].as_str().unwrap());
    assert_eq!(admin["role"], "administrator");
    assert_eq!(admin["pni"], other["pni"]);
    assert_eq!(admin["devices"], 1);
    let text = place.shown(&["account", "list"]);
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains(EMAIL) && text.contains("administrator"),
        "{text}"
    );

    log_in(&place);
    for name in [EMAIL, " ANN@Example.org", uuid.as_str()] {
        let shown = place.json(&["account", "show", name, "--json"]);
        assert_eq!(shown["uuid"], uuid.as_str());
        assert_eq!(shown["deviceList"][0]["id"], 1);
    }
    let text = place.shown(&["account", "show", EMAIL]);
    assert!(
        text.contains(EMAIL) && text.contains("device   1"),
        "{text}"
    );
}

#[test]
fn a_disabled_account_is_out_at_once_and_its_sessions_stay_ended() {
    let (mut place, _service, uuid) = place_with_login();
    log_in(&place);
    place.json(&["whoami", "--json"]);
    let done = place.json(&["account", "disable", EMAIL, "--yes", "--json"]);
    assert_eq!(done["disabled"], true);
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("the login has ended"), "{complaint}");
    let complaint = place.refusal(&["login", "--email", EMAIL, "--password-file", "password"]);
    assert!(complaint.contains("LOGIN_ACCOUNT_DISABLED"), "{complaint}");
    place.shown(&["account", "enable", &uuid]);
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("the login has ended"), "{complaint}");
    log_in(&place);
    // The same device again.
    assert_eq!(place.json(&["whoami", "--json"])["deviceId"], 1);

    // A device with a password is listed too.
    let device = place.add_account();
    place.act_as(&device);
    place.json(&["whoami", "--json"]);
    place.shown(&["account", "disable", &device.uuid, "--yes"]);
    assert!(place.refusal(&["whoami"]).contains("401"));
    place.shown(&["account", "enable", &device.uuid]);
    place.json(&["whoami", "--json"]);
}

#[test]
fn addresses_that_look_alike_are_told_apart_and_other_forms_of_a_letter_are_refused() {
    let (place, _service, _) = place_with_login();
    let add = |email: &str| {
        let add = ["account", "add", "--password-file", "password", "--email"];
        place.run(&[&add[..], &[email]].concat())
    };
    let email = EMAIL.replacen('a', "\u{430}", 1);
    let output = add(&email);
    assert!(output.status.success(), "{}", stderr(&output));
    let escaped = EMAIL.replacen('a', "\\u{430}", 1);
    let expected = format!("{email} ({escaped}, mixed scripts)");
    let added = String::from_utf8(output.stdout).unwrap();
    let listed = place.shown(&["account", "list"]);
    let shown = place.shown(&["account", "show", &email]);
    for text in [added, listed, shown] {
        assert!(text.contains(&expected), "{text}");
    }
    let mut marks: Vec<_> = lines(&place, &["account", "list", "--json"])
        .iter()
        .map(|line| {
            (
                line["emailEscaped"].clone(),
                line["emailMixedScripts"].clone(),
            )
        })
        .collect();
    marks.sort_by_key(|(_, is_mixed)| is_mixed.as_bool());
    let expected = [(Value::Null, json!(false)), (json!(escaped), json!(true))];
    assert_eq!(marks, expected);

    for (letter, said) in [
        ("\u{ff41}", "plain letters"),
        ("\u{1d41a}", "plain letters"),
        ("a\u{200b}", "invisible"),
    ] {
        let output = add(&EMAIL.replacen('a', letter, 1));
        assert!(!output.status.success(), "{letter}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn devices_are_listed_renamed_and_deleted_at_once() {
    let (place, _service, uuid) = place_with_login();
    let login = ["login", "--email", EMAIL, "--password-file", "password"];
    let complaint = place.refusal(&[&login[..], &["--name", "A \u{1b}[2Jlaptop"]].concat());
    assert!(
        complaint.contains("DEVICE_DISPLAY_NAME_INVALID"),
        "{complaint}"
    );
    place.shown(&[&login[..], &["--name", " A laptop "]].concat());
    let listed = place.json(&["device", "list", EMAIL, "--json"]);
    assert_eq!(listed["uuid"], uuid.as_str());
    let entry = &listed["devices"][0];
    assert_eq!(
        (&entry["name"], &entry["state"]),
        (&Value::from("A laptop"), &Value::from("active"))
    );
    assert!(entry["lastSeen"].as_u64() >= entry["created"].as_u64());
    let address = entry["lastAddress"].as_str().unwrap();
    assert_eq!(address.len(), 22, "a pseudonym");
    let text = place.shown(&["device", "list", &uuid]);
    for shown in ["  active  last seen 20", " UTC from ", address, "A laptop"] {
        assert!(text.contains(shown), "{text}");
    }
    place.shown(&["device", "rename", EMAIL, "1", "Ann's laptop"]);
    let text = place.shown(&["device", "list", &uuid]);
    assert!(text.contains("Ann's laptop"), "{text}");

    place.json(&["whoami", "--json"]);
    let complaint = place.refusal(&["device", "delete", EMAIL, "1"]);
    assert!(complaint.contains("--yes"), "{complaint}");
    place.json(&["whoami", "--json"]);
    let done = place.json(&["device", "delete", EMAIL, "1", "--yes", "--json"]);
    assert_eq!(done["deleted"], true);
    let complaint = place.refusal(&["whoami"]);
    assert!(complaint.contains("the login has ended"), "{complaint}");
}

#[test]
fn an_account_is_deleted_with_all_that_belongs_to_it() {
    let (place, _service, uuid) = place_with_login();
    log_in(&place);
    let complaint = place.refusal(&["account", "delete", EMAIL]);
    assert!(complaint.contains("--yes"), "{complaint}");
    place.json(&["whoami", "--json"]);
    place.shown(&["account", "delete", &uuid, "--yes"]);
    assert!(place.refusal(&["whoami"]).contains("the login has ended"));
    for name in [EMAIL, &uuid] {
        let complaint = place.refusal(&["account", "show", name]);
        assert!(
            complaint.contains("there is no such account"),
            "{complaint}"
        );
    }
    assert_eq!(place.shown(&["account", "list"]), "");
}

#[test]
fn a_new_password_deletes_devices_that_sessions_gave_a_password_unless_they_are_kept() {
    let (place, _service, _) = place_with_login();
    fs::write(place.path().join("fresh"), "fresh battery staple").unwrap();
    let issuer = Issuer::of(&place);
    let password = fs::read_to_string(place.path().join("password")).unwrap();
    let mut password = password.trim().to_owned();
    for (flags, deleted) in [(&["--keep-devices", "--yes"][..], 0), (&["--yes"], 2)] {
        let login = json!({ "email": EMAIL, "password": password, "deviceId": 1 });
        let (status, body) = issuer.post("/auth/login", &login);
        assert_eq!(status, 200, "{body}");
        let tokens: Value = serde_json::from_str(&body).unwrap();
        let bearer = format!(
            "authorization: Bearer {}",
            tokens["access_token"].as_str().unwrap()
        );
        let kind = "content-type: application/json";
        let data = [
            "--header",
            kind,
            "--header",
            &bearer,
            "--data",
            r#"{"name":"x"}"#,
        ];
        assert_eq!(issuer.call(&data, "/v1/devices").0, 200);
        let set = [
            "account",
            "set-password",
            EMAIL,
            "--password-file",
            "fresh",
            "--json",
        ];
        // Without a terminal there is no confirmation: the devices and the password stay.
        let complaint = place.refusal(&set);
        for said in [
            "sessions of the account (1)",
            "2 (x)",
            "--keep-devices",
            "--yes",
            "nothing was done",
        ] {
            assert!(complaint.contains(said), "{complaint}");
        }
        assert_eq!(issuer.post("/auth/login", &login).0, 200);
        let done = place.json(&[&set[..], flags].concat());
        assert_eq!(done["deletedDevices"], deleted, "{done}");
        "fresh battery staple".clone_into(&mut password);
    }
}

#[test]
fn a_new_password_has_the_limits_of_the_account_begin_anew_in_the_running_service() {
    let (place, _service, _) = place_with_login_and(|place| {
        place.set("ANTEROOM_LIMITS_RELAYS_CAPACITY", "1");
    });
    fs::write(place.path().join("fresh"), "fresh battery staple").unwrap();
    let issuer = Issuer::of(&place);
    let relays = |password: &str| {
        let login = json!({ "email": EMAIL, "password": password, "deviceId": 1 });
        let (status, body) = issuer.post("/auth/login", &login);
        assert_eq!(status, 200, "{body}");
        let tokens: Value = serde_json::from_str(&body).unwrap();
        let token = tokens["access_token"].as_str().unwrap();
        let bearer = format!("authorization: Bearer {token}");
        issuer.call(&["--header", &bearer], "/v2/calling/relays").0
    };
    let password = fs::read_to_string(place.path().join("password")).unwrap();
    assert_eq!(
        [relays(password.trim()), relays(password.trim())],
        [200, 429]
    );
    let set = ["account", "set-password", EMAIL, "--password-file", "fresh"];
    place.shown(&[&set[..], &["--yes"]].concat());
    assert_eq!(relays("fresh battery staple"), 200);
}

#[test]
fn a_new_password_ends_sessions_and_a_login_can_be_added_later() {
    let (place, _service, _) = place_with_login();
    log_in(&place);
    fs::write(place.path().join("fresh"), "fresh battery staple").unwrap();
    let done = place.json(&[
        "account",
        "set-password",
        EMAIL,
        "--password-file",
        "fresh",
        "--yes",
        "--json",
    ]);
    assert_eq!(done["endedSessions"], 1);
    assert!(place.refusal(&["whoami"]).contains("the login has ended"));
    let complaint = place.refusal(&["login", "--email", EMAIL, "--password-file", "password"]);
    assert!(
        complaint.contains("LOGIN_INVALID_CREDENTIALS"),
        "{complaint}"
    );
    place.shown(&["login", "--email", EMAIL, "--password-file", "fresh"]);

    let other = place.add_account().uuid;
    let set = [
        "account",
        "set-password",
        &other,
        "--password-file",
        "fresh",
    ];
    let complaint = place.refusal(&set);
    assert!(complaint.contains("--email"), "{complaint}");
    let complaint = place.refusal(&[&set[..], &["--email", EMAIL]].concat());
    assert!(complaint.contains("another account"), "{complaint}");
    place.shown(&[&set[..], &["--email", "bob@example.org"]].concat());
    place.shown(&[
        "login",
        "--email",
        "bob@example.org",
        "--password-file",
        "fresh",
    ]);
    assert_eq!(place.json(&["whoami", "--json"])["uuid"], other.as_str());
}

#[test]
fn roles_are_given_and_taken() {
    let (place, _service, uuid) = place_with_login();
    for role in ["administrator", "member"] {
        let done = place.json(&["account", "role", EMAIL, role, "--json"]);
        assert_eq!(done["role"], role);
        let shown = place.json(&["account", "show", &uuid, "--json"]);
        assert_eq!(shown["role"], role);
    }
}

#[test]
fn an_invite_is_shown_once_with_its_page() {
    let (mut place, _service, _) = place_with_login();
    let made = place.json(&["account", "invite", "--json"]);
    let code = made["code"].as_str().unwrap();
    assert_eq!(code.len(), 43);
    assert_eq!(made["url"], Value::Null);
    place.set("ANTEROOM_ISSUER_PUBLIC_URL", "https://id.example/");
    let text = place.shown(&["account", "invite", "--days", "1"]);
    assert!(
        text.contains("https://id.example/account/signup?invite="),
        "{text}"
    );
    assert!(!text.contains(code));
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let (place, _service, uuid) = place_with_login();
    fs::write(place.path().join("short"), "short").unwrap();
    let nobody = "8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11";
    for (arguments, said) in [
        (
            &["account", "show", "ann"][..],
            "Give its UUID, or the email address",
        ),
        (&["account", "show", nobody], "no such account"),
        (&["account", "show", "bob@example.org"], "no such account"),
        (&["account", "show", "@"], "no email address"),
        (&["account", "disable", nobody], "no such account"),
        (&["account", "role", nobody, "member"], "no such account"),
        (&["account", "delete", nobody, "--yes"], "no such account"),
        (&["account", "add", "--email", "ann"], "no email address"),
        (
            &["account", "add", "--email", "bob@example.org"],
            "--password-file",
        ),
        (
            &[
                "account",
                "add",
                "--email",
                "bob@example.org",
                "--password-file",
                "short",
            ],
            "8 to 64 characters",
        ),
        (
            &[
                "account",
                "add",
                "--email",
                EMAIL,
                "--password-file",
                "password",
            ],
            "another account has this email",
        ),
        (
            &[
                "account",
                "set-password",
                EMAIL,
                "--password-file",
                "nowhere",
            ],
            "cannot be read",
        ),
        (
            &[
                "account",
                "set-password",
                EMAIL,
                "--email",
                "bob@example.org",
                "--password-file",
                "password",
            ],
            "another email address",
        ),
        (&["device", "list", nobody], "no such account"),
        (&["device", "delete", EMAIL, "7", "--yes"], "no such device"),
        (&["device", "delete", EMAIL, "0", "--yes"], "count from 1"),
        (&["device", "rename", EMAIL, "7", "x"], "no such device"),
        (
            &["device", "rename", EMAIL, "1", &"x".repeat(101)],
            "100 characters",
        ),
        (
            &["device", "rename", EMAIL, "1", " "],
            "at least one visible character",
        ),
        (&["device", "rename", EMAIL, "1", "two\nlines"], "one line"),
        (
            &["device", "rename", EMAIL, "1", "a\u{202e}b"],
            "text direction",
        ),
    ] {
        let complaint = place.refusal(arguments);
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
    }
    for arguments in [
        &["account", "role", EMAIL, "king"][..],
        &["account", "invite", "--days", "0"],
        &["account", "add", "--password-file", "password"],
        &["device", "delete", EMAIL, "one"],
    ] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    let listed = lines(&place, &["account", "list", "--json"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["uuid"], uuid.as_str());
    log_in(&place);
}

#[test]
fn without_a_database_there_is_nothing_to_manage() {
    let place = TestDirectory::new();
    for arguments in [&["account", "list"][..], &["device", "list", EMAIL]] {
        assert!(place.refusal(arguments).contains("there is no database"));
    }
}
