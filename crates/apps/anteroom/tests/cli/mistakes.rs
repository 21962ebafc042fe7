//! Mistakes of operators: what is said about them, and what they leave behind.

use std::{fs, net::TcpListener};

use anteroom_testkit::TestCertificate;
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    accounts::{EMAIL, place_with_login},
    directory::{TestDirectory, stderr},
    errors::{Expected, check},
};

const CHECK: [&str; 3] = ["serve", "--check", "--json"];

/// The problems of a check or of the doctor: which look it was, what it found and the next step.
fn problems(place: &TestDirectory, arguments: &[&str]) -> Vec<[String; 3]> {
    let checks = looks(place, arguments);
    let problems = checks.iter().filter(|check| check["state"] == "problem");
    problems
        .map(|check| ["check", "what", "next"].map(|name| check[name].as_str().unwrap().to_owned()))
        .collect()
}

fn looks(place: &TestDirectory, arguments: &[&str]) -> Vec<Value> {
    let output = place.run(arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| unreachable!("{}", stderr(&output)));
    report["checks"].as_array().unwrap().clone()
}

#[test]
fn from_outside_the_doctor_names_the_flag_or_the_variable_of_a_wrong_address() {
    let (issuer, rooms) = ("id.calls.example", "http://nowhere.invalid");
    let by_variable = {
        let mut place = TestDirectory::new();
        place.set("ANTEROOM_ISSUER_URL", issuer);
        place.set("ANTEROOM_ROOMS_URL", rooms);
        problems(&place, &["doctor", "--outside", "--json"])
    };
    let flags = ["--outside", "--issuer", issuer, "--rooms", rooms, "--json"];
    let by_flag = problems(&TestDirectory::new(), &[&["doctor"], &flags[..]].concat());
    for (found, issuer, rooms) in [
        (by_flag, "--issuer", "--rooms"),
        (by_variable, "ANTEROOM_ISSUER_URL", "ANTEROOM_ROOMS_URL"),
    ] {
        let [of_issuer, of_rooms] = &found[..] else {
            unreachable!("{found:#?}")
        };
        assert!(
            of_issuer[2].contains(&format!("set {issuer} to a URL")),
            "{found:#?}"
        );
        assert!(
            of_rooms[2].contains(&format!("the name in {rooms}")),
            "{found:#?}"
        );
        assert!(!format!("{found:?}").contains("public_url"), "{found:#?}");
    }
}

#[test]
fn the_doctor_says_once_what_is_the_same_for_both_services() {
    let place = TestDirectory::new();
    let _service = place.start();
    for arguments in [&["doctor", "--json"][..], &CHECK] {
        let said = looks(&place, arguments);
        for (place, look) in said.iter().enumerate() {
            assert!(!said[..place].contains(look), "{look}");
        }
    }
}

#[test]
fn flags_of_server_params_are_refused_for_other_keys() {
    let place = TestDirectory::new();
    place.start().stop();
    let before = place.shown(&["keys", "list", "--json"]);
    for kind in ["data", "token", "event", "master"] {
        for (flags, named) in [
            (&["--now"][..], "--now"),
            (&["--now", "--revoke", "--yes"], "--now"),
            (&["--days", "7"], "--days"),
        ] {
            let arguments = [&["keys", "rotate", kind], flags].concat();
            let output = place.run(&arguments);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(
                said.contains(&format!("'{named}' is for server params alone")),
                "{said}"
            );
        }
    }
    assert_eq!(place.shown(&["keys", "list", "--json"]), before);
}

#[test]
fn a_start_that_is_refused_leaves_no_file() {
    const HOOK: (&str, &str) = ("ANTEROOM_EVENTS_WEBHOOK_URL", "https://a.example");
    for (arguments, variables, what) in [
        (
            &["--role", "rooms"][..],
            &[][..],
            "anteroom keys export --out FILE",
        ),
        (
            &["--role", "rooms", "--new", "rooms"],
            &[],
            "anteroom keys import FILE",
        ),
        (
            &[],
            &[("ANTEROOM_ROOMS_ORIGINS", "example")],
            "rooms.origins: \"example\" is no https://host. Correct the setting of [rooms]",
        ),
        (
            &[],
            &[("ANTEROOM_ISSUER_TLS_KEY", "key")],
            "issuer.tls.key needs issuer.tls.certificate. Set issuer.tls.certificate too",
        ),
        (
            &[],
            &[HOOK],
            "events.webhook needs a secret. Correct the URL",
        ),
        (
            &[],
            &[("ANTEROOM_EVENTS_FILE", "nowhere/events")],
            "the event file nowhere/events cannot be opened",
        ),
        (
            &[],
            &[
                ("ANTEROOM_OIDC_ISSUERS", "https://a.example"),
                ("ANTEROOM_OIDC_AUDIENCES", "calls"),
                ("ANTEROOM_OIDC_EXTRA_ROOTS", "nowhere"),
            ],
            "oidc.extra_roots: nowhere: No such file or directory (os error 2). Correct the path",
        ),
    ] {
        let mut place = TestDirectory::new();
        for (name, value) in variables {
            place.set(name, value);
        }
        let refusal = place.refusal(&[&["serve"], arguments].concat());
        assert!(refusal.contains(what), "{refusal}");
        assert!(!place.data().exists(), "{arguments:?} {variables:?}");
        // The same obstacle stands in a directory that is there.
        fs::create_dir(place.data()).unwrap();
        place.refusal(&[&["serve"], arguments].concat());
        assert_eq!(
            fs::read_dir(place.data()).unwrap().count(),
            0,
            "{arguments:?}"
        );
    }
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROLE", "rooms");
    let found = problems(&place, &CHECK);
    let [problem] = &found[..] else {
        unreachable!("{found:#?}")
    };
    assert_eq!(problem[0], "rooms.db");
    assert!(
        problem[2].contains("anteroom keys import FILE"),
        "{problem:?}"
    );
}

