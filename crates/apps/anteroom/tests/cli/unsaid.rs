//! Texts that nobody hears: each is told with all of it, and a script that says one fails.

use std::process::{ExitStatus, Output};

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
    // The last ones are said only once the room service has confirmed the first one.
    for text in texts("hello", 40) {
        bob.type_line(&text);
    }
    ann.wait_for("\"Bob\": hello-40");
    fixture.service.signal(Signal::STOP);
    bob.type_line("can you hear me?");
    bob.type_line("/quit");
    bob.wait_until("the text", |line| {
        line.contains("not said: ") && line.ends_with(": can you hear me?")
    });
    let (status, said) = bob.end();
    assert_eq!(status.code(), Some(1), "{said:#?}");
    // A text that the service has read is told by nobody.
    assert!(
        !said.iter().any(|line| line.ends_with(": hello-1")),
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

/// Returns the texts `PREFIX-1` to `PREFIX-COUNT`.
fn texts(prefix: &str, count: usize) -> Vec<String> {
    let texts = (1..=count).map(|number| format!("{prefix}-{number}"));
    texts.collect()
}

/// Checks that each text was heard, or told by its author, whose exit status says whether there are any of those.
/// Returns the lines that tell.
fn check_each_is_heard_or_told(
    texts: &[String],
    heard: &[String],
    (status, said): &(ExitStatus, Vec<String>),
) -> Vec<String> {
    let (mut told, mut lost) = (Vec::new(), Vec::new());
    for text in texts {
        let end = format!(": {text}");
        let is_told = |line: &&String| line.contains("not said: ") && line.ends_with(&end);
        if let Some(line) = said.iter().find(is_told) {
            told.push(line.clone());
        } else if !heard
            .iter()
            .any(|line| line.contains("\"Bob\"") && line.ends_with(&end))
        {
            lost.push(text);
        }
    }
    assert!(lost.is_empty(), "neither heard nor told: {lost:?}");
    let code = i32::from(!told.is_empty());
    assert_eq!(status.code(), Some(code), "{said:#?}");
    told
}

#[test]
fn a_script_says_more_at_once_than_the_room_service_takes_and_all_of_it_is_heard() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    bob.wait_for("With you in the group: ");
    ann.wait_for("With you in the group: ");
    bob.type_line("hello");
    ann.wait_for("\"Bob\": hello");
    ann.type_line("welcome");
    bob.wait_for("\"Ann\": welcome");
    let texts = texts("text", 400);
    for text in &texts {
        bob.type_line(text);
    }
    bob.type_line("/quit");
    let ended = bob.end();
    ann.wait_for("\"Bob\" left.");
    ann.type_line("/quit");
    let (_, heard) = ann.end();
    let told = check_each_is_heard_or_told(&texts, &heard, &ended);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_script_that_is_let_into_the_group_meanwhile_says_all_of_it() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let texts = texts("text", 100);
    for text in &texts {
        bob.type_line(text);
    }
    ann.wait_for("\"Bob\": text-100");
    bob.type_line("/quit");
    let ended = bob.end();
    ann.wait_for("\"Bob\" left.");
    ann.type_line("/quit");
    let (_, heard) = ann.end();
    let told = check_each_is_heard_or_told(&texts, &heard, &ended);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn each_text_of_devices_that_say_too_much_together_is_heard_or_told() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut devices = Vec::new();
    for number in 0..3 {
        let mut bob = fixture.join("Bob");
        bob.wait_for("With you in the group: ");
        let hello = format!("hello-{number}");
        bob.type_line(&hello);
        ann.wait_for(&format!("\"Bob\": {hello}"));
        let welcome = format!("welcome-{number}");
        ann.type_line(&welcome);
        bob.wait_for(&format!("\"Ann\": {welcome}"));
        devices.push(bob);
    }
    let said: Vec<_> = (0..devices.len())
        .map(|number| texts(&format!("text-{number}"), 300))
        .collect();
    for index in 0..300 {
        for (bob, texts) in devices.iter_mut().zip(&said) {
            bob.type_line(&texts[index]);
        }
    }
    for bob in &mut devices {
        bob.type_line("/quit");
    }
    let ended: Vec<_> = devices.into_iter().map(CallProcess::end).collect();
    ann.type_line("/quit");
    let (_, heard) = ann.end();
    for (texts, ended) in said.iter().zip(&ended) {
        check_each_is_heard_or_told(texts, &heard, ended);
    }
}

#[test]
fn a_decision_that_the_room_service_may_not_have_read_is_told_when_its_author_leaves() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let line = ann.wait_until("Bob's tag", |line| line.contains("\"Bob\""));
    let tag = line.split_once('#').unwrap().1;
    let tag = format!("#{}", tag.split_once(' ').unwrap().0);
    bob.wait_for("With you in the group: ");
    ann.wait_for("With you in the group: ");
    fixture.service.signal(Signal::STOP);
    ann.type_line(&format!("/block {tag}"));
    ann.wait_for("You block");
    ann.type_line("/quit");
    let line = ann.wait_for("! perhaps not done, since the call was over for you");
    assert!(line.contains(&format!(": /block {tag}")), "{line}");
    ann.end();
}

#[test]
fn a_refusal_of_the_last_command_is_told() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut other = fixture.join("Cleo");
    other.wait_for("You are in");
    let line = ann.wait_until("the other admin", |line| {
        line.contains("\"Cleo\"") && line.contains("joined")
    });
    let tag = line.split_once('#').unwrap().1;
    let tag = format!("#{}", tag.split_once(' ').unwrap().0);
    ann.type_line(&format!("/block {tag}"));
    ann.type_line("/quit");
    ann.wait_for(&format!("! /block {tag} was not done: "));
    let (status, said) = ann.end();
    assert!(status.success(), "{said:#?}");
}
