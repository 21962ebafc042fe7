//! The mailer of the settings.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anteroom_accounts::{MailSender, OutgoingMail};
use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
    os::{OsClock, OsEntropy},
};
use anteroom_mail::{
    Composer, FileMailer, Mail, MailError, MailQueue, MailQueueSettings, Mailer, SmtpLogin,
    SmtpMailer, SmtpSettings,
};
use anteroom_runtime::Metrics;
use anteroom_store::Email;
use anyhow::{Context as _, bail};
use async_trait::async_trait;

use crate::settings::{MailSettings, MailTransport};

/// The time limit for sending the queued mails at a stop.
pub const CLOSING: Duration = Duration::from_secs(15);

/// Starts the queue, unless mails are off.
pub fn open_mail(
    settings: &MailSettings,
    environment: &Environment,
    metrics: &Metrics,
) -> anyhow::Result<Option<Arc<MailQueue>>> {
    let Some(mailer) = mailer(settings, environment)? else {
        return Ok(None);
    };
    let mailer: Arc<dyn Mailer> = Arc::new(mailer);
    let queue = MailQueueSettings {
        capacity: settings.queue,
        ..MailQueueSettings::default()
    };
    let queue = MailQueue::start(mailer, queue, Arc::new(OsEntropy), metrics);
    Ok(Some(Arc::new(queue)))
}

/// The mailer of the settings.
pub enum ConfiguredMailer {
    /// A folder with a file for each mail.
    Folder(FileMailer),
    /// A mail server.
    Smtp(SmtpMailer),
}

#[async_trait]
impl Mailer for ConfiguredMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        match self {
            Self::Folder(mailer) => mailer.send(mail).await,
            Self::Smtp(mailer) => mailer.send(mail).await,
        }
    }
}

/// Returns the mailer, unless mails are off. Creates the folder, and opens no connection yet.
pub fn mailer(
    settings: &MailSettings,
    environment: &Environment,
) -> anyhow::Result<Option<ConfiguredMailer>> {
    Ok(match settings.transport {
        MailTransport::Off => None,
        MailTransport::Folder => {
            let folder = folder(settings)?;
            let mailer = FileMailer::new(folder.to_owned(), composer(settings)?)
                .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
            Some(ConfiguredMailer::Folder(mailer))
        }
        MailTransport::Smtp => {
            let mailer = SmtpMailer::new(smtp(settings, environment)?, composer(settings)?);
            Some(ConfiguredMailer::Smtp(mailer.context("mail.smtp")?))
        }
    })
}

/// Checks the settings, and creates nothing.
pub fn check(settings: &MailSettings, environment: &Environment) -> anyhow::Result<()> {
    if settings.transport == MailTransport::Folder {
        folder(settings)?;
        return composer(settings).map(drop);
    }
    mailer(settings, environment).map(drop)
}

fn folder(settings: &MailSettings) -> anyhow::Result<&Path> {
    let folder = settings.folder.as_deref();
    folder.context("mail.transport = \"folder\" needs mail.folder")
}

/// The adapter of the queue for the issuer.
pub struct QueueSender(pub Arc<MailQueue>);

impl MailSender for QueueSender {
    fn send(&self, mail: OutgoingMail) {
        match Mail::new(mail.to.as_str(), mail.subject, &mail.text) {
            Ok(mail) => self.0.send(mail),
            // A typed address may be valid without being a possible recipient.
            Err(error) => {
                tracing::warn!(%error, "a mail cannot be written");
                self.0.send_decoy(mail.to.domain());
            }
        }
    }

    fn send_decoy(&self, to: &Email) {
        self.0.send_decoy(to.domain());
    }
}

fn composer(settings: &MailSettings) -> anyhow::Result<Composer> {
    let Some(from) = &settings.from else {
        bail!("mail.transport needs mail.from");
    };
    let from = from.parse();
    let from = from.context("mail.from is neither name@host nor Name <name@host>")?;
    Ok(Composer::new(from, Arc::new(OsClock), Arc::new(OsEntropy)))
}

