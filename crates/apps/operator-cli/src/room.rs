//! `anteroom room`: commands on the room service's database. The process that serves a call detects a change
//! when it renews the call's lease, within seconds.

mod change;
mod lookup;
mod show;

use anteroom_console::{data_dir::DataDir, environment::Environment, os::OsClock};
use anteroom_runtime::Clock as _;
use anteroom_server::{databases, settings::Settings};
use anteroom_store_sqlite::SqliteRooms;

use crate::{arguments::Room, operator_changes::RoomChanges};

/// Runs one of the commands on rooms.
pub async fn run(
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
