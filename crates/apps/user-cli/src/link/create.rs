//! `anteroom link create`

use std::io::{self, IsTerminal as _};

use anteroom_client::{AdminRights, AdminSecret, LinkChange, LinkState};
use anteroom_console::{
    context::Context,
    failure::Failure,
    listen, os,
    terminal::{print, print_json},
};
use anteroom_protocol::CallLink;
use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::state::{self, show_link};

use crate::{
    arguments::LinkCreate,
    links::{LinkStore, OwnLink, short_name},
    room_session::RoomSession,
    statement_file::StatementFile,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    link: &'a str,
    short_name: &'a str,
    room_id: String,
    expiration: u64,
    certificates: bool,
}

/// Creates the link of a new room, keeps it, and shows it.
pub(super) async fn run(
    options: &LinkCreate,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let mut rng = os::rng();
    let now = os::now();
    // All that can fail without the room service fails before a link is created.
    let naming = options.name.as_ref().filter(|name| !name.is_empty());
    let naming = naming.map(|name| LinkChange {
        name: Some(name.clone()),
        ..LinkChange::default()
    });
    if let Some(change) = &naming {
        change.check().context("no link was created")?;
    }
    store.links()?;
    let statements = StatementFile::of_user(&context.environment)?;
    let session = RoomSession::open(&options.rooms, None, context).await?;
    let (host, is_plain) = link_host(&session)?;
    let secret = AdminSecret::random(&mut rng);
    let (created, params) = session
        .create_link(&secret, options.approval.into(), &statements)
        .await?;
    let rights = AdminRights::Secret(secret);
    let admin = rights.link_key(&created.root_key.room_id());
    let mut own = OwnLink {
        link: CallLink {
            host,
            is_plain,
            root_key: created.root_key,
            params: Some(params),
            without_certificates: options.without_certificates,
            admin,
        },
        rights,
        rooms: session.service.named.clone(),
        data: session.service.data.clone(),
        name: None,
        created: now,
    };
    store.keep(&own)?;

    let mut state = created.state;
    if let Some(change) = naming {
        let room = &own.link.root_key;
        let named = async {
            let pass = session.pass(&own.link).await?;
            let passkey = own.passkey();
            let update = session
                .rooms
                .update(room, &pass, &passkey, &change, &mut rng);
            anyhow::Ok(update.await?)
        };
        state = named
            .await
            .context("the link was created and kept, but has no name yet")?;
        own.name = change.name;
        store.keep(&own)?;
    }

    let url = own.link.to_url();
    let room_id = own.link.root_key.room_id();
    let short = short_name(&room_id);
    let shown = if context.json {
        print_json(&Report {
            link: &url,
            short_name: &short,
            room_id: room_id.to_hex(),
            expiration: state.expiration.as_secs(),
            certificates: !own.link.without_certificates,
        })
    } else {
        show(&own.link, &url, &short, &state)
    };
    shown.map_err(|error| {
        Failure::failed("the link was created and kept, and is not shown")
            .with_reason(error)
            .next(format!("Show it with `anteroom link show {short}`"))
            .into()
    })
}

fn show(link: &CallLink, url: &str, short: &str, state: &LinkState) -> anyhow::Result<()> {
    print("Created a link. Whoever has it can come; send it only over ways you trust.")?;
    print("")?;
    let fields = state::fields(state, link).line("called", format!("{short} in your list"));
    print(fields.text())?;
    print("")?;
    show_link(url, io::stdout().is_terminal())
}

/// The host that stands in the link: that of the room service, as others reach it, and whether the
/// link begins with http.
fn link_host(session: &RoomSession) -> anyhow::Result<(String, bool)> {
    let public = session.service.public.as_deref();
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
    let (scheme, host) = url.split_once("://").unwrap_or_default();
    let host = host.trim_end_matches('/');
    if !CallLink::is_host(host) {
        let what = format!("no link can name {url}");
        return Err(Failure::new("address_invalid", what)
            .with_reason(anyhow!(
                "its path has empty parts, or a character that a link cannot have"
            ))
            .next("Have the room service reached under another path, and name that")
            .into());
    }
    Ok((host.to_owned(), scheme == "http"))
}
