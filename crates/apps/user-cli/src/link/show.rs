//! `anteroom link show`

use std::io::{self, IsTerminal as _};

use anteroom_client::{AdminRights, Peek, RoomsError};
use anteroom_console::{context::Context, os, terminal::print};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use zeroize::Zeroizing;

use super::state::{self, StateReport, show_link};

use crate::{
    arguments::LinkShow,
    links::LinkStore,
    room_session::{LinkTarget, RoomSession},
    secret_text::Input,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    state: StateReport<'a>,
    active: Option<usize>,
    pending: Option<usize>,
    max_devices: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_passkey: Option<&'a str>,
}

/// Shows a link's state and its call.
pub(super) async fn run(
    options: &LinkShow,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let mut rng = os::rng();
    let named = LinkTarget::read(options.link.link.as_deref(), Input::Whole, store)?;
    let shown = SecretTexts::of(options, &named)?;
    let [secret, passkey] =
        [&shown.secret, &shown.passkey].map(|text| Some(text.as_ref()?.as_str()));
    let session = RoomSession::open(&options.rooms, Some(&named), context).await?;
    let pass = session.pass(&named.link).await?;
    let room = &named.link.root_key;
    let state = session.rooms.link(room, &pass, &mut rng).await;
    let state = state.map_err(|error| session.link_error(&named, error))?;
    let call = match session.rooms.peek(room, &pass, &mut rng).await {
        // The link's state reports this already.
        Err(RoomsError::Closed) => None,
        peek => peek.map_err(|error| session.link_error(&named, error))?,
    };
    let report = Report {
        state: StateReport::new(&state, &named.link),
        active: call.as_ref().map(|call| call.active_count),
        pending: call.as_ref().map(|call| call.pending_count),
        max_devices: call.as_ref().map(|call| call.max_devices),
        admin_secret: secret,
        admin_passkey: passkey,
    };
    let people = call.as_ref().map(people);
    let fields = state::fields(&state, &named.link)
        .line("call", people.as_deref().unwrap_or("nobody is there"))
        .optional("secret", secret)
        .optional("passkey", passkey);
    context.show(&report, fields.text())?;
    if options.qr && !context.json && io::stdout().is_terminal() {
        print("")?;
        show_link(&named.link.to_url(), true)?;
    }
    Ok(())
}

fn people(call: &Peek) -> String {
    format!(
        "{} of at most {} are in it, {} in the lobby",
        call.active_count, call.max_devices, call.pending_count
    )
}

/// The secrets of the admins that a flag asks for, in base64.
#[derive(Default)]
struct SecretTexts {
    secret: Option<Zeroizing<String>>,
    passkey: Option<Zeroizing<String>>,
}

impl SecretTexts {
    /// Without an admin secret, the passkey stands for it.
    fn of(options: &LinkShow, named: &LinkTarget) -> anyhow::Result<Self> {
        let mut shown = Self::default();
        if !options.secret && !options.passkey {
            return Ok(shown);
        }
        let own = named.own()?;
        let is_secret = matches!(own.rights, AdminRights::Secret(_));
        if options.secret && is_secret {
            shown.secret = Some(own.rights.to_text());
        }
        if options.passkey || !is_secret {
            shown.passkey = Some(Zeroizing::new(STANDARD.encode(own.passkey().as_bytes())));
        }
        Ok(shown)
    }
}
