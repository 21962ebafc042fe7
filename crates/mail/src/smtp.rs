//! Mails over SMTP.

use std::{error, fmt, net::IpAddr, num::NonZeroU16, sync::Arc, time::Duration};

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

/// Connections at a time.
const CONNECTIONS: usize = 4;

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpEncryption {
    /// It starts in the clear and must change to TLS before anything is said.
    #[default]
    StartTls,
    /// TLS from the first byte on.
    Tls,
    /// Not at all: only to this machine itself.
    None,
}

/// User and password at the mail server. `Debug` shows neither.
pub struct SmtpLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// Which mail server, and how.
#[derive(Debug)]
pub struct SmtpSettings {
    /// Its name; its certificate must be for it.
    pub host: String,
    /// Its port; by default 587 with STARTTLS, 465 with TLS, 25 without.
    pub port: Option<NonZeroU16>,
    /// How the connection is encrypted.
    pub encryption: SmtpEncryption,
    /// Who sends.
    pub login: Option<SmtpLogin>,
    /// Certificates (PEM) to trust besides the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// For a whole mail, connection included; also for each step.
    pub timeout: Duration,
}

/// Settings that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpSettingsError {
    /// Mails and passwords would cross a network in the clear.
    #[error("a mail server on another machine needs encryption")]
    NeedsEncryption,
    /// The extra certificates are no PEM.
    #[error("the certificates of the mail server are no PEM")]
    Certificates,
    /// The trusted certificates or the host's name cannot be used.
    #[error("TLS to the mail server cannot be set up")]
    Tls,
}

/// Sends mails to a mail server: each over a connection of its own, few at a time.
pub struct SmtpMailer {
    composer: Composer,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    turns: Arc<Semaphore>,
    timeout: Duration,
}

impl SmtpMailer {
    /// To this server. Nothing is sent and nobody connected to yet.
    ///
    /// # Errors
    /// The settings make no sense.
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
}

impl SmtpMailer {
    /// Connects and logs in, and sends nothing.
    ///
    /// # Errors
    /// As those of a mail.
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

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpLogin(..)")
    }
}

/// What the server said may quote an address: only its status is kept.
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
    // The implementation's own refusals: no STARTTLS, or nothing but passwords in the clear.
    if error.is_tls() || error.is_client() {
        return MailError::NotEncrypted;
    }
    MailError::Unreachable
}

/// The library has no other sign of it than its text.
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
