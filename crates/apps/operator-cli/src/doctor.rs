//! `anteroom doctor`: finds configuration errors, and names the next step for each.
//!
//! On the host of the services it checks everything that a start needs, the public addresses as clients reach
//! them, the mail server and the relays. With `--outside` it checks from another machine, where it knows only
//! the addresses.

mod endpoint;
mod expiry;
mod fault;
mod relay;
mod test_mail;

use anteroom_client::{Probe, RelayServer};
use anteroom_console::{
    context::Context, environment, exit_status::ExitStatus, failure::Failure, listen::Addresses,
};
use anteroom_server::{
    checks::{self, Finding},
    settings::Settings,
};
use anyhow::bail;

use self::endpoint::{Endpoint, ServiceKind};

use crate::{arguments::Doctor, status::service::TIMEOUTS};

/// Checks from the host of the services.
pub async fn inside(
    options: &Doctor,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<ExitStatus> {
    let Context {
        data, environment, ..
    } = context;
    let mut findings = checks::of_this_machine(settings, data, environment).await;
    let addresses = if data.is_in_use() {
        let listen = data.listen();
        Addresses::read(data).map_err(|_| {
            Finding::problem(
                "services",
                format!(
                    "they run, and {} does not say where they listen",
                    listen.display()
                ),
                "run this as their user, or restart them, with `systemctl restart anteroom`",
            )
        })
    } else {
        Err(Finding::problem(
            "services",
            format!("none runs on {}", data.path().display()),
            "start them, with `systemctl start anteroom` or `anteroom serve`",
        ))
    };
    let addresses = addresses.map_err(|finding| findings.push(finding)).ok();
    for endpoint in endpoints(settings, addresses.as_ref()).await {
        add_new(&mut findings, endpoint.check().await);
    }
    if settings.role.issues() {
        let to = options.letter_to.as_deref();
        findings.extend(test_mail::check(&settings.mail, to, environment).await);
        findings.extend(relay::of_settings(settings, environment).await);
    }
    checks::show(&findings, context.json)
}

/// Adds what is not said already: both services may be at one name.
fn add_new(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    for finding in more {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

/// Returns the public addresses of the services of the role, or those of their listeners without any.
async fn endpoints(settings: &Settings, addresses: Option<&Addresses>) -> Vec<Endpoint> {
    let role = settings.role;
    let mut endpoints = Vec::new();
    for (runs, kind, public, listener, address) in [
        (
            role.issues(),
            ServiceKind::Issuer,
            &settings.issuer.public_url,
            addresses.and_then(|it| it.issuer.as_deref()),
            addresses.and_then(Addresses::issuer_address),
        ),
        (
            role.holds_rooms(),
            ServiceKind::Rooms,
            &settings.rooms.public_url,
            addresses.and_then(|it| it.rooms.as_deref()),
            addresses.and_then(Addresses::rooms_address),
        ),
    ] {
        let Some(url) = public.as_deref().or(listener).filter(|_| runs) else {
            continue;
        };
        let instance = match address {
            Some(address) => {
                let answer = Probe::new(address, TIMEOUTS).get(endpoint::LIVE).await;
                answer.ok().and_then(|answer| answer.instance)
            }
            None => None,
        };
        endpoints.push(Endpoint {
            kind,
            url: url.to_owned(),
            setting: kind.setting(),
            is_public: public.is_some(),
            listener: listener.map(ToOwned::to_owned),
            instance,
            runs_here: Some(listener.is_some()),
        });
    }
    endpoints
}

/// Checks from another machine. `relays_of` returns the relays that the login at an issuer gets.
pub async fn outside(
    options: &Doctor,
    context: &Context,
    relays_of: impl AsyncFn(String) -> anyhow::Result<Vec<RelayServer>>,
) -> anyhow::Result<ExitStatus> {
    // The URL, and the flag or the variable that names it.
    let named = |url: &Option<String>, flag, variable| -> anyhow::Result<_> {
        if let Some(url) = url {
            return Ok(Some((url.clone(), flag)));
        }
        let text = context.environment.text(variable)?;
        Ok(text.map(|text| (text.to_string(), variable)))
    };
    let issuer = named(&options.issuer, "--issuer", environment::ISSUER_URL)?;
    let rooms = named(&options.rooms, "--rooms", environment::ROOMS_URL)?;
    if issuer.is_none() && rooms.is_none() {
        let failure = Failure::failed("from outside there is nothing to look at");
        bail!(failure.next("Name --issuer, --rooms or both"));
    }
    let mut findings = Vec::new();
    for (kind, url) in [(ServiceKind::Issuer, &issuer), (ServiceKind::Rooms, &rooms)] {
        if let Some((url, setting)) = url.clone() {
            let endpoint = Endpoint {
                kind,
                url,
                setting,
                is_public: true,
                listener: None,
                instance: None,
                runs_here: None,
            };
            add_new(&mut findings, endpoint.check().await);
        }
    }
    if let Some((url, _)) = issuer {
        findings.extend(relays_of_login(relays_of(url).await).await);
    }
    checks::show(&findings, context.json)
}

/// Checks the relays that a client gets which is logged in at the issuer.
async fn relays_of_login(relays: anyhow::Result<Vec<RelayServer>>) -> Vec<Finding> {
    match relays {
        Ok(relays) => relay::of_client(&relays).await,
        Err(error) => vec![Finding::skipped(
            "TURN",
            format!("relays are for clients that are logged in: {error:#}"),
        )],
    }
}
