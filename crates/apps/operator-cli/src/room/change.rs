//! `anteroom room end` and `delete`.
//!
//! The link's record counts how often its calls were ended, and the call's record is deleted. The process
//! that serves the call detects this when it renews the lease, and removes all devices.

use anteroom_console::{
    failure::Failure,
    os,
    terminal::{confirm, plain},
};
use anteroom_server::settings::{MediaKind, Settings};
use anteroom_store::{
    DeleteLinkOutcome, LinkUpdate, OpaqueRoomId, RoomsDatabase as _, TransactionName,
    UpdateLinkOutcome,
};
use anyhow::bail;
use serde_json::json;

use super::lookup::{FIND, find};

use crate::operator_session::RoomsSession;

/// Refuses calls on media servers, which do not end through the database.
fn require_embedded_calls(settings: &Settings) -> anyhow::Result<()> {
    if settings.rooms.media == MediaKind::Sfu {
        bail!(
            Failure::failed(
                "calls are on media servers (rooms.media = \"sfu\"), which do not look at the database"
            )
            .next("End the call at the media server")
        );
    }
    Ok(())
}

fn changed_meanwhile() -> Failure {
    Failure::failed("the room was changed at the same time, and nothing was changed here")
        .next("Run this again")
}

async fn whole_id(session: &RoomsSession<'_>, room: &str) -> anyhow::Result<OpaqueRoomId> {
    let mut reader = session.database.read(FIND).await?;
    Ok(find(&mut *reader, room, os::now()).await?.link.room)
}

/// Ends the call of a room.
pub(super) async fn end(session: &RoomsSession<'_>, room: &str, yes: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("end call");
    require_embedded_calls(session.settings)?;
    let changes = session.changes()?;
    let room = whole_id(session, room).await?;
    let question = format!(
        "Send everybody in the call of the room {} and its lobby away?",
        plain(room.as_str())
    );
    confirm(yes, &question)?;
    let now = os::now();
    let mut transaction = session.database.begin(NAME).await?;
    let found = find(&mut *transaction, room.as_str(), now).await?;
    let update = LinkUpdate {
        end_call: true,
        ..LinkUpdate::default()
    };
    let (link, mut rng) = (&found.link, os::rng());
    let outcome = transaction
        .update_link(&link.address(), &link.passkey_hash, &update, now, &mut rng)
        .await?;
    if !matches!(outcome, UpdateLinkOutcome::Updated(_)) {
        bail!(changed_meanwhile());
    }
    transaction.save().await?;
    changes.note("call.ended", &link.room);
    let was_on = found.call.is_some();
    let text = if was_on {
        "Ended the call: everybody is sent away within ten seconds. The link stays: `anteroom room \
         delete` takes it away."
    } else {
        "No call was on; whoever waited in the lobby is sent away within ten seconds."
    };
    let report = json!({ "room": link.room.as_str(), "callWasOn": was_on });
    session.context.show(&report, text)
}

/// Deletes the link of a room.
pub(super) async fn delete(
    session: &RoomsSession<'_>,
    room: &str,
    end_call: bool,
    yes: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete room");
    if end_call {
        require_embedded_calls(session.settings)?;
    }
    let changes = session.changes()?;
    let room = whole_id(session, room).await?;
    let leaving = match end_call {
        true => " Everybody in its call and in its lobby is sent away.",
        false => "",
    };
    let question = format!(
        "Delete the link of the room {}, with its approvals?{leaving}",
        plain(room.as_str())
    );
    confirm(yes, &question)?;
    let now = os::now();
    let mut transaction = session.database.begin(NAME).await?;
    let found = find(&mut *transaction, room.as_str(), now).await?;
    let link = &found.link;
    let outcome = transaction
        .delete_link(&link.address(), &link.passkey_hash, end_call, now)
        .await?;
    match outcome {
        DeleteLinkOutcome::Deleted => {}
        DeleteLinkOutcome::CallOn => {
            // The code and the status that `link delete` has for it.
            let failure = Failure::new("CALL_ON", "a call is on in the room").refused();
            bail!(failure.next("End it too, with --end-call"))
        }
        DeleteLinkOutcome::UnknownRoom | DeleteLinkOutcome::WrongPasskey => {
            bail!(changed_meanwhile())
        }
    }
    transaction.save().await?;
    changes.announce("call_link.deleted", &link.room);
    changes.note("call_link.deleted", &link.room);
    let ended = end_call && found.call.is_some();
    let text = match ended {
        true => {
            "Deleted the link: nobody joins by it any more.\nEverybody in its call is sent away \
             within ten seconds."
        }
        false => "Deleted the link: nobody joins by it any more.",
    };
    let report = json!({ "room": link.room.as_str(), "deleted": true, "callWasOn": ended });
    session.context.show(&report, text)
}
