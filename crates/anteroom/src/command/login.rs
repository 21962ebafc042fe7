//! `anteroom login`

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
};

use anteroom_client::{ClientError, DeviceId, LoginClient, LoginSession, SignIn, Timeouts};
use anteroom_protocol::Aci;
use anteroom_store::Email;
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::{
    cli::Login,
    credentials::CredentialFile,
    data_dir::DataDir,
    environment::{self, Environment},
    logins::LoginFile,
    password::PasswordSource,
    renewal,
    session::{Identity, IssuerPlace},
    terminal::{day, print},
};

/// Signs in, and keeps the session for the commands that follow.
pub(super) async fn run(
    options: &Login,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let place = IssuerPlace::find(options.issuer.as_deref(), data, environment)?;
    let client = LoginClient::new(place.url()?, Timeouts::default())?;
    if client.is_exposed() {
        tracing::warn!("the password crosses the network in the clear: use https");
    }
    let file = place.login(environment)?.for_new(options.remember);
    let email = email(options)?;
    // Who logs in again stays the same device.
    let before = file.load().ok().flatten().map(|kept| kept.session);
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
        place.check_secret(environment, environment::PASSWORD)?;
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
    let session = LoginSession::start(client, &attempt, Arc::new(file.clone())).await?;
    let kept = file.load()?.context("the login is gone again")?;
    print(&format!("Logged in at {url} as {}.", *kept.session.email))?;
    print("")?;
    print(&format!("  account  {}", session.aci().to_uuid_string()))?;
    print(&format!("  device   {}", session.device()))?;
    let until = day(kept.until);
    print(&format!("  until    {until}, and longer with every use"))?;
    if let Some(aci) = aci_before.filter(|aci| *aci != session.aci()) {
        CredentialFile::of_account(environment, file.issuer(), &aci)?.remove()?;
    }
    let identity = Identity::of_login(place, session.aci(), file, environment);
    fetch_credentials(&Arc::new(identity), data).await;
    Ok(())
}

/// Fetches the first credentials of a login: the first visit to a room then needs no issuer.
async fn fetch_credentials(identity: &Arc<Identity>, data: &DataDir) {
    let fetched = async {
        let file = identity.credentials()?;
        let renewal = renewal::renew(&identity.session()?, &file).await?;
        match renewal.failure {
            Some(error) => Err(error.into()),
            None => anyhow::Ok(()),
        }
    };
    if let Err(error) = fetched.await {
        tracing::warn!(
            "you are logged in, but not all credentials could be fetched ({error:#}): use `anteroom \
             credential renew` some hours before you go to a room"
        );
    }
    renewal::start(identity, data);
}

/// Whether two texts are one address, however they are typed.
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
        bail!("no email address: use --email");
    }
    let mut output = io::stderr().lock();
    write!(output, "Email: ")?;
    output.flush()?;
    let mut line = Zeroizing::new(String::new());
    io::stdin().read_line(&mut line)?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}

/// `anteroom logout`: ends the session, and forgets it also if the issuer cannot be told. Everywhere
/// means all sessions of the account: only the issuer can end those.
pub(super) async fn log_out(
    issuer: Option<&str>,
    everywhere: bool,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let place = IssuerPlace::find(issuer, data, environment)?;
    let file = place.login(environment)?;
    if everywhere {
        return log_out_everywhere(&place, file, environment).await;
    }
    let kept = match file.load() {
        Ok(kept) => kept.context("nobody is logged in there")?,
        Err(error) => {
            file.remove()?;
            tracing::warn!("{error:#}: it was removed, and the session goes on until it expires");
            return print("Logged out here.").map_err(Into::into);
        }
    };
    forget_credentials(environment, &file, &kept.session.aci);
    let until = day(kept.until);
    let ended = match place.url() {
        Ok(url) => {
            let client = LoginClient::new(url, Timeouts::default())?;
            let session = LoginSession::resume(client, kept.session, Arc::new(file));
            match session.sign_out().await {
                // The login is still there.
                Err(error @ ClientError::Session(_)) => return Err(error.into()),
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
        print("Logged out here.")?;
    } else {
        print("Logged out.")?;
    }
    Ok(())
}

/// Removes the credentials of an account: they do not outlive its login.
fn forget_credentials(environment: &Environment, login: &LoginFile, aci: &Aci) {
    let file = CredentialFile::of_account(environment, login.issuer(), aci);
    if let Err(error) = file.and_then(|file| file.remove()) {
        tracing::warn!("{error:#}: remove the file yourself");
    }
}

async fn log_out_everywhere(
    place: &IssuerPlace,
    file: LoginFile,
    environment: &Environment,
) -> anyhow::Result<()> {
    let kept = file.load()?.context("nobody is logged in there")?;
    let aci = kept.session.aci;
    let client = LoginClient::new(place.url()?, Timeouts::default())?;
    let session = LoginSession::resume(client, kept.session, Arc::new(file.clone()));
    match session.sign_out_everywhere().await {
        Ok(()) => {
            forget_credentials(environment, &file, &aci);
            print("Logged out everywhere: all sessions of the account have ended.")?;
            Ok(())
        }
        Err(ClientError::SessionEnded) => bail!(
            "this login has ended already, so it cannot end the others: log in again, and then log \
             out everywhere"
        ),
        Err(error) => Err(anyhow::Error::from(error)
            .context("the sessions go on: the issuer could not be told, try again")),
    }
}
