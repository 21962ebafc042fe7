//! `anteroom call join --plain` as processes in one call.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::Stdio,
};

use rustix::process::Signal;
use serde_json::Value;

use crate::directory::{CallProcess, ServeProcess, TestAccount, TestDirectory, stderr};

/// A service, a link of Ann's, and three accounts.
pub(crate) struct CallFixture {
    pub(crate) place: TestDirectory,
    pub(crate) service: ServeProcess,
    ann: TestAccount,
    pub(crate) bob: TestAccount,
    carl: TestAccount,
    pub(crate) link: String,
}

pub(crate) fn fixture(flags: &[&str]) -> CallFixture {
    let mut place = TestDirectory::new();
    let service = place.start();
    let (ann, bob, carl) = (
        place.add_account(),
        place.add_account(),
        place.add_account(),
    );
    place.act_as(&ann);
    let command = [&["link", "create", "--json", "--name", "Tea"], flags].concat();
    let link = place.json(&command)["link"].as_str().unwrap().to_owned();
    CallFixture {
        place,
        service,
        ann,
        bob,
        carl,
        link,
    }
}

impl CallFixture {
    pub(crate) fn join(&mut self, who: &str) -> CallProcess {
        // Both share a home directory, in which the link is Ann's own.
        let (account, role) = match who {
            "Ann" => (&self.ann, "--admin"),
            "Carl" => (&self.carl, "--guest"),
            "Cleo" => (&self.carl, "--admin"),
            _ => (&self.bob, "--guest"),
        };
        self.place.act_as(account);
        let command = ["call", "join", &self.link, "--plain", "--as", who, role];
        CallProcess::start(self.place.anteroom(&command))
    }

    /// Ends the call as Ann.
    pub(crate) fn end_call(&mut self) {
        self.place.act_as(&self.ann);
        self.place.shown(&["call", "end", &self.link, "--yes"]);
    }

    /// Joins as Bob with these flags, and standard error in the file.
    pub(crate) fn join_with(&mut self, errors: &Path, flags: &[&str]) -> CallProcess {
        self.place.act_as(&self.bob);
        let command = ["call", "join", &self.link, "--plain", "--guest"];
        let command = [&command, flags].concat();
        let errors = File::create(errors).unwrap();
        CallProcess::start_with(self.place.anteroom(&command), errors.into())
    }
}

#[test]
fn a_guest_waits_is_let_in_talks_and_leaves() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in \"Tea\", as an admin.");
    let mut bob = fixture.join("Bob");
    bob.wait_for("You wait in the lobby of \"Tea\"");
    let tag = ann.wait_for_guest();
    bob.type_line("does anybody hear me?");
    bob.wait_for("! not said: you are still in the lobby");
    ann.type_line(&format!("/admit {tag}"));
    ann.wait_for(&format!(
        "You let {tag} \"Bob\" in. Other devices of that account come into the call without waiting"
    ));
    bob.wait_for("You were let in.");
    // One line with the name, or a second one if the name arrived late.
    ann.wait_for("Bob");
    bob.wait_for("Ann");
    ann.type_line("hello, Bob");
    let said = bob.wait_for("\"Ann\": hello, Bob");
    assert!(said.starts_with("admin #"), "{said}");
    bob.type_line("//shrug");
    ann.wait_for(&format!("{tag} \"Bob\": /shrug"));
    bob.type_line("/hand");
    bob.wait_for("You raise your hand.");
    bob.type_line("/hand");
    bob.wait_for("Your hand is raised already: /hand off lowers it.");
    ann.wait_for(&format!("{tag} \"Bob\" raised a hand."));
    ann.type_line("/who");
    ann.wait_for("You, an admin (in the call)");
    ann.wait_for(&format!("{tag} \"Bob\" (in the call, with a raised hand)"));
    let state = fixture
        .place
        .json(&["link", "show", &fixture.link, "--json"]);
    assert_eq!(
        (&state["active"], &state["pending"]),
        (&2.into(), &0.into())
    );
    // Approval cannot change during a call.
    fixture.place.act_as(&fixture.ann);
    let shown = fixture
        .place
        .refusal(&["link", "approval", &fixture.link, "off"]);
    assert!(
        shown.contains("approval is not switched: a call is on (409 CALL_ON). Wait"),
        "{shown}"
    );
    let next = "Wait until the call is over, or end it: anteroom call end LINK. In the call";
    assert!(shown.contains(next), "{shown}");

    bob.type_line("/quit");
    let (status, said) = bob.end();
    // A line of his input went to nobody.
    assert_eq!(status.code(), Some(1), "{said:#?}");
    ann.wait_for(&format!("{tag} \"Bob\" left."));
    // The tag is nobody else's now.
    for (command, complaint) in [
        ("/remove", "! /remove needs the tag of somebody"),
        (
            "/dance",
            "! /dance is no command, and the line went to nobody",
        ),
        (&format!("/remove {tag}"), "\"Bob\" is not here any more"),
        ("/remove #0000", "! nobody has that tag"),
    ] {
        ann.type_line(command);
        ann.wait_for(complaint);
    }
    ann.signal(Signal::INT);
    let (status, said) = ann.end();
    assert!(status.success(), "{said:#?}");
    assert_eq!(said.last().unwrap(), "You left.");
}

