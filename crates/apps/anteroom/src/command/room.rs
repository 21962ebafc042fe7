//! `anteroom room`: commands on the room service's database. The process that serves a call detects a change
//! when it renews the call's lease, within seconds.

mod change;
mod show;

use std::num::NonZeroU32;

use anteroom_console::{
    data_dir::DataDir, environment::Environment, failure::Failure, os::OsClock, terminal::plain,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::Clock as _;
use anteroom_server::{databases, settings::Settings};
use anteroom_store::{LinkRestrictions, LinkWithCall, OpaqueRoomId, RoomsReader, TransactionName};
use anteroom_store_sqlite::SqliteRooms;
use serde::Serialize;

use crate::{operator_arguments::Room, operator_changes::RoomChanges};

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

/// Rooms that are read at once, so that there may be any number of them.
const PAGE: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// The fewest characters that name a room by the beginning of its id.
const FEWEST_CHARACTERS: usize = 8;
/// The most rooms that a message names.
const MOST_NAMED: usize = 10;
const LIST_ROOMS: &str = "Look at `anteroom room list`, and take an id or its beginning";

const FIND: TransactionName = TransactionName::new("find room");

/// Returns the room of an id.
async fn find(
    reader: &mut dyn RoomsReader,
    text: &str,
    now: Timestamp,
) -> anyhow::Result<LinkWithCall> {
    let failure = |what: String, next: &str| -> anyhow::Result<LinkWithCall> {
        Err(Failure::failed(what).next(next).into())
    };
    let Ok(room) = OpaqueRoomId::parse(text) else {
        return failure("that is no id of a room".to_owned(), LIST_ROOMS);
    };
    if let Some(found) = reader.link_of_room(&room, now).await? {
        return Ok(found);
    }
    if text.chars().count() < FEWEST_CHARACTERS {
        return failure(
            format!(
                "there is no such room, and {FEWEST_CHARACTERS} digits of an id are the fewest"
            ),
            LIST_ROOMS,
        );
    }
    let mut found = beginning_with(reader, text, now).await?;
    match (found.pop(), found.as_slice()) {
        (Some(room), []) => Ok(room),
        (None, _) => failure("there is no such room".to_owned(), LIST_ROOMS),
        (Some(last), others) => {
            let rooms = others.iter().chain([&last]);
            let ids: Vec<String> = rooms.map(|it| plain(it.link.room.as_str())).collect();
            failure(
                format!(
                    "several rooms begin with {}: {}",
                    plain(text),
                    ids.join(", ")
                ),
                "Write more of the id",
            )
        }
    }
}

/// The rooms whose ids begin with a text: [`MOST_NAMED`] at most.
async fn beginning_with(
    reader: &mut dyn RoomsReader,
    text: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<LinkWithCall>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = reader.links(after, PAGE, now).await?;
        let fitting = page
            .links
            .into_iter()
            .filter(|it| it.link.room.as_str().starts_with(text));
        found.extend(fitting);
        after = page.next;
        if after.is_none() || found.len() >= MOST_NAMED {
            found.truncate(MOST_NAMED);
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests;
