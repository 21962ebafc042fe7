//! `anteroom room list` and `show`

use anteroom_console::{
    os,
    terminal::{self, day, plain, print, print_json},
};
use anteroom_store::{RoomsDatabase as _, TransactionName};
use anteroom_store_sqlite::SqliteRooms;

use super::lookup::{CallReport, FEWEST_CHARACTERS, FIND, PAGE, RoomReport, find};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Lists all rooms, page by page. Rooms added or deleted meanwhile may be listed or not.
pub(super) async fn list(database: &SqliteRooms, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list rooms");
    let width = terminal::width();
    let mut after = None;
    loop {
        let now = os::now();
        // A page is read completely before it is printed, so that a slow reader holds no transaction open.
        let page = database.read(NAME).await?.links(after, PAGE, now).await?;
        for found in &page.links {
            let report = RoomReport::of(found, now);
            if json {
                print_json(&report)?;
                continue;
            }
            let text = format!(
                "since {}  {:<7}  {}",
                day(found.link.created),
                report.state,
                call_text(report.call.as_ref()),
            );
            print(&row(&plain(report.room), &text, width))?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// A room and what there is to say of it, in one row of a terminal: of a long id the beginning, which
/// names the room too.
fn row(room: &str, text: &str, width: Option<usize>) -> String {
    let row = format!("{room}  {text}");
    let length = row.chars().count();
    let Some(width) = width.filter(|width| *width < length) else {
        return row;
    };
    let rest = length.saturating_sub(width);
    let kept = room
        .chars()
        .count()
        .saturating_sub(rest)
        .max(FEWEST_CHARACTERS);
    let beginning: String = room.chars().take(kept).collect();
    format!("{beginning}  {text}").chars().take(width).collect()
}

/// Shows a room.
pub(super) async fn one(database: &SqliteRooms, room: &str, json: bool) -> anyhow::Result<()> {
    let now = os::now();
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
        return print_json(&report);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_one_row_in_a_terminal_of_any_width() {
        let room = "0123456789abcdef".repeat(4);
        let text = "since 2026-11-26  open     no call";
        for (width, expected) in [
            (None, format!("{room}  {text}")),
            (Some(100), format!("{room}  {text}")),
            (Some(99), format!("{}  {text}", &room[..63])),
            (Some(80), format!("{}  {text}", &room[..44])),
            (Some(44), format!("{}  {text}", &room[..8])),
            (Some(20), "01234567  since 2026".to_owned()),
            (Some(1), "0".to_owned()),
        ] {
            let row = row(&room, text, width);
            assert_eq!(row, expected, "{width:?}");
            assert!(width.is_none_or(|width| row.len() <= width));
        }
    }
}
