//! `anteroom room`: commands on the room service's database. The process that serves a call detects a change
//! when it renews the call's lease, within seconds.

mod change;
mod lookup;
mod show;

use anteroom_console::{context::Context, os};
use anteroom_server::{databases, settings::Settings};
use anteroom_store_sqlite::SqliteRooms;

use crate::{arguments::Room, operator_changes::RoomChanges};

/// Runs one of the commands on rooms.
pub async fn run(command: Room, settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let database: SqliteRooms =
        databases::open_existing(&context.data, &context.environment, os::now()).await?;
    let done = run_on(&database, command, settings, context).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteRooms,
    command: Room,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    match command {
        Room::List => show::list(database, context.json).await,
        Room::Show { room } => show::one(database, &room.room, context.json).await,
        Room::End { room, yes } => {
            change::require_embedded_calls(settings)?;
            let changes = RoomChanges::open(settings, &context.data, database)?;
            let done = change::end(&room.room, &changes, yes, context.json).await;
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
            let changes = RoomChanges::open(settings, &context.data, database)?;
            let done = change::delete(&room.room, end_call, &changes, yes, context.json).await;
            changes.close();
            done
        }
    }
}
