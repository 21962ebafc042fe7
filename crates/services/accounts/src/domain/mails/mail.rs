//! The mails of logins.

use std::fmt;

use anteroom_protocol::Timestamp;
use anteroom_runtime::rfc3339;
use anteroom_store::{DeviceName, Email, EmailToken};

/// The port that sends mails.
pub trait MailSender: Send + Sync {
    /// Accepts a mail. Never blocks and never fails: the time of a mail server must not show in an
    /// answer, because some mails go only to addresses with an account.
    fn send(&self, mail: OutgoingMail);

    /// Accepts the decoy of a mail that is not sent to this address. It delays later mails as the
    /// mail would, so that their delay does not show the difference.
    fn send_decoy(&self, to: &Email);
}

impl dyn MailSender {
    /// Sends a mail that only some addresses get, or its decoy for the others.
    pub(crate) fn send_or_decoy(&self, to: &Email, mail: Option<OutgoingMail>) {
        match mail {
            Some(mail) => self.send(mail),
            None => self.send_decoy(to),
        }
    }
}

/// A plain-text mail. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// The address.
    pub to: Email,
    /// The subject, in one line.
    pub subject: &'static str,
    /// The text. Links stand on lines of their own.
    pub text: String,
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutgoingMail(..)")
    }
}

/// The time for which the link of a sign-up is valid, in seconds.
pub(crate) const VERIFY_LIFETIME: u64 = 24 * 60 * 60;
/// The time for which the link of a password reset is valid, in seconds.
pub(crate) const RESET_LIFETIME: u64 = 60 * 60;

/// Creates the mail for a sign-up. If it is not the first with the address, the text says that this
/// mail differs from the earlier ones.
pub(crate) fn verify(
    to: Email,
    public_url: &str,
    token: &EmailToken,
    is_first: bool,
) -> OutgoingMail {
    let token = token.as_str();
    let other = if is_first {
        ""
    } else {
        "This is not the first sign-up with this address. Each has a mail of its own, which makes the \
         password of that sign-up yours. If you did not sign up just now, do not open this page: open \
         that of your own mail.\n\n"
    };
    OutgoingMail {
        to,
        subject: "Confirm your email address",
        text: format!(
            "Welcome to Anteroom.\n\n\
             Open this page and confirm your email address. It works for one day:\n\n\
             {public_url}/account/verify?token={token}\n\n\
             {other}\
             If you did not sign up, do nothing: nobody can log in without this.\n"
        ),
    }
}

/// Creates the mail for a repeated request for a sign-up's mail.
pub(crate) fn verify_again(to: Email, public_url: &str, token: &EmailToken) -> OutgoingMail {
    let token = token.as_str();
    OutgoingMail {
        to,
        subject: "Confirm your email address",
        text: format!(
            "You asked for this mail once more.\n\n\
             Open this page and confirm your email address. It works for one day, and the link of \
             the earlier mail does not work any more:\n\n\
             {public_url}/account/verify?token={token}\n\n\
             If you did not sign up, do nothing: nobody can log in without this.\n"
        ),
    }
}

/// Creates the same mail for the case of several unconfirmed sign-ups, or none: the owner chooses
/// the password.
pub(crate) fn verify_by_reset(to: Email, public_url: &str, token: &EmailToken) -> OutgoingMail {
    let token = token.as_str();
    OutgoingMail {
        to,
        subject: "Confirm your email address",
        text: format!(
            "You asked for this mail once more.\n\n\
             Open this page to confirm your email address, and choose a password there. It works for \
             one hour:\n\n\
             {public_url}/account/reset/confirm?token={token}\n\n\
             If you did not sign up, do nothing: nobody can log in without this.\n"
        ),
    }
}

/// Creates the mail for a sign-up with an address that has an account.
pub(crate) fn known(to: Email, public_url: &str) -> OutgoingMail {
    OutgoingMail {
        to,
        subject: "You have an account already",
        text: format!(
            "Somebody signed up to Anteroom with this email address, which has an account already.\n\n\
             If that was you, just log in. If you forgot your password, ask for a new one here:\n\n\
             {public_url}/account/reset\n\n\
             If it was not you, do nothing: nothing has changed.\n"
        ),
    }
}

/// Creates the mail for a password reset.
pub(crate) fn reset(to: Email, public_url: &str, token: &EmailToken) -> OutgoingMail {
    let token = token.as_str();
    OutgoingMail {
        to,
        subject: "Choose a new password",
        text: format!(
            "Somebody asked for a new password for your Anteroom account.\n\n\
             If that was you, open this page and choose one. It works for one hour:\n\n\
             {public_url}/account/reset/confirm?token={token}\n\n\
             If it was not you, do nothing: your password stays as it is.\n"
        ),
    }
}

/// Creates the mail after a reset, so that an owner notices the reset of somebody else. It has no
/// link to a login, because phishing imitates such mails.
pub(crate) fn password_changed(to: Email, cleanup: DeviceCleanup) -> OutgoingMail {
    let devices = match cleanup {
        DeviceCleanup::Deleted(0) => String::new(),
        DeviceCleanup::Deleted(number) => format!(
            "Devices that had a password of their own were deleted ({number}): register again those \
             that are yours.\n\n"
        ),
        DeviceCleanup::Kept => {
            "Devices that have a password of their own were kept: delete those that \
                             are not yours.\n\n"
                .to_owned()
        }
    };
    OutgoingMail {
        to,
        subject: "Your password was changed",
        text: format!(
            "The password of your Anteroom account was changed, and all sessions have ended.\n\n\
             {devices}\
             If that was you, there is nothing more to do.\n\n\
             If it was not you, somebody can read your mails: secure your mailbox first, then ask \
             for a new password.\n"
        ),
    }
}

