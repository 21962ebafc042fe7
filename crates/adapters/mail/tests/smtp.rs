//! Mails to a mail server that speaks SMTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use anteroom_mail::{
    Composer, Mail, MailError, Mailer as _, SmtpEncryption, SmtpLogin, SmtpMailer, SmtpSettings,
    SmtpSettingsError,
};
use anteroom_protocol::Timestamp;
use anteroom_testkit::{MockClock, SeededEntropy, SmtpServer, SmtpServerOptions};
use tokio::net::TcpListener;

fn composer() -> Composer {
    Composer::new(
        "Anteroom <anteroom@example.org>".parse().unwrap(),
        Arc::new(MockClock::at(Timestamp::from_secs(1_700_000_000))),
        Arc::new(SeededEntropy::new(1)),
    )
}

fn settings(port: u16, encryption: SmtpEncryption) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: NonZeroU16::new(port),
        encryption,
        login: None,
        extra_roots: None,
        timeout: Duration::from_secs(60),
    }
}

fn trusting(server: &SmtpServer, encryption: SmtpEncryption) -> SmtpSettings {
    SmtpSettings {
        extra_roots: Some(server.certificate().certificate_pem().into_bytes()),
        ..settings(server.port(), encryption)
    }
}

fn login(user: &str, password: &str) -> Option<SmtpLogin> {
    Some(SmtpLogin {
        user: user.to_owned(),
        password: password.to_owned().into(),
    })
}

fn mail() -> Mail {
    Mail::new(
        "ann@example.org",
        "Gr\u{fc}\u{df}e",
        "Hello\n.\n.. \u{4f60}\u{597d}\n",
    )
    .unwrap()
}

async fn send(settings: SmtpSettings) -> Result<(), MailError> {
    let mailer = SmtpMailer::new(settings, composer()).unwrap();
    mailer.send(&mail()).await
}

#[tokio::test]
async fn a_mail_arrives_with_each_encryption_and_login() {
    let known = Some(("user".to_owned(), "p\u{e4}ss word".to_owned()));
    for (start_tls, implicit_tls, known, encryption) in [
        (false, false, None, SmtpEncryption::None),
        (true, false, None, SmtpEncryption::StartTls),
        (true, false, known.clone(), SmtpEncryption::StartTls),
        (false, true, None, SmtpEncryption::Tls),
        (false, true, known, SmtpEncryption::Tls),
    ] {
        let server = SmtpServer::start(SmtpServerOptions {
            implicit_tls,
            start_tls,
            login: known.clone(),
        })
        .await;
        let mailer = SmtpMailer::new(
            SmtpSettings {
                login: known.and_then(|(user, password)| login(&user, &password)),
                ..trusting(&server, encryption)
            },
            composer(),
        )
        .unwrap();
        for _ in 0..2 {
            mailer.send(&mail()).await.unwrap();
        }
        let mails = server.wait_for(2).await;
        assert_eq!(mails[0].from, "anteroom@example.org");
        assert_eq!(mails[0].to, ["ann@example.org"]);
        assert_eq!(mails[0].encrypted, encryption != SmtpEncryption::None);
        assert!(mails[0].text.contains("To: ann@example.org\r\n"));
        assert!(
            mails[0]
                .text
                .contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n")
        );
        assert!(!mails[0].text.contains("localhost"), "{}", mails[0].text);
    }
}

#[tokio::test]
async fn nothing_is_said_without_encryption() {
    let plain = SmtpServer::start(SmtpServerOptions::default()).await;
    let with_secret = |settings| SmtpSettings {
        login: login("user", "secret"),
        ..settings
    };
    let settings = with_secret(trusting(&plain, SmtpEncryption::StartTls));
    assert_eq!(send(settings).await, Err(MailError::NotEncrypted));

    let tls = SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        ..SmtpServerOptions::default()
    })
    .await;
    // The certificate of the server is not trusted.
    let settings = with_secret(settings_of(&tls));
    let outcome = send(settings).await;
    assert!(
        matches!(
            outcome,
            Err(MailError::NotEncrypted | MailError::Unreachable)
        ),
        "{outcome:?}"
    );
    // The certificate is for localhost, not for this name.
    let settings = SmtpSettings {
        host: "127.0.0.2".to_owned(),
        ..with_secret(trusting(&tls, SmtpEncryption::StartTls))
    };
    assert!(send(settings).await.is_err());
    assert!(plain.mails().is_empty() && tls.mails().is_empty());
}

