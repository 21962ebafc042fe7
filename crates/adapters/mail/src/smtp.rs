//! The SMTP mailer.

use std::{error, net::IpAddr, num::NonZeroU16, sync::Arc, time::Duration};

use anteroom_runtime::redacted_debug;
use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use tokio::{sync::Semaphore, time::timeout};
use zeroize::Zeroizing;

use crate::{Composer, Mail, MailError, Mailer};

/// The maximum number of connections at the same time.
const CONNECTIONS: usize = 4;

/// The encryption of the connection to the mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpEncryption {
    /// The connection starts in the clear and must change to TLS before any mail or password.
    #[default]
    StartTls,
    /// TLS from the first byte on.
    Tls,
    /// No encryption, which is allowed only to the machine itself.
    None,
}

/// The user and the password at the mail server. `Debug` shows neither.
pub struct SmtpLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// The settings of the mail server.
#[derive(Debug)]
pub struct SmtpSettings {
    /// The name of the mail server, which its certificate must have.
    pub host: String,
    /// The port; by default 587 with STARTTLS, 465 with TLS, 25 without.
    pub port: Option<NonZeroU16>,
    /// How the connection is encrypted.
    pub encryption: SmtpEncryption,
    /// The user and the password; `None` for a server without a login.
    pub login: Option<SmtpLogin>,
    /// Certificates (PEM) that are trusted in addition to the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// The maximum time for a whole mail with its connection, and for each step.
    pub timeout: Duration,
}

/// The error for settings that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpSettingsError {
    /// Mails and passwords would cross a network in the clear.
    #[error("a mail server on another machine needs encryption")]
    NeedsEncryption,
    /// The extra certificates are not PEM.
    #[error("the certificates of the mail server are no PEM")]
    Certificates,
    /// The trusted certificates or the host's name cannot be used.
    #[error("TLS to the mail server cannot be set up")]
    Tls,
}

/// Sends mails to a mail server: each over a connection of its own, a few at the same time.
pub struct SmtpMailer {
    composer: Composer,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    turns: Arc<Semaphore>,
    timeout: Duration,
}

impl SmtpMailer {
    /// Creates a mailer for this server. Does not connect.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: SmtpSettings, composer: Composer) -> Result<Self, SmtpSettingsError> {
        let (tls, port) = match settings.encryption {
            SmtpEncryption::StartTls => (Tls::Required(tls_parameters(&settings)?), 587),
            SmtpEncryption::Tls => (Tls::Wrapper(tls_parameters(&settings)?), 465),
            SmtpEncryption::None if is_loopback(&settings.host) => (Tls::None, 25),
            SmtpEncryption::None => return Err(SmtpSettingsError::NeedsEncryption),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host)
            .port(settings.port.map_or(port, NonZeroU16::get))
            .tls(tls)
            .timeout(Some(settings.timeout));
        if let Some(login) = settings.login {
            let password = login.password.as_str().to_owned();
            builder = builder.credentials(Credentials::new(login.user, password));
        }
        Ok(Self {
            composer,
            transport: builder.build(),
            turns: Arc::new(Semaphore::new(CONNECTIONS)),
            timeout: settings.timeout,
        })
    }

    /// Connects and logs in, without a mail.
    ///
    /// # Errors
    /// Those of a mail.
    pub async fn check(&self) -> Result<(), MailError> {
        match timeout(self.timeout, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(false)) | Err(_) => Err(MailError::Unreachable),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.composer.compose(mail)?;
        let sending = async {
            let _turn = self.turns.acquire().await;
            self.transport.send(message).await
        };
        match timeout(self.timeout, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(MailError::Unreachable),
        }
    }
}

redacted_debug!(SmtpLogin);

/// Converts an error. Keeps only the status of the server's answer, because its text may quote an
/// address.
fn failure(error: &Error) -> MailError {
    if let Some(code) = error.status() {
        return match u16::from(code) {
            // RFC 4954, section 6. The settings are wrong, not the mail.
            status @ (454 | 530 | 534 | 535 | 538) => MailError::Login(status),
            status if error.is_transient() => MailError::Deferred(status),
            status => MailError::Refused(status),
        };
    }
    if lacks_smtputf8(error) {
        return MailError::AddressScript;
    }
    // Refusals of the library itself: the server has no STARTTLS, or accepts passwords only in the
    // clear.
    if error.is_tls() || error.is_client() {
        return MailError::NotEncrypted;
    }
    MailError::Unreachable
}

/// The text of the error is the only sign of it in the library.
fn lacks_smtputf8(error: &Error) -> bool {
    error.is_client()
        && error::Error::source(error).is_some_and(|source| source.to_string().contains("SMTPUTF8"))
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpSettingsError> {
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.extra_roots {
        let certificate =
            Certificate::from_pem(pem).map_err(|_| SmtpSettingsError::Certificates)?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|_| SmtpSettingsError::Tls)
}

fn is_loopback(host: &str) -> bool {
    let address = || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    host.eq_ignore_ascii_case("localhost") || address()
}
