//! `anteroom link import`

use std::{
    fs::File,
    io::{self, BufRead as _, Read},
    path::Path,
};

use anteroom_client::{AdminRights, LinkChange, RoomName};
use anteroom_console::{context::Context, failure::Failure, os};
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::state::{self, ChangeReport};

use crate::{
    arguments::LinkImport,
    links::{LinkStore, OwnLink, short_name},
    room_session::{LinkTarget, RoomSession},
    secret_text::Input,
};

/// The maximum length of a secret with white space around it, in bytes.
const MOST_BYTES: u64 = 256;
const PASSKEY_ALONE: &str = "with the passkey alone you administer the link and cannot sign whom you let \
    in: ask for the admin secret, which `anteroom link show LINK --secret` prints";

/// Stores another admin's link with its admin secret, after the room service has accepted the passkey that
/// comes from it.
pub(super) async fn run(
    options: &LinkImport,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let is_input = options.secret_file == Path::new("-");
    let link = options.link.link.as_deref();
    if is_input && link.is_none_or(|link| link == "-") {
        let failure = Failure::failed("standard input can give the link or the secret, not both");
        bail!(failure.next("Put one of them into a file"));
    }
    let named = LinkTarget::read(link, Input::Whole, store)?;
    let room = named.link.root_key.room_id();
    let rights = best_rights(read_rights(&options.secret_file)?, &named);
    let passkey = rights.passkey(&room);
    let mut link = named.link.clone();
    match (rights.link_key(&room), link.admin) {
        (Some(own), Some(named)) if own != named => {
            bail!("that is the admin secret of another link")
        }
        (Some(own), _) => link.admin = Some(own),
        (None, Some(_)) => tracing::warn!("{PASSKEY_ALONE}"),
        (None, None) => {}
    }
    let session = RoomSession::open(&options.rooms, Some(&named), context).await?;
    // An own link was created at this data directory.
    let is_found_here = session.service.data.is_some() && !context.data.is_named();
    if named.own.is_none() && (is_found_here || session.service.is_unproven) {
        bail!(
            Failure::failed("the passkey is sent only to a room service that is named").next(
                "Use --rooms or ANTEROOM_ROOMS_URL, or name its data directory with --data or \
                 ANTEROOM_DATA"
            )
        );
    }
    let pass = session.pass(&link).await?;
    // An empty change, which verifies the passkey.
    let state = session
        .rooms
        .update(
            &link.root_key,
            &pass,
            &passkey,
            &LinkChange::default(),
            &mut os::rng(),
        )
        .await
        .context("the secret is not kept")?;
    let own = OwnLink {
        link,
        rights,
        rooms: session.service.named.clone(),
        data: session.service.data.clone(),
        name: match &state.name {
            RoomName::Known(name) => Some(name.clone()),
            RoomName::None | RoomName::Unreadable => None,
        },
        created: named.own.map_or_else(os::now, |own| own.created),
    };
    store.keep(&own)?;
    let short = short_name(&own.link.root_key.room_id());
    let fields = state::fields(&state).line("called", format!("{short} in your list"));
    let text = format!("You are an admin of this link now.\n{}", fields.text());
    context.show(&ChangeReport::new(&state, &short), &text)
}

/// Returns the rights to keep: a passkey takes no admin secret away that it comes from.
fn best_rights(given: AdminRights, named: &LinkTarget) -> AdminRights {
    let room = named.link.root_key.room_id();
    let is_of_given = |own: &&OwnLink| own.passkey().as_bytes() == given.passkey(&room).as_bytes();
    match (&given, named.own.as_ref().filter(is_of_given)) {
        (AdminRights::Passkey(_), Some(own)) => own.rights.clone(),
        _ => given,
    }
}

/// Returns the admin secret or the passkey in a file, or in a line of standard input for `-`.
fn read_rights(file: &Path) -> anyhow::Result<AdminRights> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        let mut input = io::stdin().lock().take(MOST_BYTES);
        input
            .read_line(&mut text)
            .context("the secret cannot be read from standard input")?;
    } else {
        let shown = || format!("the secret file {} cannot be read", file.display());
        let opened = File::open(file).with_context(shown)?;
        let mut bounded = opened.take(MOST_BYTES);
        bounded.read_to_string(&mut text).with_context(shown)?;
    }
    // The error does not quote the text, which could be a secret in another form.
    AdminRights::parse(&text).ok().context(
        "that is neither an admin secret nor a passkey: 32 or 16 bytes in base64, as `link show \
         --secret` prints them",
    )
}
