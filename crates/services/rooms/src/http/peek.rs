//! `GET /v2/conference/participants`: shows the members of a call.

use std::sync::Arc;

use anteroom_call::PeekView;
use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_protocol::UidCiphertext;
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallKey, CallRecord, TransactionName};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::claim::claim_of_headers;
use crate::{
    Node,
    domain::admission::AuthorizedUser,
    domain::link_state::link_state,
    domain::media::{client::MediaError, contract::Clients, pool::MediaPool},
    problems::MEDIA_UNAVAILABLE,
    state::RoomsState,
    transactions::failed,
    wire::{
        LinkStateBody, ParticipantBody, Reason, ReasonBody, no_call, not_found, private, redirect,
    },
};

/// A call and its members.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeekBody {
    /// The era: 32 hex digits.
    #[schema(
        pattern = "^[0-9a-f]{32}$",
        example = "7d1c0f4b9a2e4d5c8f60a1b2c3d4e5f6"
    )]
    conference_id: String,
    /// The maximum number of devices in the call.
    max_devices: u32,
    /// Empty for a blocked user, and on a closed link for a user who is not in the call.
    participants: Vec<ParticipantBody>,
    /// The number of devices in the call, if they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_count: Option<usize>,
    /// The opaque id of the user that started the call, if participants are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    /// The devices in the lobby.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pending_clients: Vec<ParticipantBody>,
    /// The number of devices in the lobby, if they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_count: Option<usize>,
    /// In the room of a call link.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_link_state: Option<LinkStateBody>,
}

/// The members of a call.
#[derive(Debug, Default)]
pub(crate) struct PeekParticipants {
    active: Vec<ParticipantBody>,
    pending: Vec<ParticipantBody>,
    /// The numbers of active and pending devices, if the members themselves are not to be shown.
    counts: Option<(usize, usize)>,
}

impl PeekParticipants {
    const fn of_devices(active: Vec<ParticipantBody>, pending: Vec<ParticipantBody>) -> Self {
        Self {
            active,
            pending,
            counts: None,
        }
    }

    const fn of_counts(active: usize, pending: usize) -> Self {
        Self {
            active: Vec::new(),
            pending: Vec::new(),
            counts: Some((active, pending)),
        }
    }

    pub(crate) fn of_view(view: PeekView) -> Self {
        match view {
            PeekView::Counts { active, pending } => Self::of_counts(active, pending),
            PeekView::Devices(roster) => Self::of_devices(
                roster.active.iter().map(ParticipantBody::from).collect(),
                roster.pending.iter().map(ParticipantBody::from).collect(),
            ),
        }
    }
}

enum Outcome {
    Call(Box<PeekBody>),
    NoCall,
    NotThere(Reason),
    Elsewhere(Box<Node>),
    MediaUnavailable,
}

/// Shows the members of a room's call.
#[utoipa::path(
    get,
    path = "/v2/conference/participants",
    tag = "calls",
    params(
        ("X-Room-Id" = Option<String>, Header,
            pattern = "^[!-9;-~]{1,128}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room of a call link."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
    ),
    responses(
        (status = OK, body = PeekBody, description = "The call."),
        (status = TEMPORARY_REDIRECT, description = "Another node has the call: `Location` is the \
            same request there, with `region`."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_ID_INVALID`, `ROOM_EPOCH_INVALID`, `ROOM_AUTHORIZATION_INVALID`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_FORBIDDEN`"),
        (status = NOT_FOUND, body = ReasonBody, description = "No call is on: without a body if the room is open, \
            else with the reason."),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`ROOM_VERIFICATION_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_MEDIA_UNAVAILABLE`, `UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("presentation" = []), ("group" = []))
)]
pub(crate) async fn peek(
    State(state): State<Arc<RoomsState>>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Response {
    match decide(&state, &headers, client).await {
        Ok(Outcome::Call(body)) => private(body),
        Ok(Outcome::NoCall) => no_call(),
        Ok(Outcome::NotThere(reason)) => not_found(reason),
        Ok(Outcome::Elsewhere(node)) => redirect(&state.node.participants_url(&node)),
        Ok(Outcome::MediaUnavailable) => Problem::new(&MEDIA_UNAVAILABLE).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn decide(
    state: &RoomsState,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Outcome, Problem> {
    let claim = claim_of_headers(state, headers)?;
    let Some(user) = AuthorizedUser::admit(state, claim, client).await? else {
        return Ok(Outcome::NotThere(Reason::Invalid));
    };
    let nothing = if user.is_closed(state) {
        Outcome::NotThere(Reason::Expired)
    } else {
        Outcome::NoCall
    };
    let Some(call) = &user.call else {
        return Ok(nothing);
    };
    if let Some(node) = state.node.owner_elsewhere(call) {
        return Ok(Outcome::Elsewhere(Box::new(node)));
    }
    let participants = match &state.media {
        None => {
            let link_is_open = !user.is_closed(state);
            let view = state.calls.peek(call, &user.id, link_is_open).await;
            view.map(PeekParticipants::of_view)
        }
        Some(media) => match on_media_server(state, media, call, &user).await? {
            Ok(participants) => participants,
            Err(_) => return Ok(Outcome::MediaUnavailable),
        },
    };
    let Some(participants) = participants else {
        return Ok(nothing);
    };
    let link = user.link.as_ref();
    Ok(Outcome::Call(Box::new(PeekBody {
        conference_id: call.era.to_string(),
        max_devices: state.settings.max_devices.get(),
        participants: participants.active,
        participant_count: participants.counts.map(|(active, _)| active),
        creator: participants
            .counts
            .is_none()
            .then(|| call.creator.as_str().to_owned()),
        pending_clients: participants.pending,
        pending_count: participants.counts.map(|(_, pending)| pending),
        call_link_state: link.map(|link| LinkStateBody::from(&link_state(link))),
    })))
}

/// Asks the call's media server. Returns `None` if the server does not have the call, and removes
/// the record then.
async fn on_media_server(
    state: &RoomsState,
    media: &MediaPool,
    call: &CallRecord,
    user: &AuthorizedUser,
) -> Result<Result<Option<PeekParticipants>, MediaError>, Problem> {
    let Some(server) = media.server_of(call) else {
        return Ok(Ok(None));
    };
    let id = user.id.as_str();
    match media.client().clients(&server, call.era, Some(id)).await {
        Ok(clients) => {
            let sees_all = !user.is_closed(state) || is_among(&clients, id);
            Ok(Ok(Some(participants(&clients, sees_all))))
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

async fn end(state: &RoomsState, key: &CallKey, call: &CallRecord) -> Result<(), Problem> {
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

fn participants(clients: &Clients, sees_all: bool) -> PeekParticipants {
    if !sees_all {
        return PeekParticipants::of_counts(clients.active.len(), clients.pending.len());
    }
    let active = clients.active.iter();
    let pending = clients.pending.iter();
    PeekParticipants::of_devices(
        active
            .map(|client| ParticipantBody::new(client.user_id.as_deref(), client.demux_id))
            .collect(),
        pending
            .map(|client| ParticipantBody::new(client.user_id.as_deref(), client.demux_id))
            .collect(),
    )
}