#[test]
fn an_admin_reads_the_name_and_the_account_id_of_somebody_in_the_lobby() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    for name in ["Bob", ""] {
        let mut bob = fixture.join(name);
        let line = ann.wait_for("waits in the lobby: /admit #");
        let (label, rest) = line.split_once(" waits in the lobby: /admit ").unwrap();
        let (tag, _) = rest.split_once(' ').unwrap();
        let (called, account) = match name {
            "" => (
                format!("{tag} id#{}", &fixture.bob.uuid[..8]),
                String::new(),
            ),
            name => (
                format!("{tag} \"{name}\""),
                format!(" (id#{})", &fixture.bob.uuid[..8]),
            ),
        };
        let expected = format!("{called}{account}");
        assert!(label.ends_with(&expected), "{label}");
        ann.type_line(&format!("/account {tag}"));
        ann.wait_for(&format!(
            "{called} has the account {}, as told by the server.",
            fixture.bob.uuid
        ));
        // The lobby shows the account ids of those in the call, and no names.
        let shown = bob.wait_for("is here.");
        let id = format!(" id#{} is here.", &fixture.ann.uuid[..8]);
        assert!(shown.ends_with(&id), "{shown}");
        bob.type_line("/quit");
        let (status, said) = bob.end();
        assert!(status.success(), "{said:#?}");
        assert!(said.iter().all(|line| !line.contains("Ann")), "{said:#?}");
    }
}

#[test]
fn without_approval_guests_are_in_at_once_and_the_end_of_input_leaves() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    fixture.place.act_as(&fixture.bob);
    let output = fixture.place.run_with_input(
        &["call", "join", &fixture.link, "--plain", "--guest"],
        "/dance\n/admit 1\nhello\n",
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("/dance is no command"), "{said}");
    ann.wait_for(": hello");
}

