//! The mails that a login needs.

use std::fmt;

use anteroom_protocol::Timestamp;
use anteroom_service::rfc3339;
use anteroom_store::{DeviceName, Email, EmailToken};

/// Takes mails.
pub trait Mailbox: Send + Sync {
    /// Takes one mail. Never blocks and never fails: how long a mail server takes must not show in
    /// an answer, since only addresses with an account get some mails.
    fn post(&self, letter: Letter);

    /// Takes the decoy of a mail to this address that is not sent: it delays later mails as the mail
    /// would, so that their delay does not tell either.
    fn post_decoy(&self, to: &Email);
}

impl dyn Mailbox {
    /// Takes a mail to this address that only some addresses get, or its decoy for the others.
    pub(super) fn post_or_decoy(&self, to: &Email, letter: Option<Letter>) {
        match letter {
            Some(letter) => self.post(letter),
            None => self.post_decoy(to),
        }
    }
}

/// A mail in plain text. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: Email,
    /// One line.
    pub subject: &'static str,
    /// Lines of text; links stand on lines of their own.
    pub text: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

/// How long the link of a sign-up works, in seconds.
pub(crate) const VERIFY_LIFETIME: u64 = 24 * 60 * 60;
/// How long the link of a password reset works, in seconds.
pub(super) const RESET_LIFETIME: u64 = 60 * 60;

/// To somebody who signed up; whoever signed up with the address before, and did not confirm it,
/// hears that this mail is another.
pub(super) fn verify(to: Email, public_url: &str, token: &EmailToken, is_first: bool) -> Letter {
    let token = token.as_str();
    let other = if is_first {
        ""
    } else {
        "This is not the first sign-up with this address. Each has a mail of its own, which makes the \
         password of that sign-up yours. If you did not sign up just now, do not open this page: open \
         that of your own mail.\n\n"
    };
    Letter {
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

/// To somebody who asked for the mail of a sign-up once more.
pub(super) fn verify_again(to: Email, public_url: &str, token: &EmailToken) -> Letter {
    let token = token.as_str();
    Letter {
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

/// The same where several sign-ups wait, or none any more: the owner chooses the password.
pub(super) fn verify_by_reset(to: Email, public_url: &str, token: &EmailToken) -> Letter {
    let token = token.as_str();
    Letter {
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

/// To somebody who has an account and signed up again, or whose address somebody else used.
pub(super) fn known(to: Email, public_url: &str) -> Letter {
    Letter {
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

/// To somebody who forgot a password.
pub(super) fn reset(to: Email, public_url: &str, token: &EmailToken) -> Letter {
    let token = token.as_str();
    Letter {
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

/// After a reset, so that an owner notices one that was not theirs. No link leads to a login: such
/// mails are what fraud imitates.
pub(super) fn password_changed(to: Email, fate: DeviceFate) -> Letter {
    let devices = match fate {
        DeviceFate::Deleted(0) => String::new(),
        DeviceFate::Deleted(number) => format!(
            "Devices that had a password of their own were deleted ({number}): register again those \
             that are yours.\n\n"
        ),
        DeviceFate::Kept => {
            "Devices that have a password of their own were kept: delete those that \
                             are not yours.\n\n"
                .to_owned()
        }
    };
    Letter {
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
pub(super) enum DeviceFate {
    /// So many were deleted.
    Deleted(usize),
    /// The owner has kept them.
    Kept,
}

/// To the owner of an account that failures have locked for a network or a device.
pub(super) fn locked(to: Email, seconds: u64) -> Letter {
    let minutes = seconds.div_ceil(60);
    Letter {
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

/// To the owner of an account that has one more device. No link, as after a reset.
pub(crate) fn new_device(to: Email, registered: Timestamp, name: &DeviceName) -> Letter {
    let time = rfc3339(registered);
    let (day, clock) = time.split_once('T').unwrap_or((&time, ""));
    let minute = clock.get(..5).unwrap_or_default();
    let named = match harmless(name.as_str()) {
        Some(name) => format!(", named \u{201c}{name}\u{201d}"),
        None => String::new(),
    };
    Letter {
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

/// The digits that a shown name has at most in a row: longer ones are taken for phone numbers.
const MOST_DIGITS: usize = 4;

/// A name that a mail program makes no link of, and nobody a number to call: whoever adds a device
/// chooses its name.
fn harmless(name: &str) -> Option<&str> {
    let is_plain = |character: char| {
        character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '\'' | '\u{2019}')
    };
    (name.chars().all(is_plain) && !has_number(name)).then_some(name)
}

/// Whether more digits follow each other than in a year, with or without characters between them that
/// are no letters.
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
        for (letter, link) in [
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
                letter.text.lines().any(|line| line == link),
                "{}",
                letter.subject
            );
            assert_eq!(format!("{letter:?}"), "Letter(..)");
        }
    }

    #[test]
    fn mails_that_only_tell_have_no_link() {
        let to = || Email::parse("ann@example.com").unwrap();
        for letter in [
            password_changed(to(), DeviceFate::Deleted(0)),
            password_changed(to(), DeviceFate::Deleted(2)),
            password_changed(to(), DeviceFate::Kept),
            locked(to(), 900),
        ] {
            assert!(!letter.text.contains("://"), "{}", letter.subject);
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
            let letter = new_device(to(), Timestamp::from_secs(1_000_000_000), &device);
            let text = letter.text;
            assert!(text.contains("2001-09-09 at 01:46 UTC"), "{text}");
            assert_eq!(text.contains(name), is_shown, "{text}");
        }
    }
}
