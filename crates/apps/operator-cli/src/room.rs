//! `anteroom room`: commands on the room service's database. The process that serves a call detects a change
//! when it renews the call's lease, within seconds.

mod change;
mod lookup;
mod show;

use anteroom_console::context::Context;
use anteroom_server::settings::Settings;

use crate::{arguments::Room, operator_session::RoomsSession};

/// Runs one of the commands on rooms.
pub async fn run(command: Room, settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let work = async |session: &RoomsSession<'_>| run_on(session, command).await;
    RoomsSession::run(settings, context, work).await
}

async fn run_on(session: &RoomsSession<'_>, command: Room) -> anyhow::Result<()> {
    match command {
        Room::List => show::list(session).await,
        Room::Show(room) => show::one(session, &room.room).await,
        Room::End { room, yes } => change::end(session, &room.room, yes).await,
        Room::Delete {
            room,
            end_call,
            yes,
        } => change::delete(session, &room.room, end_call, yes).await,
    }
}
