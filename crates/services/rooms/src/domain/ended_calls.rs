//! The end of calls on media servers, as a media server reports it.

use anteroom_protocol::EraId;
use anteroom_store::CallKey;
use serde::Deserialize;

use super::{
    context::RoomContext,
    failure::DecisionFailure,
    room_id::{LINK_PREFIX, parse_room},
};

/// A call that is over, as a media server names it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndedCall {
    pub(crate) room_id: String,
    pub(crate) era_id: String,
}

#[derive(Clone, Copy)]
pub(crate) enum EndOutcome {
    /// No record names these calls any longer.
    Ended,
    /// A room or an era is malformed.
    Malformed,
}

/// Ends each call whose record still names the era. A call without a record has ended before.
pub(crate) async fn end(
    context: &RoomContext,
    calls: &[EndedCall],
) -> Result<EndOutcome, DecisionFailure> {
    let Some(eras) = calls.iter().map(named).collect::<Option<Vec<_>>>() else {
        return Ok(EndOutcome::Malformed);
    };
    end_eras(context, "end eras", eras.into_iter().flatten()).await?;
    Ok(EndOutcome::Ended)
}

/// Ends the eras that their records still name, and emits the end of their calls.
pub(crate) async fn end_eras(
    context: &RoomContext,
    name: &'static str,
    eras: impl IntoIterator<Item = (CallKey, EraId)>,
) -> Result<(), DecisionFailure> {
    let mut transaction = context.transactions.begin(name).await?;
    let mut ended = Vec::new();
    for (key, era) in eras {
        if transaction.end_era(&key, era).await? {
            ended.push(key);
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    transaction.save().await?;
    for key in ended {
        context.events.emit("call.ended", key.room());
    }
    Ok(())
}

/// Returns the possible keys of the call, with its era. A media server names a room by its id
/// alone, which may be a link's or a group's: the era decides between them.
fn named(call: &EndedCall) -> Option<Vec<(CallKey, EraId)>> {
    let era = EraId::parse(&call.era_id.to_ascii_lowercase()).ok()?;
    let keys = match call.room_id.strip_prefix(LINK_PREFIX) {
        Some(room) => vec![CallKey::Link(parse_room(room)?)],
        None => {
            let room = parse_room(&call.room_id)?;
            vec![CallKey::Link(room.clone()), CallKey::Group(room)]
        }
    };
    Some(keys.into_iter().map(|key| (key, era)).collect())
}
