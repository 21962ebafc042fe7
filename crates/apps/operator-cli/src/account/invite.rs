//! `anteroom account invite`

use anteroom_console::{fields::Fields, os, terminal::day};
use anteroom_protocol::DAY;
use anteroom_server::settings::{MailTransport, Settings, SignUpMode};
use anteroom_store::{InviteCode, IssuerDatabase as _, TransactionName};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::operator_session::IssuerSession;

#[derive(Serialize)]
struct Report<'a> {
    code: &'a str,
    /// The URL of the sign-up page, if the issuer's public address is known.
    url: Option<&'a str>,
    /// The first moment at which the code is invalid, in seconds since 1970.
    expires: u64,
}

/// Returns the setting that closes the sign-up page to everybody.
fn closing_setting(settings: &Settings) -> Option<&'static str> {
    if settings.mail.transport == MailTransport::Off {
        return Some("mail.transport = \"off\"");
    }
    let is_closed = settings.login.sign_up == SignUpMode::Closed;
    is_closed.then_some("login.sign_up = \"closed\"")
}

/// Creates an invite code, and shows it.
pub(super) async fn run(session: &IssuerSession<'_>, days: u32) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("add invite");
    let settings = session.settings;
    let changes = session.changes()?;
    if let Some(setting) = closing_setting(settings) {
        tracing::warn!(
            "nobody can sign up with the code: {setting} closes the sign-up, by the settings that \
             this command reads. Change it, or name the services' configuration with --config"
        );
    }
    let code = InviteCode::random(&mut os::rng());
    let hash = session.database.storage_keys().invite_hash(&code);
    let now = os::now();
    let expires = now.plus(u64::from(days) * DAY);
    let mut transaction = session.database.begin(NAME).await?;
    transaction.add_invite(&hash, now, expires).await?;
    transaction.save().await?;
    changes.note_service("invite.made");
    let url = settings.issuer.public_url.as_deref().map(|url| {
        let url = url.trim_end_matches('/');
        Zeroizing::new(format!("{url}/account/signup?invite={}", code.as_str()))
    });
    let url = url.as_deref().map(String::as_str);
    let report = Report {
        code: code.as_str(),
        url,
        expires: expires.as_secs(),
    };
    let made =
        "An invite code for one sign-up. It is shown only now: it is stored as a keyed hash.";
    let fields = Fields::below(made, 7)
        .line("code", code.as_str())
        .optional("page", url)
        .line("until", day(expires));
    session.context.show(&report, fields.text())
}
