//! Errors of the real binary, as text and as JSON: what failed, why, and the next step.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    time::Duration,
};

use anteroom_protocol::{Aci, DAY, Timestamp};
use anteroom_testkit::{
    LyingIssuer, ReverseProxy, ReverseProxyOptions, ServedParams, TestCertificate,
};
use serde_json::Value;

use crate::directory::{ServeProcess, TestDirectory, stderr};

pub(crate) const LINK: &str =
    "https://calls.example/call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz";

/// A failure as it is to be told. The texts are parts of those that are shown.
pub(crate) struct Expected<'a> {
    pub(crate) status: i32,
    pub(crate) code: &'a str,
    pub(crate) what: &'a str,
    /// Empty where the sentence of the failure says all.
    pub(crate) why: &'a str,
    pub(crate) next: &'a str,
}

/// Runs a command in both shapes, and compares the failure.
#[track_caller]
pub(crate) fn check(place: &TestDirectory, arguments: &[&str], expected: &Expected<'_>) {
    let Expected {
        status,
        code,
        what,
        why,
        next,
    } = expected;
    let output = place.run(&[arguments, &["--json"]].concat());
    let shown = stderr(&output);
    assert_eq!(
        output.status.code(),
        Some(*status),
        "{arguments:?}: {shown}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let line = shown.lines().last().unwrap();
    let document: Value = serde_json::from_str(line).unwrap();
    assert_eq!(document.as_object().unwrap().len(), 1, "{line}");
    let members: Vec<&str> = document["error"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members, ["code", "next", "what", "why"], "{line}");
    let member = |name: &str| {
        document["error"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(member("code"), *code, "{line}");
    for (name, part) in [("what", what), ("why", why), ("next", next)] {
        assert!(member(name).contains(part), "{name} {part:?}: {line}");
    }
    let output = place.run(arguments);
    let shown = stderr(&output);
    assert_eq!(
        output.status.code(),
        Some(*status),
        "{arguments:?}: {shown}"
    );
    let line = shown.lines().last().unwrap();
    assert!(line.starts_with("anteroom: "), "{line}");
    for part in [what, why, next] {
        assert!(line.contains(part), "{part:?}: {line}");
    }
}

pub(crate) fn serving() -> (TestDirectory, ServeProcess) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    (place, service)
}

pub(crate) fn listen(place: &TestDirectory, service: &str) -> String {
    let text = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&text).unwrap();
    listen[service].as_str().unwrap().to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the commands run on this clock too"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

/// Returns a client of an issuer with another time, whose params were made at that time.
async fn client_of_issuer_at(time: Timestamp) -> (TestDirectory, LyingIssuer) {
    let account = Aci::from_bytes([7; 16]);
    let issuer = LyingIssuer::start(account, time).await;
    issuer.set_date(time);
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ISSUER_URL", issuer.url());
    place.set("ANTEROOM_ROOMS_URL", "http://127.0.0.1:9");
    place.set("ANTEROOM_ACCOUNT", &account.to_uuid_string());
    place.set("ANTEROOM_DEVICE_PASSWORD", "a device's password");
    (place, issuer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_named_with_dates_before_anything_is_called_untrusted() {
    let expected = Expected {
        status: 1,
        code: "clock",
        what: "this device's clock says ",
        why: "",
        next: "Set the clock that is wrong",
    };
    // This computer is 25 hours slow: the params are made today, which is tomorrow here.
    let tomorrow = now().plus(25 * 3600);
    let (place, issuer) = client_of_issuer_at(tomorrow).await;
    issuer.show(&[ServedParams::since(1, tomorrow.minus(3600))]);
    for command in [
        &["link", "create"][..],
        &["credential", "auth"],
        &["credential", "create", "--new"],
        &["call", "join", LINK],
    ] {
        check(&place, command, &expected);
    }
    // This computer is 25 hours ahead.
    let (place, _issuer) = client_of_issuer_at(now().minus(25 * 3600)).await;
    for command in [&["link", "create"][..], &["credential", "create", "--new"]] {
        check(&place, command, &expected);
        let shown = stderr(&place.run(command));
        assert!(
            shown.contains(" GMT") && !shown.contains("Timestamp"),
            "{shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_service_of_another_day_uses_up_no_credential() {
    let (place, _service) = serving();
    place.shown(&["credential", "renew"]);
    let proxy = ReverseProxy::start(ReverseProxyOptions {
        clock_ahead: Duration::from_secs(25 * 3600),
        ..ReverseProxyOptions::default()
    })
    .await;
    proxy.lead_to(&[&listen(&place, "rooms")]);
    // The attempts are more than the credentials of a renewal.
    for _ in 0..4 {
        let shown = place.refusal(&["link", "create", "--rooms", &proxy.url()]);
        assert!(shown.contains("and the room service's says "), "{shown}");
        assert!(shown.contains("Set the clock"), "{shown}");
    }
    place.shown(&["link", "create"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn params_that_are_new_come_with_the_flag_that_trusts_them() {
    let (place, issuer) = client_of_issuer_at(now()).await;
    place.shown(&["credential", "auth"]);
    issuer.show(&[ServedParams::since(2, now().minus(DAY))]);
    issuer.issue_under(2);
    let id = LyingIssuer::id(2).to_hex();
    check(
        &place,
        &["credential", "auth"],
        &Expected {
            status: 1,
            code: "params_untrusted",
            what: "are not trusted: compare them",
            why: "",
            next: &format!("run anteroom credential renew once with --trust {id}"),
        },
    );
}

#[test]
fn refusals_of_an_account_say_which_part_is_wrong() {
    let (mut place, _service) = serving();
    let link = place.json(&["link", "create", "--json"]);
    let link = link["link"].as_str().unwrap().to_owned();
    fs::write(place.path().join("password"), "correct horse").unwrap();
    fs::write(place.path().join("wrong"), "wrong horse").unwrap();
    let email = ["--email", "ann@example.org", "--password-file"];
    place.shown(&[&["account", "add"], &email[..], &["password"]].concat());
    let log_in = [&["login"], &email[..], &["wrong"]].concat();
    check(
        &place,
        &log_in,
        &Expected {
            status: 3,
            code: "LOGIN_INVALID_CREDENTIALS",
            what: "the email address or the password is wrong",
            why: "",
            next: "where the issuer sends mails, open its page /account/reset; else ask",
        },
    );
    for _ in 0..3 {
        place.refusal(&log_in);
    }
    check(
        &place,
        &log_in,
        &Expected {
            status: 3,
            code: "LOGIN_ACCOUNT_LOCKED",
            what: "is locked for another 15 min",
            why: "",
            next: "anteroom account unlock",
        },
    );
    place.set("ANTEROOM_DEVICE_PASSWORD", "wrong password");
    check(
        &place,
        &["link", "show", &link, "--fetch"],
        &Expected {
            status: 3,
            code: "CALL_LINK_UNAUTHORIZED",
            what: "the account or the device's password is wrong, or the device was deleted",
            why: "",
            next: "anteroom login",
        },
    );
}

#[test]
fn addresses_that_lead_elsewhere_are_told_in_one_sentence_with_the_next_step() {
    let (mut place, _service) = serving();
    let (issuer, rooms) = (listen(&place, "issuer"), listen(&place, "rooms"));
    let host = issuer.strip_prefix("http://").unwrap();
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let cannot = "the issuer cannot be reached";
    for (url, status, code, what, why, next) in [
        (
            format!("https://{host}"),
            6,
            "speaks_http",
            cannot,
            format!("{host} does not speak https"),
            format!("use --issuer http://{host}"),
        ),
        (
            format!("http://{unused}"),
            6,
            "nothing_listens",
            cannot,
            format!("nothing listens at {unused}"),
            "Start it with anteroom serve".to_owned(),
        ),
        (
            "http://nowhere.invalid".to_owned(),
            6,
            "host_unknown",
            cannot,
            "the name of nowhere.invalid:80 is not known".to_owned(),
            "Check the network, and the name".to_owned(),
        ),
        (
            rooms.clone(),
            1,
            "service_other",
            "there is no issuer at this address",
            String::new(),
            "Check the address, which comes from --issuer".to_owned(),
        ),
        (
            host.to_owned(),
            1,
            "address_invalid",
            "the issuer's address cannot be used",
            String::new(),
            "Write it with its scheme".to_owned(),
        ),
    ] {
        let expected = Expected {
            status,
            code,
            what,
            why: &why,
            next: &next,
        };
        check(&place, &["whoami", "--issuer", &url], &expected);
    }
    let link = place.json(&["link", "create", "--json"]);
    let link = link["link"].as_str().unwrap();
    let expected = Expected {
        status: 1,
        code: "service_other",
        what: "there is no room service at this address",
        why: "",
        next: "Check the address, which comes from the link, --rooms",
    };
    place.set("XDG_CONFIG_HOME", "another");
    check(
        &place,
        &["link", "show", link, "--rooms", &issuer],
        &expected,
    );
}

#[test]
fn certificates_that_do_not_fit_are_told_in_one_sentence_with_the_next_step() {
    for (certificate, is_trusted, code, why, next) in [
        (
            TestCertificate::new(),
            false,
            "authority_unknown",
            "is from no authority that this computer trusts",
            "SSL_CERT_FILE",
        ),
        (
            TestCertificate::of_authority(),
            true,
            "certificate_of_authority",
            "is made for an authority, not for a service",
            "basicConstraints=CA:FALSE",
        ),
        (
            TestCertificate::for_names(&["calls.example"]),
            true,
            "certificate_name",
            "is for calls.example alone",
            "set issuer.public_url",
        ),
    ] {
        let mut place = TestDirectory::new();
        let (file, key) = (place.path().join("tls.pem"), place.path().join("key.pem"));
        certificate.write(&file, &key);
        place.set("ANTEROOM_ISSUER_TLS_CERTIFICATE", file.to_str().unwrap());
        place.set("ANTEROOM_ISSUER_TLS_KEY", key.to_str().unwrap());
        let _service = place.start();
        let account = place.add_account();
        place.act_as(&account);
        let trusted = if is_trusted {
            file
        } else {
            let path = place.path().join("other.pem");
            fs::write(&path, TestCertificate::new().certificate_pem()).unwrap();
            path
        };
        place.set("SSL_CERT_FILE", trusted.to_str().unwrap());
        let expected = Expected {
            status: 6,
            code,
            what: "the issuer cannot be reached",
            why,
            next,
        };
        check(&place, &["whoami"], &expected);
        // No text of a library precedes the error.
        assert_eq!(stderr(&place.run(&["whoami"])).lines().count(), 1);
        let plain = listen(&place, "issuer").replace("https://", "http://");
        let host = plain.strip_prefix("http://").unwrap();
        let expected = Expected {
            status: 6,
            code: "speaks_https",
            what: "the issuer cannot be reached",
            why: &format!("{host} does not speak http"),
            next: &format!("Use --issuer https://{host}"),
        };
        check(&place, &["whoami", "--issuer", &plain], &expected);
        place.set("SSL_CERT_FILE", "nofile");
        let expected = Expected {
            status: 1,
            code: "tls_setup",
            what: "the HTTP client could not be set up",
            why: "No CA certificates",
            next: "Correct the path in SSL_CERT_FILE, or unset it: nofile cannot be read",
        };
        check(&place, &["whoami"], &expected);
    }
}

#[test]
fn a_link_that_is_cut_or_of_another_kind_says_what_is_wrong_with_it() {
    let (place, _service) = serving();
    for (link, code, what) in [
        (
            &LINK[..LINK.len() - 3],
            "link_damaged",
            "its key is cut off",
        ),
        (
            "https://calls.example/call/",
            "link_damaged",
            "all that comes after /call/ is missing",
        ),
        (
            "https://meet.example/abc-defg-hij",
            "link_unknown",
            "no call link",
        ),
        (
            "http://calls.example/call/#key=a",
            "link_damaged",
            "it must begin with https://, or with http:// if its host is this computer",
        ),
        ("abcd1234", "link_unknown", "that is no link, no root key"),
        (
            "@/dev/null",
            "link_unknown",
            "there is no link: the text is empty",
        ),
    ] {
        let next = if code == "link_unknown" {
            "anteroom link list"
        } else {
            "in quotes"
        };
        let expected = Expected {
            status: 1,
            code,
            what,
            why: "",
            next,
        };
        check(&place, &["link", "show", link], &expected);
        check(&place, &["call", "join", link], &expected);
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_the_start_with_their_form() {
    for (variable, text, why) in [
        (
            "ANTEROOM_ISSUER_PUBLIC_URL",
            "localhost:28910",
            "begins with https:// or http://",
        ),
        (
            "ANTEROOM_ROOMS_PUBLIC_URL",
            "calls.example/rooms",
            "begins with https:// or http://",
        ),
        (
            "ANTEROOM_ROOMS_PUBLIC_URL",
            "https://calls.example/#a",
            "without a user name, a ?",
        ),
        (
            "ANTEROOM_ISSUER_LISTEN",
            "8080",
            "a host and a port, such as 127.0.0.1:8080",
        ),
    ] {
        let mut place = TestDirectory::new();
        place.set(variable, text);
        let expected = Expected {
            status: 1,
            code: "setting_invalid",
            what: &format!("the variable {variable} cannot be used"),
            why,
            next: "anteroom settings",
        };
        check(&place, &["serve"], &expected);
        assert!(!place.data().exists());
    }
    let place = TestDirectory::new();
    let expected = Expected {
        status: 1,
        code: "setting_invalid",
        what: "the flag --issuer-listen cannot be used",
        why: "or localhost:8080",
        next: "anteroom settings",
    };
    check(&place, &["serve", "--issuer-listen", "8080"], &expected);
    fs::create_dir(place.data()).unwrap();
    let file = place.data().join("anteroom.toml");
    fs::write(file, "[issuer]\npublic_url = \"calls.example\"\n").unwrap();
    let expected = Expected {
        status: 1,
        code: "setting_invalid",
        what: "anteroom.toml, line 2, cannot be used",
        why: "begins with https:// or http://",
        next: "anteroom settings",
    };
    check(&place, &["serve"], &expected);
}

#[test]
fn a_port_that_is_taken_names_the_setting_to_change() {
    let mut place = TestDirectory::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (variable, setting) in [
        ("ANTEROOM_ISSUER_LISTEN", "issuer.listen"),
        ("ANTEROOM_ROOMS_LISTEN", "rooms.listen"),
        ("ANTEROOM_ROOMS_INTERNAL_LISTEN", "rooms.internal_listen"),
        ("ANTEROOM_ADMIN_LISTEN", "admin.listen"),
    ] {
        place.set(variable, &address.to_string());
        let expected = Expected {
            status: 1,
            code: "listen_failed",
            what: &format!("cannot listen on {address}"),
            why: &format!("another program uses port {}", address.port()),
            next: &format!("set {setting} to another port"),
        };
        check(&place, &["serve"], &expected);
        place.set(variable, "127.0.0.1:0");
    }
}

#[test]
fn a_port_for_media_that_is_taken_names_the_setting_to_change() {
    let mut place = TestDirectory::new();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    for (protocol, address) in [
        ("UDP", udp.local_addr().unwrap()),
        ("TCP", tcp.local_addr().unwrap()),
    ] {
        place.set("ANTEROOM_MEDIA_PORT", &address.port().to_string());
        let expected = Expected {
            status: 1,
            code: "listen_failed",
            what: &format!("media cannot listen on {protocol} {address}"),
            why: &format!("another program uses {protocol} port {}", address.port()),
            next: "set media.port (--media-port) to another port",
        };
        check(&place, &["serve"], &expected);
    }
    // The system gives no port of this range to whoever asks for any, as the other tests do.
    let is_free = |port: &u16| {
        let address = ("127.0.0.1", *port);
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    };
    let port = (20_000..25_000).find(is_free).unwrap();
    place.set("ANTEROOM_ROOMS_LISTEN", &format!("127.0.0.1:{port}"));
    place.set("ANTEROOM_MEDIA_PORT", &port.to_string());
    let expected = Expected {
        status: 1,
        code: "listen_failed",
        what: "media cannot listen on TCP",
        why: &format!("rooms.listen has port {port}, which media.port or one of the next ones is"),
        next: "rooms.listen or media.port to another port",
    };
    check(&place, &["serve"], &expected);
    place.set("ANTEROOM_ROOMS_LISTEN", "127.0.0.1:0");
    for (listen, port, threads, what, next) in [
        (
            "198.51.100.9",
            0,
            1,
            "media cannot listen on UDP 198.51.100.9:0",
            "set media.listen",
        ),
        (
            "127.0.0.1",
            65_535,
            2,
            "media need a port for each thread",
            "set media.port to a lower",
        ),
    ] {
        place.set("ANTEROOM_MEDIA_LISTEN", listen);
        place.set("ANTEROOM_MEDIA_PORT", &port.to_string());
        place.set("ANTEROOM_MEDIA_THREADS", &threads.to_string());
        let refused = place.refusal(&["serve"]).to_lowercase();
        assert!(refused.contains(&what.to_lowercase()), "{refused}");
        assert!(refused.contains(next), "{refused}");
    }
}

#[test]
fn somebody_invited_who_is_not_logged_in_is_told_to_log_in() {
    let place = TestDirectory::new();
    let expected = Expected {
        status: 1,
        code: "login_missing",
        what: "nobody is logged in at any issuer",
        why: "",
        next: "anteroom login --issuer URL",
    };
    check(&place, &["call", "join", LINK], &expected);
    check(&place, &["link", "show", LINK], &expected);
    let guest = "Or join without an account, if the link takes guests: add --guest";
    let as_guest = Expected {
        next: guest,
        ..expected
    };
    check(&place, &["call", "join", LINK], &as_guest);
    let shown = place.refusal(&["link", "show", LINK]);
    assert!(!shown.contains("--guest"), "{shown}");
    let expected = Expected {
        what: "nobody is logged in at https://calls.example",
        next: "anteroom login --issuer https://calls.example",
        ..as_guest
    };
    let join = ["call", "join", LINK, "--issuer", "https://calls.example"];
    check(&place, &join, &expected);
}

#[test]
fn a_command_line_that_is_wrong_has_the_same_shape_and_its_own_exit_status() {
    let place = TestDirectory::new();
    for (arguments, what) in [
        (
            &["whoami", "--nonsense", "--json"][..],
            "unexpected argument '--nonsense'",
        ),
        (&["--json", "link"], "the command is missing"),
        (&["--json"], "the command is missing"),
        (
            &["nonsense", "--json"],
            "unrecognized subcommand 'nonsense'",
        ),
        (
            &["link", "rename", "--json"],
            "required arguments were not provided",
        ),
    ] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let shown = stderr(&output);
        let document: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(document["error"]["code"], "usage", "{shown}");
        let told = document["error"]["what"].as_str().unwrap();
        assert!(told.contains(what), "{shown}");
        assert!(
            document["error"]["next"]
                .as_str()
                .unwrap()
                .contains("--help")
        );
    }
    let output = place.run(&["link", "rename", "--", "a", "--json"]);
    assert_eq!(output.status.code(), Some(1), "the flag is a name here");
    let output = place.run(&["nonsense"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: "));
    assert!(
        place
            .shown(&["--help"])
            .contains("6  the issuer or the room service cannot be reached")
    );
}

#[test]
fn an_invite_that_is_worth_nothing_is_warned_of_with_the_setting() {
    for (variables, setting) in [
        (&[][..], Some("mail.transport")),
        (
            &[("MAIL_TRANSPORT", "folder"), ("LOGIN_SIGN_UP", "closed")][..],
            Some("login.sign_up"),
        ),
        (
            &[("MAIL_TRANSPORT", "folder"), ("LOGIN_SIGN_UP", "invite")],
            None,
        ),
    ] {
        let mut place = TestDirectory::new();
        let service = place.start();
        for (name, text) in variables {
            place.set(&format!("ANTEROOM_{name}"), text);
        }
        place.set("ANTEROOM_MAIL_FOLDER", "mails");
        place.set("ANTEROOM_MAIL_FROM", "calls@calls.example");
        let output = place.run(&["account", "invite"]);
        let shown = stderr(&output);
        assert!(output.status.success(), "{shown}");
        assert_eq!(
            shown.contains("nobody can sign up with the code"),
            setting.is_some()
        );
        assert!(shown.contains(setting.unwrap_or_default()), "{shown}");
        service.stop();
    }
}
