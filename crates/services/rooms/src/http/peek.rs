//! `GET /v2/conference/participants`: shows the members of a call.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_wire::rooms::{ParticipantBody, PeekBody, Reason, ReasonBody};
use axum::{extract::State, response::Response};
use http::HeaderMap;

use crate::{
    domain::{
        external_media::contract::{Clients, MediaDevice},
        peek::{CallView, MembersView, PeekOutcome, peek as peek_call},
    },
    http::{
        answers::{no_call, not_found, private, redirect},
        authorization::claim_of_headers,
        bodies::link_state_body,
        description::problem_responses,
        problems::CALL_MEDIA_UNAVAILABLE,
    },
    state::RoomsState,
};

problem_responses!(PeekProblems:
    ROOM_ID_INVALID, ROOM_EPOCH_INVALID, ROOM_AUTHORIZATION_INVALID, ROOM_UNAUTHORIZED,
    ROOM_FORBIDDEN, CALL_MEDIA_UNAVAILABLE, UNAVAILABLE
);

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
        (status = NOT_FOUND, body = ReasonBody, description = "No call is on: without a body if the room is open, \
            else with the reason."),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`ROOM_VERIFICATION_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        PeekProblems,
    ),
    security(("presentation" = []), ("group" = []))
)]
pub(crate) async fn peek(
    State(state): State<Arc<RoomsState>>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let claim = claim_of_headers(&state, &headers)?;
    match peek_call(
        &state.context,
        &state.calls,
        state.external_media.as_ref(),
        claim,
        client,
    )
    .await?
    {
        PeekOutcome::UnknownLink => Ok(not_found(Reason::Invalid)),
        PeekOutcome::Call(call) => Ok(private(body(*call, state.settings.max_devices.get()))),
        PeekOutcome::NoCall => Ok(no_call()),
        PeekOutcome::Closed => Ok(not_found(Reason::Expired)),
        PeekOutcome::Elsewhere(node) => Ok(redirect(&state.context.node.participants_url(&node))),
        PeekOutcome::MediaUnavailable => Err(Problem::new(&CALL_MEDIA_UNAVAILABLE)),
    }
}

fn body(view: CallView, max_devices: u32) -> PeekBody {
    let call = view.call;
    let (counts, clients) = match view.members {
        MembersView::Counts { active, pending } => (Some((active, pending)), Clients::default()),
        MembersView::Devices(clients) => (None, clients),
    };
    PeekBody {
        conference_id: call.era.to_string(),
        max_devices,
        participants: participants(clients.active),
        participant_count: counts.map(|(active, _)| active),
        creator: counts.is_none().then(|| call.creator.as_str().to_owned()),
        pending_clients: participants(clients.pending),
        pending_count: counts.map(|(_, pending)| pending),
        call_link_state: view.link.as_ref().map(link_state_body),
    }
}

fn participants(devices: Vec<MediaDevice>) -> Vec<ParticipantBody> {
    let participant = |device: MediaDevice| ParticipantBody {
        opaque_user_id: device.user_id,
        demux_id: device.demux_id,
    };
    devices.into_iter().map(participant).collect()
}