fn smtp(settings: &MailSettings, environment: &Environment) -> anyhow::Result<SmtpSettings> {
    let smtp = &settings.smtp;
    let Some(host) = &smtp.host else {
        bail!("mail.transport = \"smtp\" needs mail.smtp.host");
    };
    let password =
        environment.secret(environment::SMTP_PASSWORD, environment::SMTP_PASSWORD_FILE)?;
    let login = match (&smtp.user, password) {
        (Some(user), Some(password)) => Some(SmtpLogin {
            user: user.clone(),
            password,
        }),
        (None, None) => None,
        (Some(_), None) => {
            let next = format!(
                "Put it into the file that {} names, or into {}",
                environment::SMTP_PASSWORD_FILE,
                environment::SMTP_PASSWORD
            );
            bail!(Failure::failed("mail.smtp.user needs a password").next(next))
        }
        (None, Some(_)) => bail!("there is a password for mail.smtp.user, which is not set"),
    };
    Ok(SmtpSettings {
        host: host.clone(),
        port: smtp.port,
        encryption: smtp.encryption.into(),
        login,
        extra_roots: smtp.extra_roots.as_deref().map(read).transpose()?,
        timeout: Duration::from_secs(smtp.timeout_seconds.get()),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("mail.smtp.extra_roots: {}", path.display()))
}

#[cfg(test)]
mod tests {
    use anteroom_runtime::NoEvents;
    use tempfile::TempDir;

    use super::*;

    fn outcome(text: &str, variables: &[(&str, &str)]) -> Result<bool, String> {
        let settings: MailSettings = toml::from_str(text).unwrap();
        let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(OsClock));
        open_mail(&settings, &Environment::of(variables), &metrics)
            .map(|queue| queue.is_some())
            .map_err(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn settings_of_mails_are_whole_or_refused_by_name() {
        const SMTP: &str = "transport = 'smtp'\nfrom = 'A <a@example.org>'\n[smtp]\n";
        let password = [("ANTEROOM_SMTP_PASSWORD", "secret")];
        for (text, variables, expected) in [
            ("", &[][..], Ok(false)),
            ("transport = 'folder'", &[], Err("needs mail.folder")),
            ("transport = 'smtp'", &[], Err("needs mail.smtp.host")),
            (
                "transport = 'smtp'\nsmtp.host = 'h'",
                &[],
                Err("needs mail.from"),
            ),
            (
                "transport = 'smtp'\nfrom = 'a'\nsmtp.host = 'h'",
                &[],
                Err("mail.from is neither"),
            ),
            (&format!("{SMTP}host = 'mail.example.org'"), &[], Ok(true)),
            (
                &format!("{SMTP}host = 'mail.example.org'\nencryption = 'none'"),
                &[],
                Err("another machine needs encryption"),
            ),
            (
                &format!("{SMTP}host = 'localhost'\nencryption = 'none'\nport = 2525"),
                &[],
                Ok(true),
            ),
            (
                &format!("{SMTP}host = 'h'\nuser = 'u'"),
                &password,
                Ok(true),
            ),
            (
                &format!("{SMTP}host = 'h'\nuser = 'u'"),
                &[],
                Err("needs a password"),
            ),
            (
                &format!("{SMTP}host = 'h'"),
                &password,
                Err("mail.smtp.user"),
            ),
            (
                &format!("{SMTP}host = 'h'\nextra_roots = '/nowhere/a.pem'"),
                &[],
                Err("mail.smtp.extra_roots: /nowhere/a.pem"),
            ),
        ] {
            let got = outcome(text, variables);
            match (&got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(*got, expected, "{text}"),
                (Err(got), Err(expected)) => assert!(got.contains(expected), "{got}"),
                _ => panic!("{text}: {got:?}"),
            }
            assert!(!format!("{got:?}").contains("secret"));
        }
        let dir = TempDir::new().unwrap();
        let folder = dir.path().join("mails");
        let text = format!("transport = 'folder'\nfrom = 'a@b.example'\nfolder = {folder:?}");
        assert_eq!(outcome(&text, &[]), Ok(true));
        assert!(folder.is_dir());
    }
}