/// The devices with passwords of their own, after a password was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceCleanup {
    /// The number of deleted devices.
    Deleted(usize),
    /// The owner has kept the devices.
    Kept,
}

/// Creates the mail for the owner of an account that is locked for a network or a device.
pub(crate) fn locked(to: Email, seconds: u64) -> OutgoingMail {
    let minutes = seconds.div_ceil(60);
    OutgoingMail {
        to,
        subject: "Logging in was blocked for a while",
        text: format!(
            "Somebody typed a wrong password for your Anteroom account several times in a row. From \
             where that happened, nobody can log in for {minutes} minutes; from elsewhere you can.\n\n\
             If that was you, wait, or ask for a new password.\n\n\
             If it was not you, nothing has changed: your password was not found out.\n"
        ),
    }
}

/// Creates the mail for the owner of an account with a new device. It has no link, as the mail
/// after a reset.
pub(crate) fn new_device(to: Email, registered: Timestamp, name: &DeviceName) -> OutgoingMail {
    let time = rfc3339(registered);
    let (day, clock) = time.split_once('T').unwrap_or((&time, ""));
    let minute = clock.get(..5).unwrap_or_default();
    let named = match harmless(name.as_str()) {
        Some(name) => format!(", named \u{201c}{name}\u{201d}"),
        None => String::new(),
    };
    OutgoingMail {
        to,
        subject: "A new device of your account",
        text: format!(
            "A new device was added to your Anteroom account on {day} at {minute} UTC{named}.\n\n\
             If that was you, there is nothing to do.\n\n\
             If it was not you, ask for a new password now: that ends all sessions and deletes \
             devices that were added. Do not choose to keep them.\n"
        ),
    }
}

/// The maximum run of digits in a shown name. Longer ones are taken for phone numbers.
const MOST_DIGITS: usize = 4;

/// Returns the name if no mail program makes a link of it and it contains no phone number: anyone
/// who adds a device chooses its name.
fn harmless(name: &str) -> Option<&str> {
    let is_plain = |character: char| {
        character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '\'' | '\u{2019}')
    };
    (name.chars().all(is_plain) && !has_number(name)).then_some(name)
}

/// Returns whether the name has more consecutive digits than a year, with or without characters
/// between them that are not letters.
fn has_number(name: &str) -> bool {
    let is_letter = |character: char| character.is_alphabetic() && !character.is_numeric();
    let mut runs = name.split(is_letter);
    runs.any(|run| {
        run.chars()
            .filter(|character| character.is_numeric())
            .count()
            > MOST_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::*;

    #[test]
    fn links_stand_on_lines_of_their_own_and_nothing_is_shown() {
        let to = || Email::parse("ann@example.com").unwrap();
        let url = "https://issuer.example";
        let token = EmailToken::random(&mut ChaCha20Rng::seed_from_u64(1));
        for (mail, link) in [
            (
                verify(to(), url, &token, true),
                format!("{url}/account/verify?token={}", token.as_str()),
            ),
            (
                verify(to(), url, &token, false),
                format!("{url}/account/verify?token={}", token.as_str()),
            ),
            (
                verify_again(to(), url, &token),
                format!("{url}/account/verify?token={}", token.as_str()),
            ),
            (
                verify_by_reset(to(), url, &token),
                format!("{url}/account/reset/confirm?token={}", token.as_str()),
            ),
            (known(to(), url), format!("{url}/account/reset")),
            (
                reset(to(), url, &token),
                format!("{url}/account/reset/confirm?token={}", token.as_str()),
            ),
        ] {
            assert!(
                mail.text.lines().any(|line| line == link),
                "{}",
                mail.subject
            );
            assert_eq!(format!("{mail:?}"), "OutgoingMail(..)");
        }
    }

    #[test]
    fn mails_that_only_tell_have_no_link() {
        let to = || Email::parse("ann@example.com").unwrap();
        for mail in [
            password_changed(to(), DeviceCleanup::Deleted(0)),
            password_changed(to(), DeviceCleanup::Deleted(2)),
            password_changed(to(), DeviceCleanup::Kept),
            locked(to(), 900),
        ] {
            assert!(!mail.text.contains("://"), "{}", mail.subject);
        }
        assert!(locked(to(), 900).text.contains("15 minutes"));
        for (name, is_shown) in [
            ("Ann\u{2019}s laptop", true),
            ("電話", true),
            ("http://evil.example", false),
            ("evil.example", false),
            ("x@evil.example", false),
            ("call +49 1234", false),
            ("Pixel 8 of 2024", true),
            ("laptop 2024", true),
            ("call 0049 1234 now", false),
            ("0-8-0-0-1", false),
            ("call 08001", false),
            ("call 0800_1", false),
            ("call ٠٨٠٠١", false),
            ("call ０８００１", false),
        ] {
            let device = DeviceName::parse(name).unwrap();
            let mail = new_device(to(), Timestamp::from_secs(1_000_000_000), &device);
            let text = mail.text;
            assert!(text.contains("2001-09-09 at 01:46 UTC"), "{text}");
            assert_eq!(text.contains(name), is_shown, "{text}");
        }
    }
}