#[test]
fn a_certificate_that_cannot_be_used_names_the_setting_and_the_next_step() {
    let (one, other) = (TestCertificate::new(), TestCertificate::new());
    for (service, certificate, key, setting, why, next) in [
        (
            "issuer",
            None,
            None,
            "certificate",
            "pem cannot be read",
            "Put the file there",
        ),
        (
            "rooms",
            None,
            None,
            "certificate",
            "pem cannot be read",
            "Put the file there",
        ),
        (
            "issuer",
            Some(one.certificate_pem()),
            None,
            "key",
            "key cannot be read",
            "correct the path",
        ),
        (
            "issuer",
            Some("text".to_owned()),
            Some(one.key_pem()),
            "certificate",
            "no certificate",
            "Name a PEM file",
        ),
        (
            "issuer",
            Some(one.certificate_pem()),
            Some("text".to_owned()),
            "key",
            "no private key",
            "Name the PEM file",
        ),
        (
            "rooms",
            Some(one.certificate_pem()),
            Some(other.key_pem()),
            "key",
            "not that of the certificate",
            "was made for",
        ),
    ] {
        let mut place = TestDirectory::new();
        for (member, file, content) in [("CERTIFICATE", "pem", certificate), ("KEY", "key", key)] {
            let variable = format!("ANTEROOM_{}_TLS_{member}", service.to_uppercase());
            place.set(&variable, file);
            if let Some(content) = content {
                fs::write(place.path().join(file), content).unwrap();
            }
        }
        let expected = Expected {
            status: 1,
            code: "setting_invalid",
            what: &format!("{service}.tls.{setting} cannot be used"),
            why,
            next,
        };
        check(&place, &["serve"], &expected);
    }
}

#[test]
fn a_configuration_file_that_cannot_be_read_is_told_with_the_next_step() {
    let place = TestDirectory::new();
    fs::create_dir(place.path().join("folder")).unwrap();
    fs::write(place.path().join("binary.toml"), [0xff]).unwrap();
    for (file, next) in [
        ("nowhere.toml", "Correct the path in --config"),
        ("folder", "Name the file in it"),
        ("binary.toml", "in UTF-8"),
    ] {
        let what = format!("the configuration file {file} cannot be read");
        let expected = Expected {
            status: 1,
            code: "setting_invalid",
            what: &what,
            why: "",
            next,
        };
        for command in ["serve", "status", "whoami"] {
            check(&place, &[command, "--config", file], &expected);
        }
    }
}

#[test]
fn addresses_and_accounts_that_are_wrong_are_told_with_the_next_step() {
    let (place, _service, _) = place_with_login();
    let no_address = Expected {
        status: 1,
        code: "email_invalid",
        what: "that is no email address",
        why: "",
        next: "ann@mail.example",
    };
    fs::write(place.path().join("wrong"), "a wrong password").unwrap();
    for arguments in [
        &["login", "--email", "ann", "--password-file", "password"][..],
        &[
            "account",
            "add",
            "--email",
            "a b@c.example",
            "--password-file",
            "password",
        ],
        &["account", "show", "ann@"],
    ] {
        check(&place, arguments, &no_address);
    }
    let accounts = "Look at `anteroom account list`";
    for (account, what, next) in [
        ("ann", "that is no name of an account", "Give its UUID"),
        ("bob@example.org", "there is no such account", accounts),
        (
            "00000000-0000-0000-0000-000000000000",
            "there is no such account",
            accounts,
        ),
    ] {
        let expected = Expected {
            status: 1,
            code: "failed",
            what,
            why: "",
            next,
        };
        check(&place, &["account", "sessions", account], &expected);
    }
}

