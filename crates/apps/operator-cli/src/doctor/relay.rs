//! The relays, tried as a client uses them.

use std::{net::SocketAddr, time::Duration};

use anteroom_client::RelayServer;
use anteroom_console::{environment::Environment, os};
use anteroom_protocol::Aci;
use anteroom_runtime::Pseudonymizer;
use anteroom_server::{
    checks::Finding,
    relays,
    settings::{RelayProvider, Settings},
};
use anteroom_turn::{Relay, RelayUrl, RelayUser, TrialError, try_relay};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

const CHECK: &str = "TURN";
const LIMIT: Duration = Duration::from_secs(10);
/// The maximum number of checked URLs of a relay.
const MOST_URLS: usize = 8;
const SECRET: &str = "make static-auth-secret of coturn and the secret that \
                      ANTEROOM_RELAY_SECRET_FILE names the same one";

/// Checks the relays of the settings, with credentials made as for a client.
pub(super) async fn of_settings(settings: &Settings, environment: &Environment) -> Vec<Finding> {
    // The check of the settings reports their errors.
    let Ok(relays) = relays::open_relays(settings, environment) else {
        return Vec::new();
    };
    let nobody = Pseudonymizer::new(Zeroizing::new([0; 32])).account(&Aci::random(&mut os::rng()));
    let percent = settings.relay_experiment.percent;
    // Accounts of the experiment get other relays than the others.
    let of_experiment = (percent > 0).then_some((0, &settings.relay_experiment.relays));
    let of_rest = (percent < 100).then_some((99, &settings.relays));
    let mut findings = Vec::new();
    for (percentile, section) in of_experiment.into_iter().chain(of_rest) {
        let user = RelayUser {
            name: nobody,
            percentile,
        };
        match relays.issue(user, os::now()).await {
            Ok(Some(relay)) => {
                let next = match section.provider {
                    RelayProvider::Coturn => SECRET,
                    _ => "ask the provider of the relay",
                };
                findings.extend(of_relay(&relay, next).await);
            }
            Ok(None) => {}
            Err(error) => findings.push(Finding::problem(
                CHECK,
                format!("the relay provider gives no credentials: {error}"),
                "correct api_url and the token of [relays]",
            )),
        }
    }
    findings
}

async fn of_relay(relay: &Relay, refused: &'static str) -> Vec<Finding> {
    let urls = named(&relay.urls, &relay.urls_with_ips, &relay.hostname);
    try_all(urls, &relay.username, &relay.password, refused).await
}

/// Checks the relays that the issuer gave to a client.
pub(super) async fn of_client(relays: &[RelayServer]) -> Vec<Finding> {
    if relays.is_empty() {
        return vec![Finding::skipped(CHECK, "the issuer has no relays")];
    }
    let mut findings = Vec::new();
    for relay in relays {
        let urls = named(&relay.urls, &relay.urls_with_ips, &relay.hostname);
        let user = relay.username.expose_secret();
        let password = relay.password.expose_secret();
        findings.extend(try_all(urls, user, password, SECRET).await);
    }
    findings
}

/// Returns the URLs of a relay, each with the name in its certificate if it differs from the URL's host.
fn named<'a>(
    urls: &'a [String],
    urls_with_ips: &'a [String],
    hostname: &'a str,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    let by_name = urls.iter().map(|url| (url.as_str(), None));
    let by_address = urls_with_ips.iter();
    by_name.chain(by_address.map(move |url| (url.as_str(), Some(hostname))))
}

async fn try_all<'a>(
    urls: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    user: &str,
    password: &str,
    refused: &'static str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (text, certificate_name) in urls.take(MOST_URLS) {
        let Some(url) = RelayUrl::parse(text) else {
            continue;
        };
        let tried = try_relay(&url, certificate_name, user, password, LIMIT).await;
        findings.push(finding(text, tried, refused));
    }
    findings
}

fn finding(url: &str, tried: Result<SocketAddr, TrialError>, refused: &'static str) -> Finding {
    let Err(error) = tried else {
        return Finding::ok(CHECK, format!("{url} relays"));
    };
    let (what, next) = match error {
        TrialError::Transport => {
            return Finding::skipped(CHECK, format!("{url}: TLS over UDP is not tried"));
        }
        TrialError::Refused(401 | 441) => {
            let what = format!("{url} does not take the credentials that clients get");
            (what, refused)
        }
        TrialError::Host => (
            format!("the host of {url} leads nowhere"),
            "add an A or AAAA record for it, or correct relays.urls",
        ),
        TrialError::Unreachable(_) | TrialError::Silent => (
            format!("{url} does not answer"),
            "start the relay, and let its port through the firewall",
        ),
        TrialError::Tls(_) => (
            format!("{url} has no certificate that is taken"),
            "give the relay a certificate for its name",
        ),
        error => (format!("{url}: {error}"), "look into the log of the relay"),
    };
    Finding::problem(CHECK, what, next)
}
