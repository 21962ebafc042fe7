//! `anteroom relays`

use anteroom_client::RelayServer;
use anteroom_console::{
    context::Context,
    fields::Fields,
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
pub async fn run(options: &Relays, context: &Context) -> anyhow::Result<()> {
    let session = Session::open(&options.client, context)?;
    let relays = session.client.relays().await?;
    if context.json {
        let entry = |relay| entry(relay, options.secrets);
        return print_json(&Report {
            relays: relays.iter().map(entry).collect(),
        });
    }
    if relays.is_empty() {
        print("The issuer has no relays.")?;
    }
    for relay in &relays {
        print(&format!("Relay {}", relay.hostname))?;
        print(fields(relay, options.secrets).text())?;
    }
    Ok(())
}

/// Returns the relays that the login at the issuer with this URL gets.
pub async fn of_issuer(url: String, context: &Context) -> anyhow::Result<Vec<RelayServer>> {
    let flags = ClientFlags {
        issuer: Some(url),
        ..ClientFlags::default()
    };
    let session = Session::open(&flags, context)?;
    session.client.relays().await.context("no relays are given")
}

fn fields(relay: &RelayServer, with_secrets: bool) -> Fields {
    let entry = entry(relay, with_secrets);
    let seconds = relay.ttl.as_secs();
    let credentials = match (relay.password.expose_secret().is_empty(), with_secrets) {
        (true, _) => "none".to_owned(),
        (false, true) => format!("good for {seconds} s"),
        (false, false) => format!("hidden (--secrets shows them), good for {seconds} s"),
    };
    let by_name = relay.urls.iter().map(|url| ("by name", url));
    let by_address = relay.urls_with_ips.iter().map(|url| ("by address", url));
    let fields = Fields::new(13)
        .optional("user name", entry.username)
        .optional("password", entry.password)
        .line("credentials", credentials);
    by_name
        .chain(by_address)
        .fold(fields, |fields, (name, url)| fields.line(name, url))
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
