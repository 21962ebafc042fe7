//! Texts that nobody hears: each is told with all of it, and a script that says one fails.

use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    call::{CallFixture, call_at_a_fixed_address, fixture},
    directory::{CallProcess, stderr},
};

/// Says a text as a script of Bob's.
fn script(fixture: &mut CallFixture) -> Output {
    fixture.place.act_as(&fixture.bob);
    let command = [
        "call",
        "join",
        &fixture.link,
        "--plain",
        "--guest",
        "--json",
    ];
    fixture.place.run_with_input(&command, "hello\n")
}

/// Checks that a script has failed since its text was not said, for this reason.
fn check_unsaid(output: &Output, line: &str, name: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{name}: {said}");
    let events = said.lines().map(|line| serde_json::from_str(line).unwrap());
    let events: Vec<Value> = events.collect();
    let expected = json!({"event": "problem", "text": line});
    assert!(events.contains(&expected), "{name}: {said}");
    let shown = stderr(output);
    let report: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
    assert_eq!(report["error"]["code"], "not_said", "{name}: {shown}");
    for member in ["why", "next"] {
        assert!(report["error"][member].is_string(), "{name}: {shown}");
    }
}

#[test]
fn a_script_whose_text_nobody_hears_fails_with_not_said() {
    type Preparation = fn(&mut CallFixture) -> Option<CallProcess>;
    let alone: Preparation = |_| None;
    let with_ann: Preparation = |fixture| {
        let mut ann = fixture.join("Ann");
        ann.wait_for("You are in");
        Some(ann)
    };
    let with_stopped: Preparation = |fixture| {
        let mut ann = fixture.join("Ann");
        ann.wait_for("You are in");
        ann.signal(Signal::STOP);
        Some(ann)
    };
    for (name, flags, prepare, line) in [
        (
            "alone",
            &["--approval", "off"][..],
            alone,
            "not said: nobody else is in the call: hello",
        ),
        (
            "in the lobby",
            &[],
            with_ann,
            "not said: you are still in the lobby, where nobody hears you: hello",
        ),
        (
            "not in the group",
            &["--approval", "off"],
            with_stopped,
            "not said: the others have not let this device into their group: hello",
        ),
    ] {
        let mut fixture = fixture(flags);
        let other = prepare(&mut fixture);
        check_unsaid(&script(&mut fixture), line, name);
        drop(other);
    }
}

#[test]
fn a_text_to_somebody_whose_connection_is_lost_is_told_as_not_said() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    bob.wait_for("With you in the group: ");
    ann.wait_for("With you in the group: ");
    bob.type_line("hello");
    ann.wait_for("\"Bob\": hello");
    bob.signal(Signal::KILL);
    ann.wait_for("lost the connection");
    ann.type_line("are you there?");
    ann.type_line("/quit");
    ann.wait_for("! not said: nobody is there to hear it");
    let (status, said) = ann.end();
    assert_eq!(status.code(), Some(1), "{said:#?}");
}

#[test]
fn a_text_from_a_time_without_a_connection_is_told_when_its_promise_is_not_kept() {
    for signal in [None, Some(Signal::INT), Some(Signal::HUP)] {
        let (_place, service, mut ann) = call_at_a_fixed_address();
        service.signal(Signal::KILL);
        ann.wait_for("The connection is lost");
        ann.type_line("come back");
        ann.wait_for("this is said when it is back, to those who are back by then, and a line tells you if it cannot be.");
        match signal {
            Some(signal) => ann.signal(signal),
            None => ann.type_line("/quit"),
        }
        ann.wait_for("! not said: the call is over for you: come back");
        let (status, said) = ann.end();
        assert_eq!(status.code(), Some(1), "{said:#?}");
    }
}

#[test]
fn a_text_that_the_room_service_may_not_have_read_is_told_when_its_author_leaves() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    bob.wait_for("With you in the group: ");
    ann.wait_for("With you in the group: ");
    bob.type_line("hello");
    ann.wait_for("\"Bob\": hello");
    fixture.service.signal(Signal::STOP);
    bob.type_line("can you hear me?");
    bob.type_line("/quit");
    let line = bob.wait_for("! perhaps not said: ");
    assert!(line.ends_with(": can you hear me?"), "{line}");
    let (status, said) = bob.end();
    assert_eq!(status.code(), Some(1), "{said:#?}");
    // A text that the service has read is told by nobody.
    assert!(
        !said.iter().any(|line| line.ends_with(": hello")),
        "{said:#?}"
    );
}

#[test]
fn a_text_at_the_end_of_a_call_is_told_as_not_said_whichever_comes_first() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut bob = fixture.join("Bob");
    bob.wait_for("You are in");
    bob.signal(Signal::STOP);
    fixture.end_call();
    bob.type_line("one more thing");
    bob.signal(Signal::CONT);
    let line = bob.wait_for("not said: ");
    assert!(line.ends_with(": one more thing"), "{line}");
    let (status, said) = bob.end();
    assert_eq!(status.code(), Some(5), "{said:#?}");
}
