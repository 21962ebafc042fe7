//! The end of a stay in a call as scripts read it, and the events of a call as JSON.

use std::{fs, path::Path};

use serde_json::Value;

use crate::call::fixture;

/// Asserts that the last line of standard error is an error of this code, with the next step.
#[track_caller]
fn assert_error(errors: &Path, flags: &[&str], code: &str, what: &str) {
    let shown = fs::read_to_string(errors).unwrap();
    let last = shown.lines().last().unwrap_or_default();
    if flags.is_empty() {
        let rest = last.strip_prefix(&format!("anteroom: {what}. "));
        assert!(rest.is_some_and(|next| next.len() > 10), "{shown}");
        return;
    }
    let document: Value = serde_json::from_str(last).unwrap();
    let error = document["error"].as_object().unwrap();
    assert_eq!(
        (&error["code"], &error["what"]),
        (&code.into(), &what.into()),
        "{shown}"
    );
    assert!(error["next"].as_str().unwrap().len() > 10, "{shown}");
}

#[test]
fn a_script_whom_an_admin_sends_away_ends_with_an_error_and_the_next_step() {
    let mut fixture = fixture(&[]);
    let errors = fixture.place.path().join("errors");
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    for (command, flags, told, code, what) in [
        (
            "deny",
            &["--json"][..],
            "An admin did not let you in.",
            "denied",
            "an admin did not let you in",
        ),
        (
            "remove",
            &[],
            "An admin sent you away.",
            "removed",
            "an admin sent you away",
        ),
        (
            "remove",
            &["--json"],
            "An admin sent you away.",
            "removed",
            "an admin sent you away",
        ),
        (
            "block",
            &["--json"],
            "for the rest of this call.",
            "blocked",
            "an admin sent you away for the rest of this call",
        ),
    ] {
        let mut bob = fixture.join_with(&errors, flags);
        let tag = ann.wait_for_guest();
        if command != "deny" {
            ann.type_line(&format!("/admit {tag}"));
            bob.wait_for("You were let in.");
        }
        ann.type_line(&format!("/{command} {tag}"));
        bob.wait_for(told);
        bob.end();
        assert_error(&errors, flags, code, what);
    }
    // The room service refuses who is blocked, before the call.
    let bob = fixture.join_with(&errors, &["--json"]);
    bob.end();
    assert_error(&errors, &["--json"], "blocked", "the call cannot be joined");
}

#[test]
fn with_json_each_line_of_the_lobby_and_of_the_call_is_an_event() {
    let mut fixture = fixture(&[]);
    let errors = fixture.place.path().join("errors");
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join_with(&errors, &["--json"]);
    bob.wait_for(
        "{\"event\":\"notice\",\"text\":\"You wait in the lobby of \\\"Tea\\\" until an admin",
    );
    bob.wait_for("{\"event\":\"presence\",\"text\":\"admin #");
    bob.type_line("/dance");
    bob.wait_for("{\"event\":\"problem\",\"text\":\"/dance is no command");
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {tag}"));
    bob.wait_for("With you in the group: ");
    ann.wait_for("With you in the group: ");
    ann.type_line("hello \"Bob\"");
    let said = bob.wait_for("\"message\"");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["text"], "hello \"Bob\"");
    assert!(said["author"].as_str().unwrap().starts_with("admin #"));
    bob.type_line("/quit");
    let (status, said) = bob.end();
    assert!(status.success(), "{said:#?}");
    let kinds = ["message", "presence", "notice", "problem"];
    for line in &said {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(kinds.contains(&event["event"].as_str().unwrap()), "{line}");
    }
    let last = "{\"event\":\"notice\",\"text\":\"You left.\"}";
    assert_eq!(said.last().unwrap(), last);
}

#[test]
fn the_end_of_a_call_by_an_admin_is_an_error_and_leaving_is_none() {
    let mut fixture = fixture(&["--approval", "off"]);
    let errors = fixture.place.path().join("errors");
    for flags in [&[][..], &["--json"]] {
        let mut bob = fixture.join_with(&errors, flags);
        bob.wait_for("You are in");
        bob.type_line("/quit");
        bob.end();
        let shown = fs::read_to_string(&errors).unwrap();
        assert!(
            !shown.contains("{\"error\"") && !shown.contains("anteroom: "),
            "{shown}"
        );
        let mut bob = fixture.join_with(&errors, flags);
        bob.wait_for("You are in");
        fixture.end_call();
        bob.wait_for("An admin ended the call.");
        bob.end();
        let what = "an admin ended the call";
        assert_error(&errors, flags, "ended_by_admin", what);
    }
}
