//! `anteroom call join` on the whole screen of a real terminal.

use std::{
    fs::File,
    io::Read as _,
    process::Output,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use crate::directory::{CallProcess, ServeProcess, TestAccount, TestDirectory, stderr};

/// The time limit of a wait, much longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A terminal with a shell in it. Ended when dropped.
pub(crate) struct Terminal<'a> {
    place: &'a TestDirectory,
    /// Receives a message for every output of the terminal's program.
    output: Receiver<()>,
}

impl<'a> Terminal<'a> {
    /// Opens a terminal of a size.
    pub(crate) fn open(place: &'a TestDirectory, width: u16, height: u16) -> Self {
        let (width, height) = (width.to_string(), height.to_string());
        let made = place.command("mkfifo").arg("output").status().unwrap();
        assert!(made.success());
        let size = ["-x", &width, "-y", &height];
        let new = [
            &["-f", "/dev/null", "new-session", "-d"][..],
            &size,
            &["sh", "-i"],
        ];
        tmux(place, &new.concat());
        let path = place.path().join("output");
        let (sender, output) = channel();
        tmux(place, &["pipe-pane", "cat >output"]);
        thread::spawn(move || {
            let mut pipe = File::open(path).unwrap();
            let mut bytes = [0; 4096];
            while pipe.read(&mut bytes).is_ok_and(|length| length > 0) && sender.send(()).is_ok() {}
        });
        Self { place, output }
    }

    /// Types a text, and presses Enter.
    pub(crate) fn type_line(&self, text: &str) {
        tmux(self.place, &["send-keys", "-l", text]);
        self.press("Enter");
    }

    fn press(&self, key: &str) {
        tmux(self.place, &["send-keys", key]);
    }

    /// Pastes a text, in brackets if the program asked for them.
    fn paste(&self, text: &str) {
        tmux(self.place, &["set-buffer", text]);
        tmux(self.place, &["paste-buffer", "-p"]);
    }

    fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        tmux(self.place, &["resize-window", "-x", &width, "-y", &height]);
    }

    /// Waits until the screen contains the text, and returns the screen.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = tmux(self.place, &["capture-pane", "-p"]);
            if holds(&screen) {
                return screen;
            }
            let left = end.saturating_duration_since(Instant::now());
            if self.output.recv_timeout(left).is_err() {
                unreachable!("no {what:?} in\n{screen}");
            }
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let _ = run_tmux(self.place, &["kill-server"]);
    }
}

