//! `anteroom account invite`

use anteroom_console::{
    os,
    terminal::{day, print, print_json},
};
use anteroom_protocol::DAY;
use anteroom_server::settings::{MailTransport, Settings, SignUpMode};
use anteroom_store::{InviteCode, IssuerDatabase as _, TransactionName};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::operator_changes::OperatorChanges;

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
pub(super) async fn run(
    days: u32,
    json: bool,
    settings: &Settings,
    changes: &OperatorChanges,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("add invite");
    if let Some(setting) = closing_setting(settings) {
        tracing::warn!(
            "nobody can sign up with the code: {setting} closes the sign-up, by the settings that \
             this command reads. Change it, or name the services' configuration with --config"
        );
    }
    let code = InviteCode::random(&mut os::rng());
    let hash = changes.database.storage_keys().invite_hash(&code);
    let now = os::now();
    let expires = now.plus(u64::from(days) * DAY);
    let mut transaction = changes.database.begin(NAME).await?;
    transaction.add_invite(&hash, now, expires).await?;
    transaction.save().await?;
    changes.note_service("invite.made");
    let url = settings.issuer.public_url.as_deref().map(|url| {
        let url = url.trim_end_matches('/');
        Zeroizing::new(format!("{url}/account/signup?invite={}", code.as_str()))
    });
    if json {
        let report = Report {
            code: code.as_str(),
            url: url.as_deref().map(String::as_str),
            expires: expires.as_secs(),
        };
        return print_json(&report);
    }
    print("An invite code for one sign-up. It is shown only now: it is stored as a keyed hash.")?;
    print("")?;
    print(&format!("  code   {}", code.as_str()))?;
    if let Some(url) = &url {
        print(&format!("  page   {}", url.as_str()))?;
    }
    print(&format!("  until  {}", day(expires)))?;
    Ok(())
}
