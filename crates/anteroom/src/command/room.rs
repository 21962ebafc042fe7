//! `anteroom room`: on the room service's database itself. The process that has a call notices what
//! was changed when it renews the call's lease, within seconds.

mod change;
mod show;

use anteroom_protocol::Timestamp;
use anteroom_service::Clock as _;
use anteroom_store::{LinkRestrictions, LinkWithCall, OpaqueRoomId, RoomsReader, TransactionName};
use anteroom_store_sql::SqliteRooms;
use serde::Serialize;

use crate::{
    cli::Room, data_dir::DataDir, databases, environment::Environment, failure::Failure,
    operator_changes::RoomChanges, os::OsClock, settings::Settings,
};

/// Runs one of the commands on rooms.
pub(super) async fn run(
    command: Room,
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let database: SqliteRooms = databases::open_existing(data, environment, OsClock.now()).await?;
    let done = run_on(&database, command, json, settings, data).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteRooms,
    command: Room,
    json: bool,
    settings: &Settings,
    data: &DataDir,
) -> anyhow::Result<()> {
    match command {
        Room::List => show::list(database, json).await,
        Room::Show { room } => show::one(database, &room.room, json).await,
        Room::End { room, yes } => {
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

/// A room as it is printed as JSON: numbers, ages and states alone.
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
/// The step that shows the ids of rooms.
const LIST: &str = "Look at `anteroom room list`";

/// The room of an id.
async fn find(
    reader: &mut dyn RoomsReader,
    text: &str,
    now: Timestamp,
) -> anyhow::Result<LinkWithCall> {
    let room = parse(text)?;
    let found = reader.link_of_room(&room, now).await?;
    Ok(found.ok_or_else(|| Failure::failed("there is no such room").next(LIST))?)
}

fn parse(text: &str) -> anyhow::Result<OpaqueRoomId> {
    OpaqueRoomId::parse(text)
        .map_err(|_| Failure::failed("that is no id of a room").next(LIST).into())
}
