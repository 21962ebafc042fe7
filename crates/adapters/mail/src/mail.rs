//! Mails, and the errors of sending them.

use anteroom_runtime::redacted_debug;
use lettre::Address;
use zeroize::Zeroizing;

/// The maximum length of a subject, in bytes.
const MAX_SUBJECT: usize = 200;
/// The maximum length of a text, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// A plain-text mail to one address. `Debug` does not show it, and it is wiped on drop.
pub struct Mail {
    to: Zeroizing<String>,
    subject: Zeroizing<String>,
    text: Zeroizing<String>,
}

impl Mail {
    /// Creates a mail to this address.
    ///
    /// # Errors
    /// [`MailError::Invalid`] when the address is malformed, the subject has control characters (a
    /// line break in it would be a header of its own) or more than 200 bytes, or the text has more
    /// than 65536 bytes.
    pub fn new(to: &str, subject: &str, text: &str) -> Result<Self, MailError> {
        let good = to.parse::<Address>().is_ok()
            && !to.chars().any(char::is_control)
            && !subject.chars().any(char::is_control)
            && subject.len() <= MAX_SUBJECT
            && text.len() <= MAX_TEXT;
        if !good {
            return Err(MailError::Invalid);
        }
        Ok(Self {
            to: Zeroizing::new(to.to_owned()),
            subject: Zeroizing::new(subject.to_owned()),
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// Returns the address.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// Returns the part of the address behind the `@`.
    pub(crate) fn domain(&self) -> &str {
        self.to.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns the subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

redacted_debug!(Mail);

/// The reason why a mail was not sent. It contains no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The address, the subject or the text is malformed.
    #[error("the mail is not well-formed")]
    Invalid,
    /// The mail server cannot be reached, closes the connection, or takes too long.
    #[error("the mail server cannot be reached")]
    Unreachable,
    /// The mail server refuses the mail for now, with this status (4xx).
    #[error("the mail server refuses for now (status {0})")]
    Deferred(u16),
    /// The mail server refuses user and password, with this status.
    #[error("the mail server does not let us in (status {0})")]
    Login(u16),
    /// The mail server refuses the mail permanently, with this status (5xx).
    #[error("the mail server refuses (status {0})")]
    Refused(u16),
    /// The mail server does not encrypt, or its certificate is not trusted.
    #[error("there is no encrypted connection to the mail server")]
    NotEncrypted,
    /// The mail server accepts no address whose local part is not ASCII (no SMTPUTF8).
    #[error("the mail server takes no address in this script: it lacks SMTPUTF8")]
    AddressScript,
    /// The folder cannot be written to.
    #[error("the folder of mails cannot be written to")]
    Unwritable,
}

impl MailError {
    /// Returns whether a further attempt may succeed.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Deferred(_)
            | Self::Login(_)
            | Self::NotEncrypted
            | Self::Unwritable => true,
            Self::Invalid | Self::AddressScript | Self::Refused(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_into_a_header_that_does_not_belong_there() {
        let long = "x".repeat(201);
        for (to, subject, good) in [
            ("ann@example.org", "Hello", true),
            ("ann@example.org", "", true),
            (
                "ann@b\u{fc}cher.example",
                "Gr\u{fc}\u{df}e \u{4f60}\u{597d}",
                true,
            ),
            ("ann@example.org\r\nBcc: bob@example.org", "Hello", false),
            ("ann@example.org\nBcc: bob@example.org", "Hello", false),
            ("ann@example.org\r\n", "Hello", false),
            ("ann@example.org, bob@example.org", "Hello", false),
            ("Ann <ann@example.org>", "Hello", false),
            ("\"a\r\nb\"@example.org", "Hello", false),
            ("ann@example.org\0", "Hello", false),
            ("ann@", "Hello", false),
            ("", "Hello", false),
            ("ann@example.org", "Hello\r\nBcc: bob@example.org", false),
            ("ann@example.org", "Hello\nBcc: bob@example.org", false),
            ("ann@example.org", "Hello\rx", false),
            ("ann@example.org", "\u{0}", false),
            ("ann@example.org", "\u{85}", false),
            ("ann@example.org", &long, false),
        ] {
            let mail = Mail::new(to, subject, "text");
            assert_eq!(mail.is_ok(), good, "{to:?} {subject:?}");
        }
        assert!(Mail::new("a@example.org", "", &"x".repeat(MAX_TEXT)).is_ok());
        assert!(Mail::new("a@example.org", "", &"x".repeat(MAX_TEXT + 1)).is_err());
    }

    #[test]
    fn a_mail_does_not_show_itself() {
        let mail = Mail::new("ann@example.org", "Hello", "secret").unwrap();
        assert_eq!(format!("{mail:?}"), "Mail(..)");
    }
}
