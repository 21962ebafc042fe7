//! Addresses at which no service answers: the command says the next step, and none that leads back.

use std::{
    io::{self, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

use crate::{
    directory::{TestDirectory, stderr},
    errors::{Expected, check, listen},
};

const LINK: &str = "call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz";

/// Starts a program that does this with every connection, and gives its host and port. It ends with
/// the test's process.
fn serve(answer: fn(&mut TcpStream) -> io::Result<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that is gone needs no answer.
            let _ = answer(&mut stream);
        }
    });
    address
}

/// Greets as a program that is no HTTP server, and waits for the end.
fn greet(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"SSH-2.0-other\r\n")?;
    stream.shutdown(Shutdown::Write)?;
    io::copy(stream, &mut io::sink()).map(|_| ())
}

/// Closes without an answer.
fn close(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    io::copy(stream, &mut io::sink()).map(|_| ())
}

/// Resets the connection: it is closed with bytes that were not read.
fn reset(stream: &mut TcpStream) -> io::Result<()> {
    stream.peek(&mut [0]).map(|_| ())
}

/// Breaks an answer off.
fn break_off(stream: &mut TcpStream) -> io::Result<()> {
    stream.peek(&mut [0])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")?;
    close(stream)
}

fn client() -> TestDirectory {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ACCOUNT", "8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11");
    place.set("ANTEROOM_DEVICE_PASSWORD", "a device's password");
    place
}

#[test]
fn a_program_that_is_no_service_is_told_with_a_next_step_that_does_not_lead_in_a_circle() {
    let place = client();
    let another = "if that fails too, another program listens at this port";
    let closed = "closed the connection before its answer was whole";
    for (answer, scheme, code, why, next) in [
        (
            greet as fn(&mut _) -> _,
            "https",
            "speaks_http",
            "does not speak https",
            another,
        ),
        (
            greet,
            "http",
            "speaks_https",
            "does not speak http",
            another,
        ),
        (
            close,
            "http",
            "unreachable",
            closed,
            "another program listens at this port",
        ),
        (
            close,
            "https",
            "unreachable",
            closed,
            "another program listens at this port",
        ),
        (
            reset,
            "http",
            "unreachable",
            closed,
            "a proxy in between fails",
        ),
        (
            reset,
            "https",
            "unreachable",
            closed,
            "a proxy in between fails",
        ),
        (
            break_off,
            "http",
            "unreachable",
            closed,
            "a proxy in between fails",
        ),
    ] {
        let host = serve(answer);
        let expected = Expected {
            status: 6,
            code,
            what: "the issuer cannot be reached",
            why: &format!("{host} {why}"),
            next,
        };
        let url = format!("{scheme}://{host}");
        check(&place, &["whoami", "--issuer", &url], &expected);
        // No text of a library stands before it or in it.
        let shown = stderr(&place.run(&["whoami", "--issuer", &url]));
        assert_eq!(shown.lines().count(), 1, "{shown}");
        for word in ["hyper", "os error", "sending request", "client error"] {
            assert!(!shown.contains(word), "{shown}");
        }
    }
}

#[test]
fn nobody_is_told_to_start_a_service_of_somebody_else_or_to_use_a_flag_that_the_command_lacks() {
    let place = client();
    let shown = place.refusal(&["login", "--email", "ann@example.org"]);
    assert!(shown.contains("no `anteroom serve` runs on"), "{shown}");
    assert!(
        shown.contains("Name the issuer with --issuer: whoever invited you"),
        "{shown}"
    );
    assert!(!shown.contains("--rooms"), "{shown}");
    let shown = place.refusal(&["link", "create"]);
    assert!(
        shown.contains("Name the services with --issuer and --rooms: whoever invited you"),
        "{shown}"
    );
}

#[test]
fn the_address_of_a_link_is_not_said_to_come_from_a_flag_alone() {
    let place = TestDirectory::new();
    let _service = place.start();
    let account = place.add_account();
    let issuer = listen(&place, "issuer");
    let mut other = client();
    other.act_as_without_data(&account);
    other.set("ANTEROOM_ISSUER_URL", &issuer);
    let link = format!("https://rooms.invalid/{LINK}");
    check(
        &other,
        &["link", "show", &link],
        &Expected {
            status: 6,
            code: "host_unknown",
            what: "the room service cannot be reached",
            why: "the name of rooms.invalid:443 is not known",
            next: "the name, which comes from the link, --rooms or ANTEROOM_ROOMS_URL",
        },
    );
}
