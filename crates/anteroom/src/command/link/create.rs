//! `anteroom link create`

use std::io::{self, IsTerminal as _};

use anteroom_client::LinkChange;
use anteroom_protocol::{AdminPasskey, CallLink};
use anteroom_service::Clock as _;
use anyhow::Context as _;
use serde::Serialize;

use super::{show_link, show_state};
use crate::{
    cli::LinkCreate,
    data_dir::DataDir,
    environment::Environment,
    links::{LinkStore, OwnLink, short_name},
    listen,
    os::{self, OsClock},
    room_session::RoomSession,
    terminal::print,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    link: &'a str,
    short_name: &'a str,
    room_id: String,
    expiration: u64,
}

/// Creates the link of a new room, stores it, and shows it.
pub(super) async fn run(
    options: &LinkCreate,
    store: &LinkStore,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let mut rng = os::rng();
    let now = OsClock.now();
    // Fails before the creation if the store cannot be read.
    store.links()?;
    let session = RoomSession::open(&options.rooms, None, data, environment).await?;
    let passkey = AdminPasskey::random(&mut rng);
    let (created, params) = session
        .create_link(&passkey, options.approval.into())
        .await?;
    let mut own = OwnLink {
        link: CallLink {
            host: place(&session)?,
            root_key: created.root_key,
            params: Some(params),
        },
        passkey,
        rooms: session.named.clone(),
        data: session.data.clone(),
        name: None,
        created: now,
    };
    store.keep(&own)?;

    let mut state = created.state;
    if let Some(name) = options.name.as_ref().filter(|name| !name.is_empty()) {
        let change = LinkChange {
            name: Some(name.clone()),
            ..LinkChange::default()
        };
        let pass = session.pass(&own.link).await?;
        let room = &own.link.root_key;
        state = session
            .rooms
            .update(room, &pass, &own.passkey, &change, &mut rng)
            .await
            .context("the link was created and kept, but has no name yet")?;
        own.name = Some(name.clone());
        store.keep(&own)?;
    }

    let url = own.link.to_url();
    let room_id = own.link.root_key.room_id();
    let short = short_name(&room_id);
    if options.json {
        let report = Report {
            link: &url,
            short_name: &short,
            room_id: room_id.to_hex(),
            expiration: state.expiration.as_secs(),
        };
        print(&serde_json::to_string(&report)?)?;
        return Ok(());
    }
    print("Created a link. Whoever has it can come; send it only over ways you trust.")?;
    print("")?;
    show_state(&state)?;
    print(&format!("  called    {short} in your list"))?;
    print("")?;
    show_link(&url, io::stdout().is_terminal())
}

/// Returns the host part of the link: the room service's public address.
fn place(session: &RoomSession) -> anyhow::Result<String> {
    let public = session.public.as_deref();
    let url = public.unwrap_or(session.rooms.base_url().as_str());
    if listen::is_only_here(url) {
        tracing::warn!(
            "the link names {url}, which only this machine reaches: for others, set \
             rooms.public_url, or name the room service with --rooms as they reach it"
        );
    }
    if !listen::is_only_here(url) && !url.starts_with("https:") {
        tracing::warn!(
            "links begin with https, and {url} does not: others reach it only behind TLS"
        );
    }
    let (_, place) = url
        .split_once("://")
        .context("the room service has no host")?;
    Ok(place.trim_end_matches('/').to_owned())
}
