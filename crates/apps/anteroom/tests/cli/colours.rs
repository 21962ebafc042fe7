//! Colours and signs of life, which are for terminals alone.

use std::{
    io::{self, BufReader, Read as _},
    net::TcpListener,
    process::Stdio,
};

use crate::directory::TestDirectory;

#[test]
fn no_color_keeps_colours_from_the_terminal() {
    for (no_color, is_coloured) in [("", true), ("1", false)] {
        let mut place = TestDirectory::new();
        place.set("NO_COLOR", no_color);
        // An unknown variable is warned of, in a line of the log.
        place.set("ANTEROOM_COLOUR", "red");
        for command in ["anteroom link list", "anteroom --help"] {
            let output = place
                .command("script")
                .args(["--quiet", "--return", "--command", command, "/dev/null"])
                .env("TERM", "xterm-256color")
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{text}");
            assert_eq!(text.contains("\u{1b}["), is_coloured, "{command}: {text}");
        }
        let output = place.run(&["link", "list"]);
        assert!(!output.stderr.contains(&0x1b), "no terminal, no colours");
    }
}

#[test]
fn work_that_takes_long_shows_on_a_terminal_that_it_goes_on() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_PASSWORD", "correct horse");
    // An issuer that answers only when it is gone.
    let issuer = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", issuer.local_addr().unwrap());
    let command = format!("anteroom login --email ann@example.org --issuer {url}");
    let mut terminal = place
        .command("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "/dev/null",
        ])
        .env("TERM", "xterm-256color")
        // Its end would be the terminal's.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (connection, _) = issuer.accept().unwrap();
    let mut shown = Vec::new();
    let mut output = BufReader::new(terminal.stdout.take().unwrap()).bytes();
    while !String::from_utf8_lossy(&shown).contains("Logging in") {
        shown.push(output.next().unwrap().unwrap());
    }
    drop((connection, issuer));
    let rest: io::Result<Vec<u8>> = output.collect();
    shown.extend(rest.unwrap());
    assert!(!terminal.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("the issuer cannot be reached"), "{shown}");
}
