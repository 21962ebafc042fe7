//! `anteroom room list` and `show`

use anteroom_console::{
    fields::Fields,
    os,
    terminal::{self, day, plain},
};
use anteroom_store::{RoomsDatabase as _, TransactionName};

use super::lookup::{CallReport, FEWEST_CHARACTERS, FIND, PAGE, RoomReport, find};

use crate::operator_session::RoomsSession;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Lists all rooms, page by page. Rooms added or deleted meanwhile may be listed or not.
pub(super) async fn list(session: &RoomsSession<'_>) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list rooms");
    let width = terminal::width();
    let mut after = None;
    loop {
        let now = os::now();
        // A page is read completely before it is printed, so that a slow reader holds no transaction open.
        let mut reader = session.database.read(NAME).await?;
        let page = reader.links(after, PAGE, now).await?;
        drop(reader);
        for found in &page.links {
            let report = RoomReport::of(found, now);
            let text = format!(
                "since {}  {:<7}  {}",
                day(found.link.created),
                report.state,
                call_text(report.call.as_ref()),
            );
            let row = row(&plain(report.room), &text, width);
            session.context.show(&report, &row)?;
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

pub(super) async fn one(session: &RoomsSession<'_>, room: &str) -> anyhow::Result<()> {
    let now = os::now();
    let mut reader = session.database.read(FIND).await?;
    let found = find(&mut *reader, room, now).await?;
    let approved = reader.approved_users(&found.link.room).await?.len();
    drop(reader);
    let report = RoomReport::of(&found, now);
    let approval = match report.approval {
        true => "needed",
        false => "not needed",
    };
    let expires = day(found.link.expiration);
    let fields = Fields::new(10)
        .line("room", plain(report.room))
        .line("state", report.state)
        .line("since", day(found.link.created))
        .line("expires", format!("{expires}, if no call starts before"))
        .line("deleted", day(found.link.delete_at))
        .line(
            "approval",
            format!("{approval}; approved users: {approved}"),
        )
        .line("call", call_text(report.call.as_ref()));
    let mut json = serde_json::to_value(&report)?;
    if let Some(members) = json.as_object_mut() {
        members.insert("approvedUsers".to_owned(), approved.into());
    }
    session.context.show(&json, fields.text())
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
