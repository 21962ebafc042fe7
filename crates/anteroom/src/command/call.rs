//! `anteroom call join`

mod full_screen;
mod input;
mod participant;
mod plain;
mod screen;
mod view;

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anteroom_client::JoinOptions;
use anteroom_service::Entropy as _;
use anyhow::Context as _;

use self::participant::Participant;
use crate::{
    cli::CallJoin,
    data_dir::DataDir,
    environment::Environment,
    links::LinkStore,
    os::OsEntropy,
    received::ReceivedFile,
    room_session::{NamedLink, RoomSession},
    secret_text::Input,
};

/// Joins a call and stays until it ends, the input ends, or the user leaves.
pub(super) async fn join(
    options: &CallJoin,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let store = LinkStore::of_user(environment)?;
    let named = NamedLink::read(options.link.as_deref(), Input::FirstLine, &store)?;
    let passkey = if options.admin {
        Some(named.own()?.passkey.clone())
    } else {
        None
    };
    let session = RoomSession::open(&options.rooms, Some(&named), data, environment)?;
    let (pass, told) = session.pass_with_notices(&named.link).await?;
    let notices = named.notice().map(ToOwned::to_owned).into_iter();
    let received = Arc::new(ReceivedFile::of_user(environment)?);
    let call = session
        .rooms
        .with_replay_store(received)
        .join(
            JoinOptions {
                room: named.link.root_key.clone(),
                pass,
                passkey,
            },
            OsEntropy.rng(),
        )
        .await
        .context("the call cannot be joined")?;
    let participant = Participant::new(call, options.name.as_deref());
    if options.plain || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        plain::run(participant).await
    } else {
        screen::run(participant, notices.chain(told)).await
    }
}
