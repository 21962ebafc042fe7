//! The look at the members of a call.

use anteroom_protocol::UidCiphertext;
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, TransactionName};
use anteroom_wire::rooms::ParticipantBody;

use super::{
    media::{client::MediaError, contract::Clients, pool::MediaPool},
    participants::PeekParticipants,
    transactions::{DatabaseFailure, failed},
};
use crate::{Node, domain::admission::AuthorizedUser, state::RoomsState};

/// The outcome of a peek.
pub(crate) enum PeekOutcome {
    Call(Box<PeekedCall>),
    /// The room is open and has no call.
    NoCall,
    /// The link is closed, and the room has no call.
    Closed,
    /// Another node has the call.
    Elsewhere(Box<Node>),
    MediaUnavailable,
}

/// A call and its members.
pub(crate) struct PeekedCall {
    pub(crate) call: CallRecord,
    /// The link; `None` in a group's room.
    pub(crate) link: Option<CallLinkRecord>,
    pub(crate) participants: PeekParticipants,
}

/// Shows the members of the call to an authorized user.
///
/// # Errors
/// [`DatabaseFailure`].
pub(crate) async fn peek(
    state: &RoomsState,
    user: AuthorizedUser,
) -> Result<PeekOutcome, DatabaseFailure> {
    let nothing = if user.is_closed(state) {
        PeekOutcome::Closed
    } else {
        PeekOutcome::NoCall
    };
    let Some(call) = &user.call else {
        return Ok(nothing);
    };
    if let Some(node) = state.owner_elsewhere(call) {
        return Ok(PeekOutcome::Elsewhere(Box::new(node)));
    }
    let participants = match &state.media {
        None => {
            let link_is_open = !user.is_closed(state);
            state.calls.participants(call, &user.id, link_is_open).await
        }
        Some(media) => match on_media_server(state, media, call, &user).await? {
            Ok(participants) => participants,
            Err(_) => return Ok(PeekOutcome::MediaUnavailable),
        },
    };
    let (Some(participants), Some(call)) = (participants, user.call) else {
        return Ok(nothing);
    };
    Ok(PeekOutcome::Call(Box::new(PeekedCall {
        call,
        link: user.link,
        participants,
    })))
}

/// Asks the call's media server. Returns `None` if the server does not have the call, and removes
/// the record then.
async fn on_media_server(
    state: &RoomsState,
    media: &MediaPool,
    call: &CallRecord,
    user: &AuthorizedUser,
) -> Result<Result<Option<PeekParticipants>, MediaError>, DatabaseFailure> {
    let Some(server) = media.server_of(call) else {
        return Ok(Ok(None));
    };
    let id = user.id.as_str();
    match media.client().clients(&server, call.era, Some(id)).await {
        Ok(clients) => {
            let sees_all = !user.is_closed(state) || is_among(&clients, id);
            Ok(Ok(Some(participants(clients, sees_all))))
        }
        Err(MediaError::NoCall) => {
            if !state.starting_eras.contains(call.era) {
                end(state, &user.key, call).await?;
            }
            Ok(Ok(None))
        }
        Err(failure) => Ok(Err(failure)),
    }
}

async fn end(state: &RoomsState, key: &CallKey, call: &CallRecord) -> Result<(), DatabaseFailure> {
    const NAME: TransactionName = TransactionName::new("end era");
    let mut transaction = state.transactions.begin(NAME).await?;
    if transaction.end_era(key, call.era).await.map_err(failed)? {
        transaction.save().await.map_err(failed)?;
        state.events.emit("call.ended", key.room(), |event| event);
    }
    Ok(())
}

fn is_among(clients: &Clients, user: &str) -> bool {
    let users = clients.active.iter();
    let digits = UidCiphertext::user_digits(user);
    users
        .filter_map(|client| client.user_id.as_deref())
        .any(|other| UidCiphertext::user_digits(other) == digits)
}

fn participants(clients: Clients, sees_all: bool) -> PeekParticipants {
    if !sees_all {
        return PeekParticipants::of_counts(clients.active.len(), clients.pending.len());
    }
    let device = |opaque_user_id, demux_id| ParticipantBody {
        opaque_user_id,
        demux_id,
    };
    let active = clients.active.into_iter();
    let pending = clients.pending.into_iter();
    PeekParticipants::of_devices(
        active
            .map(|client| device(client.user_id, client.demux_id))
            .collect(),
        pending
            .map(|client| device(client.user_id, client.demux_id))
            .collect(),
    )
}
