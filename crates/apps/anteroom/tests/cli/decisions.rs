//! Decisions and other commands that do nothing, and say so instead of a success.

use rustix::process::Signal;

use crate::call::call_at_a_fixed_address;

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
