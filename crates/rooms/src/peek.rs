//! `GET /v2/conference/participants`: who is in the call.

use std::sync::Arc;

use anteroom_service::{Problem, ProblemDocument};
use anteroom_store::{CallKey, CallRecord, TransactionName};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Node,
    conference::{Claim, Visitor},
    media::{client::Failure, contract::Clients, pool::MediaPool},
    problems::MEDIA_UNAVAILABLE,
    rooms::{Core, failed, link_state},
    wire::{
        LinkStateBody, ParticipantBody, Reason, ReasonBody, no_call, not_there, private, redirect,
    },
};

/// A call and who is in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeekBody {
    /// The era: 32 hex digits.
    #[schema(
        pattern = "^[0-9a-f]{32}$",
        example = "7d1c0f4b9a2e4d5c8f60a1b2c3d4e5f6"
    )]
    conference_id: String,
    /// How many devices may be in the call.
    max_devices: u32,
    participants: Vec<ParticipantBody>,
    /// The opaque id of who started the call.
    creator: String,
    /// Who waits in the lobby.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pending_clients: Vec<ParticipantBody>,
    /// In a call link's room.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_link_state: Option<LinkStateBody>,
}

/// Who is in a call.
#[derive(Debug, Default)]
pub(crate) struct Present {
    pub(crate) active: Vec<ParticipantBody>,
    pub(crate) pending: Vec<ParticipantBody>,
}

/// What can come of a request.
enum Outcome {
    Call(Box<PeekBody>),
    NoCall,
    NotThere(Reason),
    Elsewhere(Box<Node>),
    MediaUnavailable,
}

/// Shows who is in the call of a room.
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
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_MEDIA_UNAVAILABLE`, `UNAVAILABLE`"),
    ),
    security(("presentation" = []), ("group" = []))
)]
pub(crate) async fn peek(State(core): State<Arc<Core>>, headers: HeaderMap) -> Response {
    match decide(&core, &headers).await {
        Ok(Outcome::Call(body)) => private(body),
        Ok(Outcome::NoCall) => no_call(),
        Ok(Outcome::NotThere(reason)) => not_there(reason),
        Ok(Outcome::Elsewhere(node)) => redirect(&core.participants_url(&node)),
        Ok(Outcome::MediaUnavailable) => Problem::new(&MEDIA_UNAVAILABLE).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn decide(core: &Core, headers: &HeaderMap) -> Result<Outcome, Problem> {
    let claim = Claim::of_headers(core, headers)?;
    let Some(visitor) = Visitor::admit(core, claim).await? else {
        return Ok(Outcome::NotThere(Reason::Invalid));
    };
    let nothing = if visitor.is_closed(core) {
        Outcome::NotThere(Reason::Expired)
    } else {
        Outcome::NoCall
    };
    let Some(call) = &visitor.call else {
        return Ok(nothing);
    };
    if let Some(node) = core.owner_elsewhere(call) {
        return Ok(Outcome::Elsewhere(Box::new(node)));
    }
    let present = match &core.media {
        None => core.calls.present(call, &visitor.user).await,
        Some(media) => match on_media_server(core, media, call, &visitor).await? {
            Ok(present) => present,
            Err(_) => return Ok(Outcome::MediaUnavailable),
        },
    };
    let Some(present) = present else {
        return Ok(nothing);
    };
    let link = visitor.link.as_ref();
    Ok(Outcome::Call(Box::new(PeekBody {
        conference_id: call.era.to_string(),
        max_devices: core.settings.max_devices.get(),
        participants: present.active,
        creator: call.creator.as_str().to_owned(),
        pending_clients: present.pending,
        call_link_state: link.map(|link| LinkStateBody::from(&link_state(link))),
    })))
}

/// Asks the call's media server; `None` if it has no such call, which ends the record.
async fn on_media_server(
    core: &Core,
    media: &MediaPool,
    call: &CallRecord,
    visitor: &Visitor,
) -> Result<Result<Option<Present>, Failure>, Problem> {
    let Some(server) = media.server_of(call) else {
        return Ok(Ok(None));
    };
    let user = visitor.user.as_str();
    match media.client().clients(&server, call.era, Some(user)).await {
        Ok(clients) => Ok(Ok(Some(present(&clients)))),
        Err(Failure::NoCall) => {
            if !core.starting.contains(call.era) {
                end(core, &visitor.key, call).await?;
            }
            Ok(Ok(None))
        }
        Err(failure) => Ok(Err(failure)),
    }
}

async fn end(core: &Core, key: &CallKey, call: &CallRecord) -> Result<(), Problem> {
    const NAME: TransactionName = TransactionName::new("end era");
    let mut transaction = core.begin(NAME).await?;
    if transaction.end_era(key, call.era).await.map_err(failed)? {
        transaction.save().await.map_err(failed)?;
        core.emit("call.ended", key.room(), |event| event);
    }
    Ok(())
}

fn present(clients: &Clients) -> Present {
    let active = clients.active.iter();
    let pending = clients.pending.iter();
    Present {
        active: active
            .map(|client| ParticipantBody::new(client.user_id.as_deref(), client.demux_id))
            .collect(),
        pending: pending
            .map(|client| ParticipantBody::new(client.user_id.as_deref(), client.demux_id))
            .collect(),
    }
}
