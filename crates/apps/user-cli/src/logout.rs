//! `anteroom logout`

use std::sync::Arc;

use anteroom_client::{IssuerError, LoginClient, LoginSession, Timeouts};
use anteroom_console::{
    context::Context,
    environment::Environment,
    failure::Failure,
    terminal::{confirm, day},
};
use anteroom_protocol::Aci;
use anyhow::bail;
use serde::Serialize;

use crate::{
    credentials::CredentialFile, device_secret::CallDevice, logins::LoginFile,
    session::IssuerTarget,
};

/// The outcome of a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Whether the session has ended at the issuer too. Otherwise it continues there until it expires.
    ended_at_issuer: bool,
    /// Whether all other sessions of the account have ended.
    everywhere: bool,
}

/// Ends the session. Deletes it here even if the issuer cannot be reached. `everywhere` ends all sessions of
/// the account, which only the issuer can do.
pub async fn run(
    issuer: Option<&str>,
    everywhere: bool,
    yes: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let environment = &context.environment;
    let target = IssuerTarget::find(issuer, context)?;
    let file = target.login(environment)?;
    let report = if everywhere {
        log_out_everywhere(&target, file, yes, environment).await?
    } else {
        log_out(&target, file, environment).await?
    };
    let text = match (report.everywhere, report.ended_at_issuer) {
        (true, _) => "Logged out everywhere: all sessions of the account have ended.",
        (false, true) => "Logged out.",
        (false, false) => "Logged out here.",
    };
    context.show(&report, text)
}

fn no_login(target: &IssuerTarget) -> Failure {
    let what = format!("nobody is logged in at {}", target.whereabouts());
    Failure::new("login_missing", what).next("Name the issuer of the login with --issuer")
}

async fn log_out(
    target: &IssuerTarget,
    file: LoginFile,
    environment: &Environment,
) -> anyhow::Result<Report> {
    let here_alone = Report {
        ended_at_issuer: false,
        everywhere: false,
    };
    let stored_login = match file.load() {
        Ok(stored_login) => stored_login.ok_or_else(|| no_login(target))?,
        Err(error) => {
            file.remove()?;
            tracing::warn!("{error:#}: it was removed, and the session goes on until it expires");
            return Ok(here_alone);
        }
    };
    forget_credentials(environment, &file, &stored_login.session.aci);
    let until = day(stored_login.until);
    let ended = match target.url() {
        Ok(url) => {
            let client = LoginClient::new(url, Timeouts::default())?;
            let session = LoginSession::resume(client, stored_login.session, Arc::new(file));
            match session.sign_out().await {
                // The login was not removed.
                Err(error @ IssuerError::Session(_)) => return Err(error.into()),
                ended => ended.map_err(anyhow::Error::from),
            }
        }
        Err(error) => {
            file.remove()?;
            Err(error)
        }
    };
    if let Err(error) = ended {
        tracing::warn!(
            "the issuer could not be told ({error:#}): the session is forgotten here, but goes on \
             there until {until}"
        );
        return Ok(here_alone);
    }
    Ok(Report {
        ended_at_issuer: true,
        everywhere: false,
    })
}

/// Removes the credentials of an account and the secret of its device here, which must not outlive its login.
fn forget_credentials(environment: &Environment, login: &LoginFile, aci: &Aci) {
    let file = CredentialFile::of_account(environment, login.issuer(), aci);
    let removed = file.and_then(|file| {
        let device = CallDevice::remove(file.owner(), environment);
        file.remove().and(device)
    });
    if let Err(error) = removed {
        tracing::warn!("{error:#}: remove the file yourself");
    }
}

async fn log_out_everywhere(
    target: &IssuerTarget,
    file: LoginFile,
    yes: bool,
    environment: &Environment,
) -> anyhow::Result<Report> {
    let stored_login = file.load()?.ok_or_else(|| no_login(target))?;
    confirm(
        yes,
        "End all sessions of the account? Its other devices have to log in again too.",
    )?;
    let aci = stored_login.session.aci;
    let client = LoginClient::new(target.url()?, Timeouts::default())?;
    let session = LoginSession::resume(client, stored_login.session, Arc::new(file.clone()));
    match session.sign_out_everywhere().await {
        Ok(()) => {
            forget_credentials(environment, &file, &aci);
            Ok(Report {
                ended_at_issuer: true,
                everywhere: true,
            })
        }
        Err(IssuerError::SessionEnded) => bail!(
            Failure::failed("this login has ended already, so it cannot end the others")
                .next("Log in again, and then log out everywhere")
        ),
        Err(error) => Err(anyhow::Error::from(error)
            .context("the sessions go on, since the issuer could not be told")),
    }
}
