//! The end of calls on media servers, as a media server reports it.

use anteroom_protocol::EraId;
use anteroom_store::{CallKey, TransactionName};

use crate::{
    domain::{
        room_id::{LINK_PREFIX, parse_room},
        transactions::{DatabaseFailure, failed},
    },
    state::RoomsState,
};

/// A call that is over, as a media server names it.
pub(crate) struct EndedCall {
    pub(crate) room_id: String,
    pub(crate) era_id: String,
}

/// The outcome of a report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EndOutcome {
    /// No record names these calls any longer.
    Ended,
    /// A room or an era is malformed.
    Malformed,
    Failed(DatabaseFailure),
}

/// Ends each call whose record still names the era. A call without a record has ended before.
pub(crate) async fn end(state: &RoomsState, calls: &[EndedCall]) -> EndOutcome {
    let named: Option<Vec<_>> = calls.iter().map(named).collect();
    let Some(named) = named else {
        return EndOutcome::Malformed;
    };
    match remove(state, named).await {
        Ok(()) => EndOutcome::Ended,
        Err(failure) => EndOutcome::Failed(failure),
    }
}

async fn remove(
    state: &RoomsState,
    calls: Vec<(Vec<CallKey>, EraId)>,
) -> Result<(), DatabaseFailure> {
    const NAME: TransactionName = TransactionName::new("end eras");
    let mut transaction = state.transactions.begin(NAME).await?;
    let mut ended = Vec::new();
    for (keys, era) in calls {
        for key in keys {
            if transaction.end_era(&key, era).await.map_err(failed)? {
                ended.push(key);
            }
        }
    }
    transaction.save().await.map_err(failed)?;
    for key in ended {
        state.events.emit("call.ended", key.room(), |event| event);
    }
    Ok(())
}

/// Returns the possible keys of the call. A media server names a room by its id alone, which may be
/// a link's or a group's: the era decides between them.
fn named(call: &EndedCall) -> Option<(Vec<CallKey>, EraId)> {
    let era = EraId::parse(&call.era_id.to_ascii_lowercase()).ok()?;
    let keys = match call.room_id.strip_prefix(LINK_PREFIX) {
        Some(room) => vec![CallKey::Link(parse_room(room)?)],
        None => {
            let room = parse_room(&call.room_id)?;
            vec![CallKey::Link(room.clone()), CallKey::Group(room)]
        }
    };
    Some((keys, era))
}
