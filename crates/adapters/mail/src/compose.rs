//! The conversion of a [`Mail`] to the bytes of a message (RFC 5322).

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use anteroom_runtime::{Clock, Entropy, redacted_debug};
use lettre::{
    Message,
    message::{Mailbox, header::ContentType},
};
use rand_core::Rng as _;

use crate::{Mail, MailError};

/// The sender of mails: `anteroom@example.org` or `Anteroom <anteroom@example.org>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = MailError;

    fn from_str(text: &str) -> Result<Self, MailError> {
        if text.chars().any(char::is_control) {
            return Err(MailError::Invalid);
        }
        text.parse().map(Self).map_err(|_| MailError::Invalid)
    }
}

redacted_debug!(Sender);

/// Composes messages, with a date, and an id that reveals nothing.
#[derive(Clone)]
pub struct Composer {
    from: Sender,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Composer {
    /// Creates a composer for messages from this sender.
    #[must_use]
    pub fn new(from: Sender, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            from,
            clock,
            entropy,
        }
    }

    pub(crate) fn compose(&self, mail: &Mail) -> Result<Message, MailError> {
        let to = mail.to().parse().map_err(|_| MailError::Invalid)?;
        Message::builder()
            .from(self.from.0.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject())
            .date(UNIX_EPOCH + Duration::from_secs(self.seconds()))
            .message_id(Some(self.message_id()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text().to_owned())
            .map_err(|_| MailError::Invalid)
    }

    /// Returns the current time, in seconds, at most the last that a mail's date can express.
    pub(crate) fn seconds(&self) -> u64 {
        // The last second of the year 9999.
        const LAST: u64 = 253_402_300_799;
        self.clock.now().as_secs().min(LAST)
    }

    /// Returns a random message id, without the name of the machine.
    fn message_id(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.rng().fill_bytes(&mut bytes);
        let id = hex::encode(bytes);
        format!("<{id}@{}>", self.from.0.email.domain())
    }
}
