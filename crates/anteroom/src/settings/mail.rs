//! How mails are sent.

use std::{
    num::{NonZeroU16, NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use anteroom_mail::{MailQueueSettings, SmtpEncryption};
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MailSettings {
    pub(crate) transport: MailTransport,
    pub(crate) from: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) queue: NonZeroUsize,
    pub(crate) smtp: SmtpSection,
}

/// Where mails go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailTransport {
    #[default]
    Off,
    Smtp,
    Folder,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SmtpSection {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) encryption: Encryption,
    pub(crate) user: Option<String>,
    pub(crate) extra_roots: Option<PathBuf>,
    pub(crate) timeout_seconds: NonZeroU64,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encryption {
    #[default]
    StartTls,
    Tls,
    None,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: MailTransport::default(),
            from: None,
            folder: None,
            queue: MailQueueSettings::default().capacity,
            smtp: SmtpSection::default(),
        }
    }
}

impl Default for SmtpSection {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            encryption: Encryption::default(),
            user: None,
            extra_roots: None,
            timeout_seconds: const { NonZeroU64::new(30).unwrap() },
        }
    }
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
