//! `anteroom link`

mod create;
mod import;
mod list;
mod show;
mod state;

use std::sync::Arc;

use anteroom_client::{
    AdminRights, ChangePolicy, Error, LinkAdmin, LinkChange, LinkState, OngoingCall, RoomsError,
};
use anteroom_console::{
    context::Context,
    failure::Failure,
    os,
    terminal::{confirm, plain},
};
use anyhow::anyhow;
use serde_json::json;

use self::state::ChangeReport;
use crate::{
    arguments::{Link, LinkArgument, RoomFlags},
    links::{LinkStore, short_name},
    room_session::{LinkTarget, POLICY_NOT_KEPT, RoomSession},
    statement_file::StatementFile,
};

const UNSIGNED: &str = "with the passkey alone you change what the room service does, and not the policy that \
    the admins have signed: members of calls follow that one";

/// Runs one of the commands on links.
pub async fn run(command: Link, context: &Context) -> anyhow::Result<()> {
    let store = &LinkStore::of_user(&context.environment)?;
    match command {
        Link::Create(options) => create::run(&options, store, context).await,
        Link::Import(options) => import::run(&options, store, context).await,
        Link::Show(options) => show::run(&options, store, context).await,
        Link::Rename { link, name, rooms } => {
            let change = LinkChange {
                name: Some(name.clone()),
                ..LinkChange::default()
            };
            let named = LinkTarget::find(&link, store)?;
            update(&named, &change, &rooms, context).await?;
            let mut own = named.own()?.clone();
            own.name = Some(name).filter(|name| !name.is_empty());
            store.keep(&own)
        }
        Link::Approval {
            link,
            approval,
            rooms,
        } => {
            let change = LinkChange {
                approval: Some(approval.into()),
                ..LinkChange::default()
            };
            update(&LinkTarget::find(&link, store)?, &change, &rooms, context).await
        }
        Link::Guests {
            link,
            guests,
            rooms,
        } => {
            let change = LinkChange {
                guests: Some(guests.into()),
                ..LinkChange::default()
            };
            update(&LinkTarget::find(&link, store)?, &change, &rooms, context).await
        }
        Link::Revoke {
            link,
            undo,
            end_call,
            yes,
            rooms,
        } => {
            let named = LinkTarget::find(&link, store)?;
            if end_call {
                confirm_end(&named, yes)?;
            }
            let change = LinkChange {
                revoked: Some(!undo),
                end_call,
                ..LinkChange::default()
            };
            update(&named, &change, &rooms, context).await
        }
        Link::Delete {
            link,
            yes,
            end_call,
            rooms,
        } => {
            let call = if end_call {
                OngoingCall::End
            } else {
                OngoingCall::Keep
            };
            delete(&link, yes, call, &rooms, store, context).await
        }
        Link::List { links, secrets } => list::run(links, secrets, store, context),
    }
}

/// Removes all devices from a link's call and its lobby.
pub async fn end_call(
    link: &LinkArgument,
    yes: bool,
    rooms: &RoomFlags,
    context: &Context,
) -> anyhow::Result<()> {
    let named = LinkTarget::find(link, &LinkStore::of_user(&context.environment)?)?;
    confirm_end(&named, yes)?;
    let change = LinkChange {
        end_call: true,
        ..LinkChange::default()
    };
    named.own()?;
    let session = RoomSession::open(rooms, Some(&named), context).await?;
    let pass = session.pass(&named.link).await?;
    let room = &named.link.root_key;
    // A revoked link does not tell.
    let call = session.rooms.peek(room, &pass, &mut os::rng()).await;
    let is_empty = matches!(call, Ok(None));
    let state = change_link(&named, &change, &session, context).await?;
    let outcome = end_of_call(is_empty, call.is_ok(), state.is_open(os::now()));
    let text = format!("{}\n{outcome}", state::fields(&state, &named.link).text());
    let short = short_name(&room.room_id());
    context.show(&ChangeReport::new(&state, &named.link, &short), &text)
}

