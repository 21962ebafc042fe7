//! `anteroom relays`

use anteroom_client::Relay;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    cli::Relays, data_dir::DataDir, environment::Environment, session::Session, terminal::print,
};

#[derive(Serialize)]
struct Report<'a> {
    relays: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    username: &'a str,
    password: &'a str,
    ttl: u64,
    urls: &'a [String],
    urls_with_ips: &'a [String],
    hostname: &'a str,
}

/// Shows the relays that a client gets.
pub(crate) async fn run(
    options: &Relays,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let session = Session::open(&options.client, data, environment)?;
    let relays = session.client.relays().await?;
    if options.json {
        let report = Report {
            relays: relays.iter().map(entry).collect(),
        };
        let text = Zeroizing::new(serde_json::to_string(&report)?);
        print(&text)?;
        return Ok(());
    }
    if relays.is_empty() {
        print("The issuer has no relays.")?;
    }
    for relay in &relays {
        show(relay)?;
    }
    Ok(())
}

fn show(relay: &Relay) -> anyhow::Result<()> {
    print(&format!("Relay {}", relay.hostname))?;
    let credentials = if relay.password.expose_secret().is_empty() {
        "none".to_owned()
    } else {
        let seconds = relay.ttl.as_secs();
        format!("hidden (--json shows them), good for {seconds} s")
    };
    print(&format!("  credentials  {credentials}"))?;
    for url in &relay.urls {
        print(&format!("  by name      {url}"))?;
    }
    for url in &relay.urls_with_ips {
        print(&format!("  by address   {url}"))?;
    }
    Ok(())
}

fn entry(relay: &Relay) -> Entry<'_> {
    Entry {
        username: relay.username.expose_secret(),
        password: relay.password.expose_secret(),
        ttl: relay.ttl.as_secs(),
        urls: &relay.urls,
        urls_with_ips: &relay.urls_with_ips,
        hostname: &relay.hostname,
    }
}
