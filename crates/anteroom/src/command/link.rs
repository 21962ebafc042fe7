//! `anteroom link`

mod create;
mod import;
mod list;
mod show;

use anteroom_client::{Approval, LinkChange, LinkState, OngoingCall, RoomName};
use anteroom_protocol::Timestamp;
use anteroom_service::Clock as _;

use crate::{
    cli::{Link, LinkArgument, RoomFlags, Switch},
    data_dir::DataDir,
    environment::Environment,
    links::LinkStore,
    os::{self, OsClock},
    room_session::{NamedLink, RoomSession},
    terminal::{day, print},
};

/// Runs one of the commands on links.
pub(super) async fn run(
    command: Link,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let store = LinkStore::of_user(environment)?;
    match command {
        Link::Create(options) => create::run(&options, &store, data, environment).await,
        Link::Import(options) => import::run(&options, &store, data, environment).await,
        Link::Show(options) => show::run(&options, &store, data, environment).await,
        Link::Rename { link, name, rooms } => {
            let change = LinkChange {
                name: Some(name.clone()),
                ..LinkChange::default()
            };
            let named = update(&link, &change, &rooms, &store, data, environment).await?;
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
            update(&link, &change, &rooms, &store, data, environment).await?;
            Ok(())
        }
        Link::Revoke {
            link,
            undo,
            end_call,
            rooms,
        } => {
            let change = LinkChange {
                revoked: Some(!undo),
                end_call,
                ..LinkChange::default()
            };
            update(&link, &change, &rooms, &store, data, environment).await?;
            Ok(())
        }
        Link::Delete {
            link,
            end_call,
            rooms,
        } => {
            let call = if end_call {
                OngoingCall::End
            } else {
                OngoingCall::Keep
            };
            delete(&link, call, &rooms, &store, data, environment).await
        }
        Link::List { links, json } => list::run(links, json, &store),
    }
}

/// Sends everybody in a link's call and its lobby away.
pub(super) async fn end_call(
    link: &LinkArgument,
    rooms: &RoomFlags,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let store = LinkStore::of_user(environment)?;
    let change = LinkChange {
        end_call: true,
        ..LinkChange::default()
    };
    update(link, &change, rooms, &store, data, environment).await?;
    print("Everybody was sent away. Revoke the link too to let nobody come back.")?;
    Ok(())
}

impl From<Switch> for Approval {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::Required,
            Switch::Off => Self::Off,
        }
    }
}

async fn update(
    argument: &LinkArgument,
    change: &LinkChange,
    flags: &RoomFlags,
    store: &LinkStore,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<NamedLink> {
    let named = NamedLink::find(argument, store)?;
    let passkey = &named.own()?.passkey;
    let session = RoomSession::open(flags, Some(&named), data, environment)?;
    let pass = session.pass(&named.link).await?;
    let room = &named.link.root_key;
    let state = session
        .rooms
        .update(room, &pass, passkey, change, &mut os::rng())
        .await?;
    show_state(&state)?;
    Ok(named)
}

async fn delete(
    argument: &LinkArgument,
    call: OngoingCall,
    flags: &RoomFlags,
    store: &LinkStore,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let named = NamedLink::find(argument, store)?;
    let passkey = &named.own()?.passkey;
    let session = RoomSession::open(flags, Some(&named), data, environment)?;
    let pass = session.pass(&named.link).await?;
    let room = &named.link.root_key;
    session
        .rooms
        .delete(room, &pass, passkey, call, &mut os::rng())
        .await?;
    store.forget(room)?;
    print("Deleted the link, there and here.")?;
    Ok(())
}

fn show_state(state: &LinkState) -> anyhow::Result<()> {
    print(&format!("  room      {}", room_name(state)))?;
    print(&format!(
        "  approval  {}",
        match state.approval {
            Approval::Required => "on: who comes by the link waits until an admin lets them in",
            Approval::Off => "off: who comes by the link is in",
        }
    ))?;
    print(&format!("  state     {}", standing(state, OsClock.now())))?;
    Ok(())
}

fn room_name(state: &LinkState) -> String {
    match &state.name {
        RoomName::None => "without a name".to_owned(),
        RoomName::Known(name) => name.clone(),
        RoomName::Unreadable => "with a name that was not set with this link's key".to_owned(),
    }
}

fn standing(state: &LinkState, now: Timestamp) -> String {
    let forgotten = day(state.deletion);
    if state.revoked {
        format!("revoked: nobody can join; forgotten on {forgotten}")
    } else if state.is_open(now) {
        let end = day(state.expiration);
        format!("open until {end}, and longer with every call")
    } else {
        format!("expired: nobody can join; forgotten on {forgotten}")
    }
}