/// The outcome of the end of a call, and the next step for a link by which people can come back.
fn end_of_call(is_empty: bool, is_known: bool, is_open: bool) -> String {
    let outcome = match (is_empty, is_known) {
        (true, _) => "No call was on, so nobody was sent away.",
        (false, true) => "Everybody was sent away.",
        (false, false) => "Nobody is in a call of this link any more.",
    };
    match (is_open, is_empty) {
        (true, true) => format!("{outcome} Revoke the link to let nobody come."),
        (true, false) => format!("{outcome} Revoke the link too to let nobody come back."),
        (false, _) => outcome.to_owned(),
    }
}

/// Asks before the call of a link ends.
fn confirm_end(named: &LinkTarget, yes: bool) -> anyhow::Result<()> {
    let link = title(named)?;
    let question = format!("Send everybody in the call of the link {link} and in its lobby away?");
    confirm(yes, &question)
}

/// The short name of a link of the user's own, and the name of its room.
fn title(named: &LinkTarget) -> anyhow::Result<String> {
    let short = short_name(&named.link.root_key.room_id());
    let name = named.own()?.name.as_deref().map(plain);
    Ok(format!(
        "{short} ({})",
        name.as_deref().unwrap_or("without a name")
    ))
}

async fn update(
    named: &LinkTarget,
    change: &LinkChange,
    flags: &RoomFlags,
    context: &Context,
) -> anyhow::Result<()> {
    change.check()?;
    named.own()?;
    let session = RoomSession::open(flags, Some(named), context).await?;
    let state = change_link(named, change, &session, context).await?;
    let short = short_name(&named.link.root_key.room_id());
    let fields = state::fields(&state, &named.link);
    context.show(
        &ChangeReport::new(&state, &named.link, &short),
        fields.text(),
    )
}

async fn change_link(
    named: &LinkTarget,
    change: &LinkChange,
    session: &RoomSession,
    context: &Context,
) -> anyhow::Result<LinkState> {
    let rights = named.own()?.rights.clone();
    let signs = named.link.admin.is_none() || matches!(rights, AdminRights::Secret(_));
    if change.approval.is_some() && !signs {
        tracing::warn!("{UNSIGNED}");
    }
    let pass = session.pass(&named.link).await?;
    let statements = Arc::new(StatementFile::of_user(&context.environment)?);
    let admin = LinkAdmin::new(
        session.rooms.clone(),
        named.link.clone(),
        rights,
        statements,
    );
    let mut rng = os::rng();
    let changed = admin.change(&pass, change, os::now(), &mut rng).await;
    let changed = changed.map_err(|error| match error {
        Error::Rooms(RoomsError::Problem(problem)) if problem.code == "CALL_ON" => {
            approval_during_call()
        }
        error => session.client_error(named, error),
    })?;
    if changed.policy == ChangePolicy::NotKept {
        tracing::warn!("{POLICY_NOT_KEPT}");
    }
    Ok(changed.state)
}

/// Returns the failure of a change of the approval, which is the same from the beginning of a call to its end.
fn approval_during_call() -> anyhow::Error {
    Failure::new("CALL_ON", "approval is not switched")
        .refused()
        .with_reason(anyhow!("a call is on (409 CALL_ON)"))
        .next(
            "Wait until the call is over, or end it: anteroom call end LINK. In the call an admin decides \
             with /admit and /deny about those who wait, and /lock lets nobody new in",
        )
        .into()
}

async fn delete(
    argument: &LinkArgument,
    yes: bool,
    call: OngoingCall,
    flags: &RoomFlags,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let named = LinkTarget::find(argument, store)?;
    let own = named.own()?;
    let room = &named.link.root_key;
    let short = short_name(&room.room_id());
    let link = title(&named)?;
    let leaving = match call {
        OngoingCall::End => " Everybody in its call and in its lobby is sent away.",
        OngoingCall::Keep => "",
    };
    let question = format!(
        "Delete the link {link}, there and here? Nobody can join by it any more, and its \
         admin secret is forgotten.{leaving}"
    );
    confirm(yes, &question)?;
    let session = RoomSession::open(flags, Some(&named), context).await?;
    let pass = session.pass(&named.link).await?;
    // A link that is gone there already is no error.
    session
        .rooms
        .delete(room, &pass, &own.passkey(), call, &mut os::rng())
        .await?;
    store.forget(room)?;
    context.show(
        &json!({ "shortName": short }),
        "Deleted the link, there and here.",
    )
}
