//! `anteroom login`

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
};

use anteroom_client::{DeviceId, IssuerError, LoginClient, LoginSession, SignIn, Timeouts};
use anteroom_console::{
    context::Context,
    environment,
    failure::Failure,
    fields::Fields,
    password::PasswordSource,
    progress,
    terminal::{day, print, print_json},
};
use anteroom_store::Email;
use anyhow::{Context as _, bail};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    arguments::Login,
    credentials::CredentialFile,
    renewal,
    session::{IssuerIdentity, IssuerTarget},
};

/// The members have the names of `whoami --json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    issuer: &'a str,
    uuid: &'a str,
    device_id: u32,
    email: &'a str,
    /// The time at which the login ends without further use, in seconds since 1970.
    session_until: u64,
}

/// Signs in, and stores the session for the following commands.
pub async fn run(options: &Login, context: &Context) -> anyhow::Result<()> {
    let environment = &context.environment;
    let target = IssuerTarget::find(options.issuer.as_deref(), context)?;
    let client = LoginClient::new(target.url()?, Timeouts::default())?;
    if client.is_exposed() {
        tracing::warn!("the password crosses the network in the clear: use https");
    }
    let file = target.login(environment)?.for_new(options.remember);
    let email = email(options)?;
    Email::parse(&email)?;
    // Who logs in again stays the same device.
    let before = file.load().ok().flatten().map(|login| login.session);
    let aci_before = before.as_ref().map(|before| before.aci);
    let before = before.filter(|before| is_same_address(&before.email, &email));
    let device = match options.device {
        Some(number) => Some(DeviceId::new(number).context("--device: devices count from 1")?),
        None => before
            .as_ref()
            .map(|before| before.device)
            .or_else(|| file.last_device(|known| is_same_address(known, &email))),
    };
    if options.password_file.is_none() {
        target.check_secret(environment, environment::PASSWORD)?;
    }
    let last_refresh = before
        .filter(|before| Some(before.device) == device)
        .map(|before| before.tokens.refresh);
    let source = PasswordSource {
        file: options.password_file.as_deref(),
        variable: Some(environment::PASSWORD),
        prompt: "Password: ",
    };
    let attempt = SignIn {
        email,
        password: source.read(environment)?,
        remember: options.remember,
        device,
        device_name: options.name.clone(),
        last_refresh,
    };
    let url = client.base_url().clone();
    let start = LoginSession::start(client, &attempt, Arc::new(file.clone()));
    let session = progress::during("Logging in", start).await?;
    let stored_login = file.load()?.context("the login is gone again")?;
    let account = session.aci().to_uuid_string();
    let email = &*stored_login.session.email;
    if !context.json {
        let until = day(stored_login.until);
        let fields = Fields::below(&format!("Logged in at {url} as {email}."), 9)
            .line("account", &account)
            .line("device", session.device())
            .line("until", format!("{until}, and longer with every use"));
        print(fields.text())?;
    }
    if let Some(aci) = aci_before.filter(|aci| *aci != session.aci()) {
        CredentialFile::of_account(environment, file.issuer(), &aci)?.remove()?;
    }
    let identity = IssuerIdentity::of_login(target, session.aci(), file, context);
    fetch_credentials(&Arc::new(identity)).await;
    if context.json {
        print_json(&Report {
            issuer: url.as_str(),
            uuid: &account,
            device_id: session.device().as_u32(),
            email,
            session_until: stored_login.until.as_secs(),
        })?;
    }
    Ok(())
}

/// Fetches the first credentials of a login, so that the first visit to a room needs no request to the
/// issuer.
async fn fetch_credentials(identity: &Arc<IssuerIdentity>) {
    let fetched = async {
        let file = identity.credentials()?;
        let renewal = renewal::renew(&identity.session()?, &file).await?;
        match renewal.failure {
            Some(error) => Err(error.into()),
            None => anyhow::Ok(()),
        }
    };
    if let Err(error) = fetched.await {
        match error.downcast_ref() {
            Some(IssuerError::Clock { .. } | IssuerError::OddDay { .. }) => tracing::warn!(
                "{error}: set the clock that is wrong. You are logged in, but not all credentials \
                 could be fetched: use `anteroom credential renew` when the clock is set"
            ),
            _ => tracing::warn!(
                "you are logged in, but not all credentials could be fetched ({error:#}): use \
                 `anteroom credential renew` some hours before you go to a room"
            ),
        }
    }
    renewal::start(identity);
}

/// Returns whether two texts denote the same address, in any spelling.
fn is_same_address(one: &str, other: &str) -> bool {
    match (Email::parse(one), Email::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

fn email(options: &Login) -> anyhow::Result<Zeroizing<String>> {
    if let Some(email) = &options.email {
        return Ok(Zeroizing::new(email.trim().to_owned()));
    }
    if !io::stdin().is_terminal() {
        let failure = Failure::failed("there is no email address, and no terminal to ask for it");
        bail!(failure.next("Use --email"));
    }
    let mut output = io::stderr().lock();
    write!(output, "Email: ")?;
    output.flush()?;
    let mut line = Zeroizing::new(String::new());
    io::stdin().read_line(&mut line)?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}
