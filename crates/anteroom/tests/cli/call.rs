//! `anteroom call join --plain` as processes in one call.

use std::{io::Read, process::Stdio};

use rustix::process::Signal;

use crate::place::{Account, Participant, Place, Service, stderr};

/// A service, a link of Ann's, and two accounts.
struct Scene {
    place: Place,
    _service: Service,
    ann: Account,
    bob: Account,
    link: String,
}

fn scene(flags: &[&str]) -> Scene {
    let mut place = Place::new();
    let service = place.start();
    let (ann, bob) = (place.add_account(), place.add_account());
    place.act_as(&ann);
    let command = [&["link", "create", "--json", "--name", "Tea"], flags].concat();
    let link = place.json(&command)["link"].as_str().unwrap().to_owned();
    Scene {
        place,
        _service: service,
        ann,
        bob,
        link,
    }
}

impl Scene {
    fn join(&mut self, who: &str, flags: &[&str]) -> Participant {
        self.place.act_as(match who {
            "Ann" => &self.ann,
            _ => &self.bob,
        });
        let command = [&["call", "join", &self.link, "--plain", "--as", who], flags].concat();
        Participant::start(self.place.anteroom(&command))
    }
}

#[test]
fn a_guest_waits_is_let_in_talks_and_leaves() {
    let mut scene = scene(&[]);
    let mut ann = scene.join("Ann", &["--admin"]);
    ann.wait_for("You are in \"Tea\", as an admin.");
    let mut bob = scene.join("Bob", &[]);
    bob.wait_for("You wait in the lobby of \"Tea\"");
    ann.wait_for("#1 waits in the lobby: /admit 1 or /deny 1");
    ann.type_line("/admit 1");
    bob.wait_for("You were let in.");
    ann.wait_for("#1 is called Bob.");
    bob.wait_for("is called Ann.");
    ann.type_line("hello, Bob");
    bob.wait_for("Ann#1: hello, Bob");
    bob.type_line("//shrug");
    ann.wait_for("Bob#1: /shrug");
    bob.type_line("/hand");
    ann.wait_for("Bob#1 raised a hand.");
    ann.type_line("/who");
    ann.wait_for("You (in the call)");
    ann.wait_for("Bob#1 (in the call, with a raised hand)");
    let state = scene.place.json(&["link", "show", &scene.link, "--json"]);
    assert_eq!(
        (&state["active"], &state["pending"]),
        (&2.into(), &0.into())
    );
    // A call is on: no approval may change under it.
    scene.place.act_as(&scene.ann);
    let shown = scene
        .place
        .refusal(&["link", "approval", &scene.link, "off"]);
    assert!(shown.contains("409 CALL_ON"), "{shown}");

    bob.type_line("/quit");
    let (status, said) = bob.end();
    assert!(status.success(), "{said:#?}");
    ann.wait_for("Bob#1 left.");
    ann.signal(Signal::INT);
    let (status, said) = ann.end();
    assert!(status.success(), "{said:#?}");
    assert_eq!(said.last().unwrap(), "You left.");
}

#[test]
fn without_approval_guests_are_in_at_once_and_the_end_of_input_leaves() {
    let mut scene = scene(&["--approval", "off"]);
    let mut ann = scene.join("Ann", &["--admin"]);
    ann.wait_for("You are in");
    scene.place.act_as(&scene.bob);
    let output = scene.place.run_with_input(
        &["call", "join", &scene.link, "--plain"],
        "/dance\n/admit 1\nhello\n",
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("/dance is no command"), "{said}");
    ann.wait_for("#1: hello");
}

