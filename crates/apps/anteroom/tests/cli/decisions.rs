//! Decisions and other commands that do nothing, and say so instead of a success.

use rustix::process::Signal;

use crate::call::{call_at_a_fixed_address, fixture};

#[test]
fn a_command_while_the_connection_is_lost_is_refused_and_says_when_to_write_it_again() {
    let (_place, service, mut ann) = call_at_a_fixed_address();
    service.signal(Signal::KILL);
    ann.wait_for("The connection is lost");
    for command in [
        "/admit #0000",
        "/deny #0000",
        "/remove #0000",
        "/block #0000",
        "/hand",
        "/hand off",
        "/hand #0000 down",
        "/approval on",
        "/lock",
        "/verify",
        "/coadmin #0000",
    ] {
        ann.type_line(command);
        ann.wait_for(&format!(
            "! not done: the connection is lost. Write {command} again when it is back"
        ));
    }
    ann.type_line("/quit");
    let (_, said) = ann.end();
    let claims = said.iter().filter(|line| line.starts_with("You "));
    let claims: Vec<&String> = claims.collect();
    assert!(
        claims
            .iter()
            .all(|line| line.starts_with("You are in") || *line == "You left."),
        "{said:#?}"
    );
}

#[test]
fn a_decision_about_somebody_in_another_place_names_the_command_for_that_place() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/remove {tag}"));
    ann.wait_for(&format!(
        "! {tag} \"Bob\" waits in the lobby, and is not in the call: /deny {tag} sends them away"
    ));
    ann.type_line(&format!("/coadmin {tag}"));
    ann.wait_for(&format!(
        "! {tag} \"Bob\" waits in the lobby, and co-admins are members of the group: write /admit {tag} first"
    ));
    ann.type_line(&format!("/admit {tag}"));
    ann.wait_for("With you in the group: ");
    bob.wait_for("With you in the group: ");
    ann.type_line(&format!("/deny {tag}"));
    ann.wait_for(&format!(
        "! {tag} \"Bob\" is in the call, and not in the lobby: /remove {tag} sends them away"
    ));
    ann.type_line("/quit");
    let (_, said) = ann.end();
    for claim in ["You send", "You do not let"] {
        assert!(said.iter().all(|line| !line.contains(claim)), "{said:#?}");
    }
}

#[test]
fn the_second_denial_of_an_account_says_that_it_blocks_and_was_a_refusal() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    for (told, answer) in [
        (
            "in. A second /deny of the account",
            "An admin did not let you in.",
        ),
        (
            "in, and block the account for the rest of this call",
            "An admin did not let you in, and blocked your account for the rest of this call.",
        ),
    ] {
        let mut bob = fixture.join("Bob");
        let tag = ann.wait_for_guest();
        ann.type_line(&format!("/deny {tag}"));
        ann.wait_for(&format!("You do not let {tag} \"Bob\" {told}"));
        bob.wait_for(answer);
        let (status, said) = bob.end();
        assert_eq!(status.code(), Some(3), "{said:#?}");
    }
}

#[test]
fn another_device_of_ones_account_is_sent_away_alone_and_never_with_this_one() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut other = fixture.join("Ann");
    other.wait_for("You are in");
    let line = ann.wait_for("With you in the group: admin #");
    let tag = line.split_whitespace().nth(6).unwrap();
    other.wait_for("With you in the group: ");
    other.type_line("/who");
    let own = other.wait_for("  You, an admin (in the call)");
    assert!(own.contains("in with the admin secret"), "{own}");
    ann.type_line(&format!("/block {tag}"));
    ann.wait_for(&format!(
        "is a device of your own account, and /block is about all devices of an account, this one too: /remove {tag} \
         sends that device alone away"
    ));
    ann.type_line(&format!("/remove {tag}"));
    ann.wait_for(&format!(
        "You send admin {tag} \"Ann\" away. This device stays. Your account has to be let in again"
    ));
    other.wait_for("An admin sent you away.");
    assert_eq!(other.end().0.code(), Some(4));
    ann.type_line("/who");
    ann.wait_for("You, an admin (in the call)");
    ann.type_line("/quit");
    let (status, said) = ann.end();
    assert!(status.success(), "{said:#?}");
}