#[test]
fn a_disabled_account_is_told_to_the_right_password_and_to_no_other() {
    let (place, _service, _) = place_with_login();
    fs::write(place.path().join("wrong"), "a wrong password").unwrap();
    place.shown(&["account", "disable", EMAIL, "--yes"]);
    let log_in = |email, file| ["login", "--email", email, "--password-file", file];
    let disabled = Expected {
        status: 3,
        code: "LOGIN_ACCOUNT_DISABLED",
        what: "the password is right, and the account is disabled",
        why: "",
        next: "anteroom account enable",
    };
    check(&place, &log_in(EMAIL, "password"), &disabled);
    let of_account = place.refusal(&log_in(EMAIL, "wrong"));
    let of_nobody = place.refusal(&log_in("bob@example.org", "wrong"));
    assert_eq!(of_account, of_nobody);
}

#[test]
fn two_listeners_at_one_port_are_told_with_both_settings() {
    const SETTINGS: [(&str, &str); 4] = [
        ("ANTEROOM_ISSUER_LISTEN", "issuer.listen"),
        ("ANTEROOM_ROOMS_LISTEN", "rooms.listen"),
        ("ANTEROOM_ROOMS_INTERNAL_LISTEN", "rooms.internal_listen"),
        ("ANTEROOM_ADMIN_LISTEN", "admin.listen"),
    ];
    for (first, second, hosts) in [
        (0, 1, ["127.0.0.1", "127.0.0.1"]),
        (0, 1, ["0.0.0.0", "127.0.0.1"]),
        (1, 2, ["localhost", "127.0.0.1"]),
        (0, 3, ["127.0.0.1", "0.0.0.0"]),
    ] {
        let mut place = TestDirectory::new();
        let free = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        for ((variable, _), host) in [SETTINGS[first], SETTINGS[second]].into_iter().zip(hosts) {
            place.set(variable, &format!("{host}:{port}"));
        }
        let (first, second) = (SETTINGS[first].1, SETTINGS[second].1);
        let both = format!("{first} and {second} name the same port {port}");
        let expected = Expected {
            status: 1,
            code: "listen_failed",
            what: "cannot listen on",
            why: &both,
            next: &format!("Set {first} or {second} to another port"),
        };
        check(&place, &["serve"], &expected);
        let found = problems(&place, &CHECK);
        assert!(
            found.iter().any(|problem| problem[1].contains(&both)),
            "{found:#?}"
        );
    }
}

#[test]
fn the_status_takes_services_that_were_killed_for_stopped() {
    let place = TestDirectory::new();
    let service = place.start();
    service.signal(Signal::KILL);
    service.stop();
    let status = place.json(&["status", "--json"]);
    for service in status["services"].as_array().unwrap() {
        assert_eq!(service["state"], "stopped", "{status}");
        assert_eq!(service["listens"], Value::Null, "{status}");
    }
    assert_eq!(status["runningVersion"], Value::Null);
}

#[test]
fn places_of_events_for_a_webhook_that_cannot_be_used_are_found() {
    let with = |urls: &[(&str, &str)]| {
        let mut place = TestDirectory::new();
        place.set("ANTEROOM_WEBHOOK_SECRET", "the secret of the webhook");
        for (name, url) in urls {
            place.set(&format!("ANTEROOM_EVENTS_WEBHOOK_{name}"), url);
        }
        place
    };
    let urls = [
        ("URL", "https://a.example"),
        ("ROOMS_URL", "https://b.example"),
    ];
    let place = with(&urls);
    assert!(problems(&place, &CHECK).is_empty());
    assert!(!place.data().exists());
    fs::create_dir(place.data()).unwrap();
    for name in ["issuer-webhook", "rooms-webhook"] {
        let spool = place.data().join(name);
        fs::create_dir(&spool).unwrap();
        assert!(problems(&place, &CHECK).iter().all(|it| it[0] != "webhook"));
        fs::remove_dir(&spool).unwrap();
        fs::write(&spool, "").unwrap();
        let found = problems(&place, &CHECK);
        let problem = found.iter().find(|it| it[0] == "webhook").unwrap();
        assert!(problem[1].contains(name), "{problem:?}");
        assert!(problem[2].contains("the rights 700"), "{problem:?}");
        fs::remove_file(&spool).unwrap();
    }
    for (name, setting) in [
        ("URL", "events.webhook.url"),
        ("ROOMS_URL", "events.webhook.rooms_url"),
    ] {
        let place = with(&[(name, "https://user:hidden@a.example")]);
        let found = problems(&place, &CHECK);
        let problem = found.iter().find(|it| it[0] == "webhook").unwrap();
        assert!(
            problem[1].contains(setting) && !problem[1].contains("hidden"),
            "{problem:?}"
        );
    }
}
