//! Rooms as the commands find and print them.

use anteroom_console::{failure::Failure, terminal::plain};
use anteroom_protocol::{Restrictions, Timestamp};
use anteroom_store::{LinkWithCall, OpaqueRoomId, RoomsReader, TransactionName};
use serde::Serialize;
use std::num::NonZeroU32;

/// A room in JSON output: only numbers, ages and states.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomReport<'a> {
    pub(crate) room: &'a str,
    pub(crate) created: u64,
    pub(crate) expires: u64,
    pub(crate) deleted_at: u64,
    pub(crate) state: &'static str,
    pub(crate) approval: bool,
    pub(crate) call: Option<CallReport>,
}

#[derive(Serialize)]
pub(crate) struct CallReport {
    pub(crate) started: u64,
    pub(crate) seconds: u64,
}

impl<'a> RoomReport<'a> {
    pub(crate) fn of(found: &'a LinkWithCall, now: Timestamp) -> Self {
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
            approval: link.restrictions == Restrictions::AdminApproval,
            call: found.call.as_ref().map(|call| CallReport {
                started: call.started.as_secs(),
                seconds: now.as_secs().saturating_sub(call.started.as_secs()),
            }),
        }
    }
}

/// Rooms that are read at once, so that there may be any number of them.
pub(crate) const PAGE: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// The fewest characters that name a room by the beginning of its id.
pub(crate) const FEWEST_CHARACTERS: usize = 8;

/// The most rooms that a message names.
pub(crate) const MOST_NAMED: usize = 10;

pub(crate) const LIST_ROOMS: &str = "Look at `anteroom room list`, and take an id or its beginning";

pub(crate) const FIND: TransactionName = TransactionName::new("find room");

/// Returns the room of an id.
pub(crate) async fn find(
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
pub(crate) async fn beginning_with(
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
