//! `GET /v2/conference/participants`: shows the members of a call.

use std::sync::Arc;

use anteroom_call::{Participant, Roster};
use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_wire::rooms::{ParticipantBody, PeekBody, Reason, ReasonBody};
use axum::{extract::State, response::Response};
use http::HeaderMap;

use crate::{
    domain::{
        admission::AuthorizedUser,
        media::contract::Clients,
        peek::{CallView, MembersView, PeekOutcome, peek as peek_call},
    },
    http::{
        answers::{no_call, not_found, private, redirect},
        bodies::link_state_body,
        claim::claim_of_headers,
        problems::MEDIA_UNAVAILABLE,
    },
    state::RoomsState,
};

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
) -> Result<Response, Problem> {
    let claim = claim_of_headers(&state, &headers)?;
    let Some(user) = AuthorizedUser::admit(&state, claim, client).await? else {
        return Ok(not_found(Reason::Invalid));
    };
    match peek_call(&state, user).await? {
        PeekOutcome::Call(call) => Ok(private(body(*call, state.settings.max_devices.get()))),
        PeekOutcome::NoCall => Ok(no_call()),
        PeekOutcome::Closed => Ok(not_found(Reason::Expired)),
        PeekOutcome::Elsewhere(node) => Ok(redirect(&state.node.participants_url(&node))),
        PeekOutcome::MediaUnavailable => Err(Problem::new(&MEDIA_UNAVAILABLE)),
    }
}

fn body(view: CallView, max_devices: u32) -> PeekBody {
    let CallView {
        call,
        link,
        members,
    } = view;
    let (counts, participants, pending) = match members {
        MembersView::Counts { active, pending } => {
            (Some((active, pending)), Vec::new(), Vec::new())
        }
        MembersView::Roster(Roster {
            active, pending, ..
        }) => {
            let devices = |devices: &[Participant]| devices.iter().map(device).collect();
            (None, devices(&active), devices(&pending))
        }
        MembersView::Clients(Clients { active, pending }) => {
            let active = active.into_iter();
            let pending = pending.into_iter();
            (
                None,
                active
                    .map(|client| participant(client.user_id, client.demux_id))
                    .collect(),
                pending
                    .map(|client| participant(client.user_id, client.demux_id))
                    .collect(),
            )
        }
    };
    PeekBody {
        conference_id: call.era.to_string(),
        max_devices,
        participants,
        participant_count: counts.map(|(active, _)| active),
        creator: counts.is_none().then(|| call.creator.as_str().to_owned()),
        pending_clients: pending,
        pending_count: counts.map(|(_, pending)| pending),
        call_link_state: link.as_ref().map(link_state_body),
    }
}

fn device(device: &Participant) -> ParticipantBody {
    let user = device.opaque_user_id.as_ref();
    participant(
        user.map(|user| user.as_str().to_owned()),
        device.demux_id.number(),
    )
}

const fn participant(opaque_user_id: Option<String>, demux_id: u32) -> ParticipantBody {
    ParticipantBody {
        opaque_user_id,
        demux_id,
    }
}
