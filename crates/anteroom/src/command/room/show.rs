//! `anteroom room list` and `show`

use std::num::NonZeroU32;

use anteroom_service::Clock as _;
use anteroom_store::{RoomsDatabase as _, TransactionName};
use anteroom_store_sql::SqliteRooms;

use super::{CallReport, FIND, RoomReport, find};
use crate::{
    os::OsClock,
    terminal::{day, plain, print},
};

/// The number of rooms that one transaction reads. The total is not limited.
const PAGE: NonZeroU32 = NonZeroU32::new(200).unwrap();
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Lists all rooms, page by page. Rooms added or deleted meanwhile may be listed or not.
pub(super) async fn list(database: &SqliteRooms, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list rooms");
    let mut after = None;
    loop {
        let now = OsClock.now();
        // A page is read completely before it is printed, so that a slow reader holds no transaction open.
        let page = database.read(NAME).await?.links(after, PAGE, now).await?;
        for found in &page.links {
            let report = RoomReport::of(found, now);
            if json {
                print(&serde_json::to_string(&report)?)?;
                continue;
            }
            print(&format!(
                "{}  since {}  {:<7}  {}",
                plain(report.room),
                day(found.link.created),
                report.state,
                call_text(report.call.as_ref()),
            ))?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Shows a room.
pub(super) async fn one(database: &SqliteRooms, room: &str, json: bool) -> anyhow::Result<()> {
    let now = OsClock.now();
    let mut reader = database.read(FIND).await?;
    let found = find(&mut *reader, room, now).await?;
    let approved = reader.approved_users(&found.link.room).await?.len();
    drop(reader);
    let report = RoomReport::of(&found, now);
    if json {
        let mut report = serde_json::to_value(&report)?;
        if let Some(members) = report.as_object_mut() {
            members.insert("approvedUsers".to_owned(), approved.into());
        }
        print(&report.to_string())?;
        return Ok(());
    }
    let approval = if report.approval {
        "needed"
    } else {
        "not needed"
    };
    print(&format!("  room      {}", plain(report.room)))?;
    print(&format!("  state     {}", report.state))?;
    print(&format!("  since     {}", day(found.link.created)))?;
    print(&format!(
        "  expires   {}, if no call starts before",
        day(found.link.expiration)
    ))?;
    print(&format!("  deleted   {}", day(found.link.delete_at)))?;
    print(&format!(
        "  approval  {approval}; approved users: {approved}"
    ))?;
    print(&format!("  call      {}", call_text(report.call.as_ref())))?;
    Ok(())
}

fn call_text(call: Option<&CallReport>) -> String {
    match call {
        None => "no call".to_owned(),
        Some(call) if call.seconds < HOUR => format!("a call for {} min", call.seconds / MINUTE),
        Some(call) => format!("a call for {} h", call.seconds / HOUR),
    }
}
