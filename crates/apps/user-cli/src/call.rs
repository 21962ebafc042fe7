//! `anteroom call join`

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anteroom_call_terminal::{
    ending, own_name::NameFile, participation::CallParticipation, plain, screen,
};
use anteroom_client::{CallSession, JoinOptions, Pass, RoomsClient, RoomsError};
use anteroom_console::{
    context::Context, exit_status::ExitStatus, os::OsEntropy, progress, terminal,
};
use anteroom_protocol::AdminPasskey;
use anteroom_runtime::Entropy as _;
use anyhow::Context as _;

use crate::{
    arguments::CallJoin,
    guest_visit::{self, GuestVisit},
    links::LinkStore,
    replay_counters::ReplayCountersFile,
    room_session::{LinkTarget, RoomSession},
    secret_text::Input,
    user_directory::user_directory,
};

/// Joins a call and stays until it ends, the input ends, or the user leaves. The exit status describes the
/// end, and so does an error if JSON is requested.
pub async fn join(options: &CallJoin, context: &Context) -> anyhow::Result<ExitStatus> {
    let store = LinkStore::of_user(&context.environment)?;
    let named = LinkTarget::read(options.link.link.as_deref(), Input::FirstLine, &store)?;
    let names = NameFile::of_user(&user_directory()?);
    let name = names.name(options.name.as_deref(), || names.ask())?;
    let is_guest = options.guest && guest_visit::has_no_account(&options.rooms.client, context)?;
    let (joined, notices) = if is_guest {
        let GuestVisit {
            rooms,
            pass,
            notices,
        } = GuestVisit::open(&options.rooms, &named, context).await?;
        let joined = enter(rooms, &named, pass, None, name.clone(), context).await?;
        (joined.map_err(anyhow::Error::from), notices)
    } else {
        let session = RoomSession::open(&options.rooms, Some(&named), context).await?;
        let passkey = passkey(options, &named, &session)?;
        let (pass, notices) = session.pass_with_notices(&named.link).await?;
        let rooms = session.rooms.clone();
        let joined = enter(rooms, &named, pass, passkey, name.clone(), context).await?;
        let joined = joined.map_err(|error| session.link_error(&named, error));
        (joined, notices)
    };
    let call = joined.context("the call cannot be joined")?;
    let notices = named
        .notice()
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(notices);
    let room = named.link.root_key.secret_params();
    let participation = CallParticipation::new(call, name, room);
    let failure = if options.plain || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        plain::run(participation).await?
    } else {
        screen::run(participation, notices).await?
    };
    if let Some(report) = failure.as_ref().filter(|_| context.json) {
        terminal::print_error(&report.to_json());
    }
    Ok(ending::exit_status(failure.as_ref()))
}

/// Joins the call of a link.
async fn enter(
    rooms: RoomsClient,
    named: &LinkTarget,
    pass: Pass,
    passkey: Option<AdminPasskey>,
    name: Option<String>,
    context: &Context,
) -> anyhow::Result<Result<CallSession, RoomsError>> {
    let received = Arc::new(ReplayCountersFile::of_user(&context.environment)?);
    let rooms = rooms.with_replay_store(received);
    let joining = rooms.join(
        JoinOptions {
            room: named.link.root_key.clone(),
            pass,
            passkey,
            name,
            member: None,
        },
        OsEntropy.rng(),
    );
    Ok(progress::during("Joining", joining).await)
}

/// Returns the passkey to join with. A link in the user's store is joined as an admin. Without an explicit
/// request the passkey is sent only to the room service where the link was created.
fn passkey(
    options: &CallJoin,
    named: &LinkTarget,
    session: &RoomSession,
) -> anyhow::Result<Option<AdminPasskey>> {
    if options.guest {
        return Ok(None);
    }
    if options.admin {
        return Ok(Some(named.own()?.passkey.clone()));
    }
    let Some(own) = &named.own else {
        return Ok(None);
    };
    if session.is_home_of(own) {
        return Ok(Some(own.passkey.clone()));
    }
    tracing::warn!(
        "you join as a guest, because this is not the room service where the link was created: \
         with --admin the passkey is sent there"
    );
    Ok(None)
}
