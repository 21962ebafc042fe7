//! `anteroom link import`

use std::{
    fs::File,
    io::{self, BufRead as _, Read},
    path::Path,
};

use anteroom_client::{LinkChange, RoomName};
use anteroom_console::{context::Context, failure::Failure, os};
use anteroom_protocol::AdminPasskey;
use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::state::{self, ChangeReport};

use crate::{
    arguments::LinkImport,
    links::{LinkStore, OwnLink, short_name},
    room_session::{LinkTarget, RoomSession},
    secret_text::Input,
};

/// The maximum length of a passkey with white space around it, in bytes.
const MOST_BYTES: u64 = 256;

/// Stores another admin's link with its passkey, after the room service has accepted the passkey.
pub(super) async fn run(
    options: &LinkImport,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let is_input = options.passkey_file == Path::new("-");
    let link = options.link.link.as_deref();
    if is_input && link.is_none_or(|link| link == "-") {
        let failure = Failure::failed("standard input can give the link or the passkey, not both");
        bail!(failure.next("Put one of them into a file"));
    }
    let named = LinkTarget::read(link, Input::Whole, store)?;
    let passkey = read_passkey(&options.passkey_file)?;
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
    let pass = session.pass(&named.link).await?;
    let room = &named.link.root_key;
    // An empty change, which verifies the passkey.
    let state = session
        .rooms
        .update(
            room,
            &pass,
            &passkey,
            &LinkChange::default(),
            &mut os::rng(),
        )
        .await
        .context("the passkey is not kept")?;
    let own = OwnLink {
        link: named.link.clone(),
        passkey,
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

/// Returns the passkey in a file, or in a line of standard input for `-`.
fn read_passkey(file: &Path) -> anyhow::Result<AdminPasskey> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        let mut input = io::stdin().lock().take(MOST_BYTES);
        input
            .read_line(&mut text)
            .context("the passkey cannot be read from standard input")?;
    } else {
        let shown = || format!("the passkey file {} cannot be read", file.display());
        let opened = File::open(file).with_context(shown)?;
        let mut bounded = opened.take(MOST_BYTES);
        bounded.read_to_string(&mut text).with_context(shown)?;
    }
    // The error does not quote the text, which could be a secret in another form.
    let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).ok();
    let bytes: [u8; 16] = bytes
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .context("that is no passkey: 16 bytes in base64, as `link show --passkey` prints it")?;
    Ok(AdminPasskey::from_bytes(bytes))
}