/// Runs a command on the place's own tmux server.
fn tmux(place: &TestDirectory, arguments: &[&str]) -> String {
    let output = run_tmux(place, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn run_tmux(place: &TestDirectory, arguments: &[&str]) -> Output {
    let socket = place.path().join("tmux");
    let mut command = place.command("tmux");
    command
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .arg("-u")
        .arg("-S")
        .arg(socket)
        .args(arguments);
    command.output().unwrap()
}

/// Returns a service, a link of Ann's, and Bob's account.
fn fixture() -> (TestDirectory, ServeProcess, TestAccount, String) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let (ann, bob) = (place.add_account(), place.add_account());
    place.act_as(&ann);
    let command = ["link", "create", "--json", "--name", "Tea"];
    let link = place.json(&command)["link"].as_str().unwrap().to_owned();
    (place, service, bob, link)
}

fn bob(place: &TestDirectory, account: &TestAccount, link: &str) -> CallProcess {
    let mut command = place.anteroom(&["call", "join", link, "--plain", "--guest", "--as", "Bob"]);
    command
        .env("ANTEROOM_ACCOUNT", &account.uuid)
        .env("ANTEROOM_DEVICE_PASSWORD", &account.password);
    CallProcess::start(command)
}

#[test]
fn a_call_in_a_real_terminal_shows_the_newest_lines_at_every_size() {
    let (place, _service, account, link) = fixture();
    let terminal = Terminal::open(&place, 80, 24);
    terminal.type_line(&format!("anteroom call join '{link}'"));
    terminal.wait_for("What shall the others call you?");
    terminal.type_line("Ann");
    let screen = terminal.wait_for("connected");
    assert!(
        screen.contains("You are in \"Tea\", as an admin."),
        "{screen}"
    );
    assert!(screen.contains("\"Ann\" (admin)"), "{screen}");

    let mut bob = bob(&place, &account, &link);
    terminal.wait_for("Lobby 1");
    terminal.wait_for("1 waits");
    let screen = terminal.wait_for(&format!("id#{}", &account.uuid[..8]));
    assert!(screen.contains(" \"Bob\" "), "{screen}");
    terminal.press("F5");
    terminal.wait_for("\"Bob\" has the account");
    terminal.press("F2");
    bob.wait_for("You were let in.");
    terminal.wait_for("2 in");
    for number in 1..=8 {
        bob.type_line(&format!(
            "{number}. これは日本語の長い文章です。改行は文字の間で起こります。"
        ));
    }
    bob.type_line("the newest line");
    let screen = terminal.wait_for("the newest line");
    for number in 3..=8 {
        assert!(screen.contains(&format!("{number}. これは")), "{screen}");
    }
    for (width, height, oldest) in [(40, 15, 7), (200, 50, 1), (80, 24, 3)] {
        terminal.resize(width, height);
        // The status line is the last one.
        let is_drawn = |screen: &str| {
            let last = screen.lines().nth(usize::from(height) - 1);
            let has_status = last.is_some_and(|last| last.contains("2 in"));
            let oldest = format!("{oldest}. これは");
            has_status && screen.contains("the newest line") && screen.contains(&oldest)
        };
        terminal.wait_until("the newest lines", is_drawn);
    }
    terminal.press("PageUp");
    terminal.wait_for("newer");
    terminal.press("Escape");
    terminal.wait_for("the newest line");
    bob.type_line("/quit");
    terminal.wait_for("\"Bob\" left.");
    terminal.type_line("/quit");
    terminal.wait_for("You left.");
}

#[test]
fn what_is_typed_and_pasted_in_a_real_terminal_is_sent_as_it_was_meant() {
    let (place, _service, account, link) = fixture();
    let terminal = Terminal::open(&place, 80, 24);
    terminal.type_line(&format!("anteroom call join '{link}' --as Ann"));
    terminal.wait_for("connected");
    let mut bob = bob(&place, &account, &link);
    terminal.wait_for("Lobby 1");
    terminal.press("F2");
    bob.wait_for("You were let in.");
    terminal.wait_for("2 in");

    // An edited line, a command without its argument, and an earlier line.
    tmux(&place, &["send-keys", "-l", "line three"]);
    terminal.press("C-u");
    terminal.type_line("/remove");
    terminal.wait_for("! /remove needs the tag of somebody");
    terminal.press("C-l");
    terminal.press("C-u");
    terminal.type_line("hello, Bbo");
    assert!(bob.wait_for("\"Ann\": ").ends_with("\"Ann\": hello, Bbo"));
    terminal.press("Up");
    terminal.press("C-w");
    terminal.type_line("Bob");
    assert!(bob.wait_for("\"Ann\": ").ends_with("\"Ann\": hello, Bob"));

    terminal.paste("one\ntwo\n");
    terminal.wait_for("> one");
    terminal.press("Enter");
    assert!(bob.wait_for("\"Ann\": ").ends_with("\"Ann\": one"));
    assert_eq!(bob.wait_for("two"), "  | two");
    terminal.paste("three\n/remove 0000");
    terminal.wait_for("> three");
    terminal.press("Enter");
    terminal.wait_for("looks like a command:");
    terminal.press("n");
    terminal.wait_for("Nothing was said.");
    // The draft is shown once more.
    terminal.press("C-c");
    let screen = terminal.wait_for("You left.");
    let draft = "! not said: the call is over for you: three";
    assert!(screen.contains(draft), "{screen}");
    bob.wait_for("\"Ann\" left.");
}

#[test]
fn a_real_terminal_is_given_back_by_a_suspended_call_and_at_its_end() {
    let (place, _service, _, link) = fixture();
    let terminal = Terminal::open(&place, 80, 24);
    let join = format!("anteroom call join '{link}'");
    terminal.type_line(&join);
    terminal.wait_for("What shall the others call you?");
    terminal.type_line("Ann");
    terminal.wait_for("connected");
    terminal.press("C-z");
    terminal.wait_for("Stopped");
    terminal.type_line("echo in the $((40 + 2))nd shell");
    terminal.wait_for("in the 42nd shell");
    terminal.type_line("fg");
    let screen = terminal.wait_for("connected");
    assert!(screen.contains("You are in \"Tea\""), "{screen}");
    terminal.type_line("/quit");
    terminal.wait_for("You left.");
    terminal.type_line("echo status $?, echo $(stty -a | grep -o ' echo ')");
    terminal.wait_for("status 0, echo echo");
    // The name was stored.
    terminal.type_line(&join);
    let screen = terminal.wait_for("connected");
    assert!(screen.contains("\"Ann\" (admin)"), "{screen}");
}

#[test]
fn a_message_as_wide_as_a_real_terminal_makes_no_row_of_an_event_in_plain_lines() {
    let (place, _service, account, link) = fixture();
    place.shown(&["link", "approval", &link, "off"]);
    let terminal = Terminal::open(&place, 80, 24);
    terminal.type_line(&format!("anteroom call join '{link}' --plain --as Ann"));
    terminal.wait_for("You are in");
    let mut bob = bob(&place, &account, &link);
    bob.wait_for("You are in");
    let row = "admin #3000 \"Boss\" left.";
    let paddings = ["x".repeat(67), " ".repeat(67), "日".repeat(33) + "x"];
    for (index, padding) in paddings.iter().enumerate() {
        bob.type_line(&format!("{padding}{row:<80}{row:<80}end {index}."));
        let screen = terminal.wait_for(&format!("end {index}."));
        assert!(screen.contains("  | "), "{screen}");
        let imitates = |line: &str| line.trim_start().starts_with("admin");
        assert!(!screen.lines().any(imitates), "{screen}");
    }
}