#[test]
fn denied_removed_and_blocked_guests_are_told() {
    let mut scene = scene(&[]);
    let mut ann = scene.join("Ann", &["--admin"]);
    ann.wait_for("You are in");
    for (number, command, told) in [
        (1, "deny", "An admin did not let you in."),
        (2, "remove", "An admin sent you away."),
        (
            3,
            "block",
            "An admin sent you away for the rest of this call.",
        ),
    ] {
        let mut bob = scene.join("Bob", &[]);
        ann.wait_for(&format!("#{number} waits in the lobby"));
        if command != "deny" {
            ann.type_line(&format!("/admit {number}"));
            bob.wait_for("You were let in.");
        }
        ann.type_line(&format!("/{command} {number}"));
        bob.wait_for(told);
        let (status, said) = bob.end();
        assert!(status.success(), "{said:#?}");
    }
    let bob = scene.join("Bob", &[]);
    let (_, said) = bob.end();
    assert!(
        said.iter().all(|line| !line.contains("You wait")),
        "{said:#?}"
    );
    let ann_only = scene.place.json(&["link", "show", &scene.link, "--json"]);
    assert_eq!(
        (&ann_only["active"], &ann_only["pending"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn whoever_has_the_passkey_sends_everybody_away_without_being_in_the_call() {
    for (command, told) in [
        (&["call", "end"][..], "Everybody was sent away."),
        (&["link", "revoke", "--end-call"], "revoked"),
        (&["link", "delete", "--end-call"], "Deleted the link"),
    ] {
        let mut scene = scene(&["--approval", "off"]);
        let mut bob = scene.join("Bob", &[]);
        bob.wait_for("You are in");
        scene.place.act_as(&scene.ann);
        let (verb, flags) = command.split_at(2);
        let shown = scene.place.shown(&[verb, &[&scene.link], flags].concat());
        assert!(shown.contains(told), "{shown}");
        bob.wait_for("An admin ended the call.");
        let (status, said) = bob.end();
        assert!(status.success(), "{said:#?}");
    }
}

#[test]
fn a_revoked_link_lets_nobody_join() {
    let mut scene = scene(&[]);
    scene.place.shown(&["link", "revoke", &scene.link]);
    scene.place.act_as(&scene.bob);
    let shown = scene
        .place
        .refusal(&["call", "join", &scene.link, "--plain"]);
    assert!(
        shown.contains("the link has expired or was revoked"),
        "{shown}"
    );
}

#[test]
fn a_call_goes_on_where_it_was_when_the_service_was_killed_and_is_back() {
    let mut place = Place::new();
    let address = free_address();
    place.set("ANTEROOM_ROOMS_LISTEN", &address);
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let link = place.json(&["link", "create", "--json"])["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let command = ["call", "join", &link, "--plain", "--admin"];
    let mut ann = Participant::start(place.anteroom(&command));
    ann.wait_for("You are in");
    service.signal(Signal::KILL);
    ann.wait_for("The connection is lost");
    drop(service);
    let _service = place.start();
    // The call went down with its node; the next join begins another.
    ann.wait_for("You are in");
    ann.type_line("/quit");
    assert!(ann.end().0.success());
}

#[test]
fn a_service_that_stops_during_a_call_is_said_to_keep_no_place() {
    let mut place = Place::new();
    let address = free_address();
    place.set("ANTEROOM_ROOMS_LISTEN", &address);
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let link = place.json(&["link", "create", "--json"])["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let command = ["call", "join", &link, "--plain", "--admin"];
    let mut ann = Participant::start(place.anteroom(&command));
    ann.wait_for("You are in");
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
    ann.wait_for("The room service has ended the call");
    ann.wait_for("Your place is not kept; trying for a minute to join again.");
    let _service = place.start();
    ann.wait_for("You are in");
    ann.type_line("/quit");
    assert!(ann.end().0.success());
}

#[test]
fn a_closed_terminal_window_leaves_the_call_at_once() {
    let mut scene = scene(&["--approval", "off"]);
    let mut ann = scene.join("Ann", &["--admin"]);
    ann.wait_for("You are in");
    let mut bob = scene.join("Bob", &[]);
    bob.wait_for("You are in");
    bob.signal(Signal::HUP);
    let (status, said) = bob.end();
    assert!(status.success(), "{status}: {said:#?}");
    assert_eq!(said.last().unwrap(), "You left.");
    ann.wait_for("left.");
}

#[test]
fn a_call_on_the_whole_screen_is_left_when_its_terminal_is_gone() {
    let scene = scene(&[]);
    let mut place = scene.place;
    place.act_as(&scene.ann);
    let made = place.command("mkfifo").arg("status").status().unwrap();
    assert!(made.success());
    // As an interactive shell does, this one passes the hang-up on to its job.
    let shell = format!(
        "stty rows 24 cols 100; exec 3<&0; anteroom call join '{}' --admin <&3 & job=$!; \
         trap 'kill -HUP $job' HUP; wait $job; wait $job; echo $? >status",
        scene.link
    );
    let mut command = place.command("script");
    command.args(["--quiet", "--flush", "--command", &shell, "/dev/null"]);
    let mut terminal = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Blanks are not drawn.
    read_until(terminal.stdout.as_mut().unwrap(), "admin.");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    let status = place
        .command("timeout")
        .args(["60", "cat", "status"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout), "0\n");
}

#[test]
fn a_call_whose_lines_nobody_reads_any_more_is_left_quietly() {
    let mut scene = scene(&["--approval", "off"]);
    let mut ann = scene.join("Ann", &["--admin"]);
    ann.wait_for("You are in");
    scene.place.act_as(&scene.bob);
    let mut bob = scene
        .place
        .command("timeout")
        .args(["60", "anteroom", "call", "join", &scene.link, "--plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    read_until(&mut bob.stdout.take().unwrap(), "You are in");
    // The end of the input would leave the call too.
    let input = bob.stdin.take();
    ann.type_line("is anybody there?");
    let bob = bob.wait_with_output().unwrap();
    drop(input);
    assert!(bob.status.success(), "{bob:?}");
    assert!(!stderr(&bob).contains("panicked"), "{bob:?}");
    ann.wait_for("left.");
}

/// Reads until this has come.
fn read_until(output: &mut impl Read, text: &str) {
    let mut seen = String::new();
    let mut bytes = [0; 1024];
    while !seen.contains(text) {
        let length = output.read(&mut bytes).unwrap();
        assert_ne!(length, 0, "no {text:?} in {seen}");
        seen += &String::from_utf8_lossy(&bytes[..length]);
    }
}

/// An address that is free now, for a service that must come back to it.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
