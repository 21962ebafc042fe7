//! `anteroom room`: commands on the room service's database. The process that serves a call detects a change
//! when it renews the call's lease, within seconds.

mod change;
mod show;

use anteroom_protocol::Timestamp;
use anteroom_service::Clock as _;
use anteroom_store::{LinkRestrictions, LinkWithCall, OpaqueRoomId, RoomsReader, TransactionName};
use anteroom_store_sql::SqliteRooms;
use anyhow::{Context as _, anyhow};
use serde::Serialize;

use crate::{
    cli::Room, data_dir::DataDir, databases, environment::Environment,
    operator_changes::RoomChanges, os::OsClock, settings::Settings,
};

/// Runs one of the commands on rooms.
pub(super) async fn run(
    command: Room,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let database: SqliteRooms = databases::open_existing(data, environment, OsClock.now()).await?;
    let done = run_on(&database, command, settings, data).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteRooms,
    command: Room,
    settings: &Settings,
    data: &DataDir,
) -> anyhow::Result<()> {
    match command {
        Room::List { json } => show::list(database, json).await,
        Room::Show { room, json } => show::one(database, &room.room, json).await,
        Room::End { room, yes, json } => {
            change::require_embedded_calls(settings)?;
            let changes = RoomChanges::open(settings, data, database)?;
            let done = change::end(database, &room.room, &changes, yes, json).await;
            changes.close();
            done
        }
        Room::Delete {
            room,
            end_call,
            yes,
            json,
        } => {
            if end_call {
                change::require_embedded_calls(settings)?;
            }
            let changes = RoomChanges::open(settings, data, database)?;
            let done = change::delete(database, &room.room, end_call, &changes, yes, json).await;
            changes.close();
            done
        }
    }
}

/// A room in JSON output: only numbers, ages and states.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomReport<'a> {
    room: &'a str,
    created: u64,
    expires: u64,
    deleted_at: u64,
    state: &'static str,
    approval: bool,
    call: Option<CallReport>,
}

#[derive(Serialize)]
struct CallReport {
    started: u64,
    seconds: u64,
}

impl<'a> RoomReport<'a> {
    fn of(found: &'a LinkWithCall, now: Timestamp) -> Self {
        let link = &found.link;
        let state = if link.revoked {
            "revoked"
        } else if link.is_open(now) {
            "open"
        } else {
            "expired"
        };
        Self {
            room: link.room.as_str(),
            created: link.created.as_secs(),
            expires: link.expiration.as_secs(),
            deleted_at: link.delete_at.as_secs(),
            state,
            approval: link.restrictions == LinkRestrictions::AdminApproval,
            call: found.call.as_ref().map(|call| CallReport {
                started: call.started.as_secs(),
                seconds: now.as_secs().saturating_sub(call.started.as_secs()),
            }),
        }
    }
}

const FIND: TransactionName = TransactionName::new("find room");

/// Returns the room of an id.
async fn find(
    reader: &mut dyn RoomsReader,
    text: &str,
    now: Timestamp,
) -> anyhow::Result<LinkWithCall> {
    let room = parse(text)?;
    let found = reader.link_of_room(&room, now).await?;
    found.context("there is no such room: look at `anteroom room list`")
}

fn parse(text: &str) -> anyhow::Result<OpaqueRoomId> {
    OpaqueRoomId::parse(text)
        .map_err(|_| anyhow!("that is no id of a room: take one of `anteroom room list`"))
}
