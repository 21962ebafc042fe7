//! `anteroom relays`

use anteroom_client::RelayServer;
use anteroom_console::{
    data_dir::DataDir,
    environment::Environment,
    terminal::{print, print_json},
};
use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::{
    arguments::{ClientFlags, Relays},
    session::Session,
};

#[derive(Serialize)]
struct Report<'a> {
    relays: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    ttl: u64,
    urls: &'a [String],
    urls_with_ips: &'a [String],
    hostname: &'a str,
}

/// Shows the relays for a client.
pub async fn run(
    options: &Relays,
    json: bool,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let session = Session::open(&options.client, data, environment)?;
    let relays = session.client.relays().await?;
    if json {
        let entry = |relay| entry(relay, options.secrets);
        return print_json(&Report {
            relays: relays.iter().map(entry).collect(),
        });
    }
    if relays.is_empty() {
        print("The issuer has no relays.")?;
    }
    for relay in &relays {
        show(relay, options.secrets)?;
    }
    Ok(())
}

/// Returns the relays that the login at the issuer with this URL gets.
pub async fn of_issuer(
    url: String,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<Vec<RelayServer>> {
    let flags = ClientFlags {
        issuer: Some(url),
        ..ClientFlags::default()
    };
    let session = Session::open(&flags, data, environment)?;
    session.client.relays().await.context("no relays are given")
}

fn show(relay: &RelayServer, with_secrets: bool) -> anyhow::Result<()> {
    print(&format!("Relay {}", relay.hostname))?;
    let entry = entry(relay, with_secrets);
    if let (Some(username), Some(password)) = (entry.username, entry.password) {
        print(&format!("  user name    {username}"))?;
        print(&format!("  password     {password}"))?;
    }
    let credentials = if relay.password.expose_secret().is_empty() {
        "none".to_owned()
    } else {
        let seconds = relay.ttl.as_secs();
        if with_secrets {
            format!("good for {seconds} s")
        } else {
            format!("hidden (--secrets shows them), good for {seconds} s")
        }
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

fn entry(relay: &RelayServer, with_secrets: bool) -> Entry<'_> {
    Entry {
        username: with_secrets.then(|| relay.username.expose_secret()),
        password: with_secrets.then(|| relay.password.expose_secret()),
        ttl: relay.ttl.as_secs(),
        urls: &relay.urls,
        urls_with_ips: &relay.urls_with_ips,
        hostname: &relay.hostname,
    }
}