fn settings_of(server: &SmtpServer) -> SmtpSettings {
    settings(server.port(), SmtpEncryption::StartTls)
}

#[test]
fn only_this_machine_is_spoken_to_in_the_clear() {
    for (host, good) in [
        ("localhost", true),
        ("LOCALHOST", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("mail.example.org", false),
        ("localhost.example.org", false),
        ("10.0.0.1", false),
    ] {
        let made = SmtpMailer::new(
            SmtpSettings {
                host: host.to_owned(),
                ..settings(25, SmtpEncryption::None)
            },
            composer(),
        );
        assert_eq!(made.is_ok(), good, "{host}");
        if let Err(error) = made {
            assert_eq!(error, SmtpSettingsError::NeedsEncryption);
        }
    }
}

#[tokio::test]
async fn what_a_server_refuses_has_its_status_and_no_address() {
    let server = SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        login: Some(("user".to_owned(), "secret".to_owned())),
        ..SmtpServerOptions::default()
    })
    .await;
    let with = |user: &str, password: &str| SmtpSettings {
        login: login(user, password),
        ..trusting(&server, SmtpEncryption::StartTls)
    };
    let wrong = send(with("user", "wrong")).await.unwrap_err();
    assert_eq!(wrong, MailError::Login(535));
    assert!(wrong.is_temporary(), "settings can be corrected");

    let right = with("user", "secret");
    let mailer = SmtpMailer::new(right, composer()).unwrap();
    for (code, expected, temporary) in [
        (450, MailError::Deferred(450), true),
        (550, MailError::Refused(550), false),
    ] {
        server.refuse(code, 1);
        let error = mailer.send(&mail()).await.unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(error.is_temporary(), temporary);
        assert!(!format!("{error} {error:?}").contains("ann"));
    }
    mailer.send(&mail()).await.unwrap();
    server.wait_for(1).await;
}

#[tokio::test]
async fn a_server_that_is_gone_or_silent_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = SmtpSettings {
        timeout: Duration::from_millis(100),
        ..settings(port, SmtpEncryption::StartTls)
    };
    assert_eq!(send(silent).await, Err(MailError::Unreachable));
    drop(listener);
    let gone = settings(port, SmtpEncryption::StartTls);
    assert_eq!(send(gone).await, Err(MailError::Unreachable));
}

#[test]
fn secrets_do_not_show_themselves() {
    let settings = SmtpSettings {
        login: login("somebody", "secret"),
        ..settings(25, SmtpEncryption::Tls)
    };
    let shown = format!("{settings:?}");
    assert!(
        !shown.contains("somebody") && !shown.contains("secret"),
        "{shown}"
    );
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    let settings = SmtpSettings {
        extra_roots: Some(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
        ),
        ..settings(25, SmtpEncryption::Tls)
    };
    assert!(SmtpMailer::new(settings, composer()).is_err());
}

#[tokio::test]
async fn a_failure_that_is_the_mails_own_is_not_the_servers() {
    // The server does not offer SMTPUTF8, which an address with a non-ASCII local part needs.
    let server = SmtpServer::start(SmtpServerOptions {
        start_tls: true,
        ..SmtpServerOptions::default()
    })
    .await;
    let settings = trusting(&server, SmtpEncryption::StartTls);
    let mailer = SmtpMailer::new(settings, composer()).unwrap();
    let mail = Mail::new("анна@example.org", "Hello", "text").unwrap();
    assert_eq!(mailer.send(&mail).await, Err(MailError::AddressScript));
    assert!(!MailError::AddressScript.is_temporary());
    // A domain alone does not need it.
    let mail = Mail::new("anna@xn--bcher-kva.example", "Hello", "text").unwrap();
    assert_eq!(mailer.send(&mail).await, Ok(()));
}
