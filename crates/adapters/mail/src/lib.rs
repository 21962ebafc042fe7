//! Sends mails over SMTP ([`SmtpMailer`]) or writes them into a folder ([`FileMailer`]).
//!
//! # Contract
//!
//! - A [`Mailer`] sends one [`Mail`], and returns once the receiver has accepted it.
//!   [`MailError::is_temporary`] tells whether a further attempt may succeed.
//! - A [`MailQueue`] accepts mails without a wait and without an error, and sends them from a task
//!   of its own. Its size, its attempts and its pauses are bounded. It drops and counts the mails
//!   that it cannot hold.
//! - A decoy in the queue delays other mails as a mail would, so that the delay does not show
//!   whether a mail was sent.
//! - SMTP is encrypted, except to the machine itself.
//! - No address, subject or text of a mail is part of a log, an error or a `Debug`.

mod backlog;
mod compose;
mod file;
mod history;
mod mail;
mod queue;
mod smtp;

use async_trait::async_trait;

pub use self::{
    compose::{Composer, Sender},
    file::FileMailer,
    mail::{Mail, MailError},
    queue::{MailQueue, MailQueueSettings},
    smtp::{SmtpEncryption, SmtpLogin, SmtpMailer, SmtpSettings, SmtpSettingsError},
};

/// Sends one mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends the mail, and returns when the receiver has accepted it.
    ///
    /// # Errors
    /// [`MailError::is_temporary`] tells whether a further attempt may succeed.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
