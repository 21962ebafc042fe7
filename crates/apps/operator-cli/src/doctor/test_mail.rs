//! The check of the mail server, with a test mail if an address is given.

use anteroom_console::{environment::Environment, os, terminal::second};
use anteroom_mail::{Mail, MailError, Mailer as _};
use anteroom_server::{
    checks::Finding,
    mail::{self, ConfiguredMailer},
    settings::{MailSettings, MailTransport},
};

const CHECK: &str = "mail server";

/// Logs in at the mail server, and sends a test mail to an address.
pub(super) async fn check(
    settings: &MailSettings,
    to: Option<&str>,
    environment: &Environment,
) -> Vec<Finding> {
    if settings.transport == MailTransport::Off {
        return match to {
            Some(_) => vec![Finding::problem(
                CHECK,
                "no letter is sent: mails are off",
                "set mail.transport and the rest of [mail]",
            )],
            None => Vec::new(),
        };
    }
    // The check of the settings reports their errors.
    let Ok(Some(mailer)) = mail::mailer(settings, environment) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if let ConfiguredMailer::Smtp(smtp) = &mailer {
        match smtp.check().await {
            Ok(()) => findings.push(Finding::ok(CHECK, "it lets us in")),
            Err(error) => return vec![problem(error)],
        }
    }
    if let Some(to) = to {
        findings.push(send(&mailer, to).await);
    }
    findings
}

async fn send(mailer: &ConfiguredMailer, to: &str) -> Finding {
    let text = format!(
        "This is a test letter of `anteroom doctor`, sent on {}. Mails of Anteroom arrive here.\n",
        second(os::now())
    );
    let sent = match Mail::new(to, "Test letter of Anteroom", &text) {
        Ok(mail) => mailer.send(&mail).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => Finding::ok(
            CHECK,
            "it has taken the test letter: look whether it arrives",
        ),
        Err(error) => problem(error),
    }
}

fn problem(error: MailError) -> Finding {
    let next = match error {
        MailError::Unreachable => {
            "correct mail.smtp.host and mail.smtp.port, and let the way there \
                                   through the firewall"
        }
        MailError::Login(_) => {
            "correct mail.smtp.user and the password in the file that \
                                ANTEROOM_SMTP_PASSWORD_FILE names"
        }
        MailError::NotEncrypted => {
            "set mail.smtp.encryption as the mail server wants it, or \
                                    mail.smtp.extra_roots to its authority"
        }
        MailError::Deferred(_) => "wait some minutes, and try again",
        MailError::Refused(_) => {
            "set mail.from to an address that the mail server lets this user \
                                  send from, and look into its log"
        }
        MailError::Unwritable => "make mail.folder writable for the service's user",
        _ => "write another address after --letter-to",
    };
    Finding::problem(CHECK, error.to_string(), next)
}