#[test]
fn denied_removed_and_blocked_guests_are_told() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    for (command, told, code) in [
        ("deny", "An admin did not let you in.", 3),
        ("remove", "An admin sent you away.", 4),
        (
            "block",
            "An admin sent you away for the rest of this call.",
            4,
        ),
    ] {
        let mut bob = fixture.join("Bob");
        let tag = ann.wait_for_guest();
        if command != "deny" {
            ann.type_line(&format!("/admit {tag}"));
            bob.wait_for("You were let in.");
        }
        ann.type_line(&format!("/{command} {tag}"));
        bob.wait_for(told);
        let (status, said) = bob.end();
        assert_eq!(status.code(), Some(code), "{said:#?}");
    }
    let bob = fixture.join("Bob");
    let (status, said) = bob.end();
    assert_eq!(status.code(), Some(3), "{said:#?}");
    assert!(
        said.iter().all(|line| !line.contains("You wait")),
        "{said:#?}"
    );
    let ann_only = fixture
        .place
        .json(&["link", "show", &fixture.link, "--json"]);
    assert_eq!(
        (&ann_only["active"], &ann_only["pending"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn whoever_has_the_passkey_sends_everybody_away_without_being_in_the_call() {
    for (command, told) in [
        (&["call", "end", "--yes"][..], "Everybody was sent away."),
        (&["link", "revoke", "--end-call", "--yes"], "revoked"),
        (
            &["link", "delete", "--yes", "--end-call"],
            "Deleted the link",
        ),
    ] {
        let mut fixture = fixture(&["--approval", "off"]);
        let mut bob = fixture.join("Bob");
        bob.wait_for("You are in");
        fixture.place.act_as(&fixture.ann);
        let (verb, flags) = command.split_at(2);
        let shown = fixture
            .place
            .shown(&[verb, &[&fixture.link], flags].concat());
        assert!(shown.contains(told), "{shown}");
        bob.wait_for("An admin ended the call.");
        let (status, said) = bob.end();
        assert_eq!(status.code(), Some(5), "{said:#?}");
    }
}

#[test]
fn the_end_of_no_call_says_so_and_a_revoked_link_is_not_to_be_revoked_again() {
    let fixture = fixture(&[]);
    let end = ["call", "end", &fixture.link, "--yes"];
    let shown = fixture.place.shown(&end);
    assert!(
        shown.contains("No call was on, so nobody was sent away. Revoke the link to let"),
        "{shown}"
    );
    fixture.place.shown(&["link", "revoke", &fixture.link]);
    let shown = fixture.place.shown(&end);
    assert!(
        !shown.contains("Everybody was sent away") && !shown.contains("Revoke"),
        "{shown}"
    );
}

#[test]
fn a_link_with_a_call_on_is_kept_by_its_admin_and_by_the_operator_with_one_exit_status() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut bob = fixture.join("Bob");
    bob.wait_for("You are in");
    fixture.place.act_as(&fixture.ann);
    let room = fixture.place.json(&["room", "list", "--json"])["room"].clone();
    let room = room.as_str().unwrap();
    for (noun, named) in [("link", fixture.link.as_str()), ("room", room)] {
        let command = [noun, "delete", named, "--yes", "--json"];
        let output = fixture.place.run(&command);
        assert_eq!(output.status.code(), Some(3), "{noun}: {output:?}");
        let shown = stderr(&output);
        let error: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "CALL_ON", "{noun}");
        let next = error["error"]["next"].as_str().unwrap();
        assert!(next.starts_with("End "), "{noun}: {next}");
    }
    fixture
        .place
        .shown(&["room", "delete", room, "--yes", "--end-call"]);
    bob.wait_for("An admin ended the call.");
}

#[test]
fn a_name_in_the_call_that_is_too_long_is_refused_with_the_limit() {
    let link = "https://calls.example/call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz";
    let name = "n".repeat(61);
    let shown = TestDirectory::new().refusal(&["call", "join", link, "--as", &name]);
    assert!(
        shown.contains("--as has 61 characters") && shown.contains("at most 60"),
        "{shown}"
    );
}

#[test]
fn a_revoked_link_lets_nobody_join() {
    let mut fixture = fixture(&[]);
    fixture.place.shown(&["link", "revoke", &fixture.link]);
    fixture.place.act_as(&fixture.bob);
    let output = fixture
        .place
        .run(&["call", "join", &fixture.link, "--plain"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let shown = stderr(&output);
    assert!(
        shown.contains("the link has expired or was revoked"),
        "{shown}"
    );
}

#[test]
fn a_room_service_that_cannot_be_reached_is_told_by_the_exit_status() {
    let fixture = fixture(&[]);
    let mut place = fixture.place;
    place.act_as(&fixture.bob);
    let nowhere = format!("http://{}", free_address());
    let command = [
        "call",
        "join",
        &fixture.link,
        "--plain",
        "--rooms",
        &nowhere,
    ];
    let output = place.run(&command);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let shown = stderr(&output);
    assert!(
        shown.contains("the room service cannot be reached"),
        "{shown}"
    );
}

#[test]
fn a_link_of_ones_own_is_joined_as_an_admin_where_it_was_created_and_as_a_guest_elsewhere() {
    let mut fixture = fixture(&[]);
    let listen = fs::read(fixture.place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let rooms = listen["rooms"].as_str().unwrap().to_owned();
    let by_name = rooms.replace("127.0.0.1", "localhost") + "/";
    let short = fixture.place.json(&["link", "list", "--json"])[0]["shortName"]
        .as_str()
        .unwrap()
        .to_owned();
    fixture.place.act_as(&fixture.ann);
    for (flags, expected) in [
        (&[][..], "You are in \"Tea\", as an admin."),
        (&["--guest"], "You wait in the lobby of \"Tea\""),
        (&["--rooms", &rooms], "You are in \"Tea\", as an admin."),
        (&["--rooms", &by_name], "You are in \"Tea\", as an admin."),
    ] {
        let command = [&["call", "join", &short, "--plain"], flags].concat();
        let mut ann = CallProcess::start(fixture.place.anteroom(&command));
        ann.wait_for(expected);
        ann.type_line("/quit");
        let (status, said) = ann.end();
        assert!(status.success(), "{said:#?}");
    }
    // Without a request, the passkey is sent only to the room service where the link was created.
    let elsewhere = ["call", "join", &short, "--rooms", "http://127.0.0.1:1"];
    let warning = "this is not the room service where the link was created";
    for (flags, is_warned) in [(&[][..], true), (&["--admin"], false)] {
        let shown = stderr(&fixture.place.run(&[&elsewhere, flags].concat()));
        assert_eq!(shown.contains(warning), is_warned, "{shown}");
    }
    let both = ["call", "join", &short, "--guest", "--admin"];
    assert_eq!(fixture.place.run(&both).status.code(), Some(2));
}

/// Starts the services at an address that they have again after a restart, with an admin in a call.
pub(crate) fn call_at_a_fixed_address() -> (TestDirectory, ServeProcess, CallProcess) {
    let mut place = TestDirectory::new();
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
    let mut ann = CallProcess::start(place.anteroom(&command));
    ann.wait_for("You are in");
    (place, service, ann)
}

#[test]
fn a_call_goes_on_where_it_was_when_the_service_was_killed_and_is_back() {
    let (place, service, mut ann) = call_at_a_fixed_address();
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
    let (place, service, mut ann) = call_at_a_fixed_address();
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
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    bob.wait_for("You are in");
    bob.signal(Signal::HUP);
    let (status, said) = bob.end();
    assert!(status.success(), "{status}: {said:#?}");
    assert_eq!(said.last().unwrap(), "You left.");
    ann.wait_for("left.");
}

#[test]
fn a_call_on_the_whole_screen_is_left_when_its_terminal_is_gone() {
    let fixture = fixture(&[]);
    let mut place = fixture.place;
    place.act_as(&fixture.ann);
    let made = place.command("mkfifo").arg("status").status().unwrap();
    assert!(made.success());
    // This shell passes the hang-up on to its job, as an interactive shell does. The first wait ends with the
    // job or with the hang-up, whichever occurs first.
    let shell = format!(
        "stty rows 24 cols 100; exec 3<&0; anteroom call join '{}' --as Ann <&3 & job=$!; \
         trap 'kill -HUP $job' HUP; wait $job; code=$?; \
         if [ $code -gt 128 ]; then wait $job; code=$?; fi; echo $code >status",
        fixture.link
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
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    fixture.place.act_as(&fixture.bob);
    let mut bob = fixture
        .place
        .command("timeout")
        .args(["60", "anteroom", "call", "join", &fixture.link, "--plain"])
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

/// Reads until the output contains the text.
fn read_until(output: &mut impl Read, text: &str) {
    let mut seen = String::new();
    let mut bytes = [0; 1024];
    while !seen.contains(text) {
        let length = output.read(&mut bytes).unwrap();
        assert_ne!(length, 0, "no {text:?} in {seen}");
        seen += &String::from_utf8_lossy(&bytes[..length]);
    }
}

/// Returns a free address, for a service that must return to it.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
