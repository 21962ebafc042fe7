//! Sends mails: over SMTP ([`SmtpMailer`]) or into a folder ([`FileMailer`]), behind a bounded queue
//! ([`MailQueue`]) so that no request waits for a mail server.
//!
//! No address, subject or text of a mail is part of a log, an error or a `Debug`.

mod compose;
mod file;
mod history;
mod mail;
mod queue;
mod smtp;
mod waiting;

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
    /// Hands the mail over; returns when the other side has taken it.
    ///
    /// # Errors
    /// [`MailError::is_temporary`] says whether another try may help.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
