//! The settings of mails.

use std::{
    num::{NonZeroU16, NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use anteroom_mail::{MailQueueSettings, SmtpEncryption};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of mails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The way of mails: none, a mail server, or a folder with a file for each, for development.
    pub transport: MailTransport,
    /// The sender, such as `Anteroom <anteroom@example.org>`.
    pub from: Option<String>,
    /// The folder of the mails, with `mail.transport = "folder"`.
    pub folder: Option<PathBuf>,
    /// The most mails that wait for the mail server before further ones are dropped and counted;
    /// half of them after an attempt that failed.
    #[default(MailQueueSettings::default().capacity)]
    pub queue: NonZeroUsize,
    /// The mail server.
    pub smtp: SmtpSettings,
}

/// Where mails go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Nowhere.
    #[default]
    Off,
    /// To a mail server.
    Smtp,
    /// Into a folder.
    Folder,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpSettings {
    /// The mail server's name.
    pub host: Option<String>,
    /// The mail server's port. Without it: 587 with `starttls`, 465 with `tls`, 25 with `none`.
    pub port: Option<NonZeroU16>,
    /// `starttls` (required, not tried), `tls`, or `none` (only to this machine itself).
    pub encryption: Encryption,
    /// The user at the mail server. The password comes from a file or a variable.
    pub user: Option<String>,
    /// A file of certificates (PEM) to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// The time for a whole mail, connection included.
    #[default(const { NonZeroU64::new(30).unwrap() })]
    pub timeout_seconds: NonZeroU64,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    #[default]
    StartTls,
    Tls,
    None,
}

impl From<Encryption> for SmtpEncryption {
    fn from(encryption: Encryption) -> Self {
        match encryption {
            Encryption::StartTls => Self::StartTls,
            Encryption::Tls => Self::Tls,
            Encryption::None => Self::None,
        }
    }
}
