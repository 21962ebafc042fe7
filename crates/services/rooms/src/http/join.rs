//! `PUT /v2/conference/participants`: joins a call on a media server.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, request_client};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Node,
    domain::admission::{AuthorizedUser, Claim},
    domain::media::{
        join::{MediaJoin, join_on_media_server},
        platform::Platform,
    },
    http::join_body::JoinBody,
    limits::PasskeyAttempt,
    node::Region,
    problems::{CALL_FULL, MEDIA_UNAVAILABLE, PASSKEY_RATE_LIMITED, START_FORBIDDEN, USE_SOCKET},
    state::RoomsState,
    wire::{Reason, ReasonBody, json_body, not_found, private, redirect},
};

/// The answer to a join: how the client reaches the media server.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinedBody {
    pub(crate) demux_id: u32,
    pub(crate) port: u16,
    pub(crate) port_tcp: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port_tls: Option<u16>,
    pub(crate) ips: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hostname: Option<String>,
    pub(crate) ice_ufrag: String,
    pub(crate) ice_pwd: String,
    pub(crate) dhe_public_key: String,
    /// The opaque id of the user that started the call.
    pub(crate) call_creator: String,
    /// The era: 32 hex digits.
    pub(crate) conference_id: String,
    /// `ACTIVE`, `PENDING` or `BLOCKED`, as the media server reports.
    #[schema(example = "ACTIVE")]
    pub(crate) client_status: String,
}

pub(crate) enum Outcome {
    Joined(Box<JoinedBody>),
    NotThere(Reason),
    Elsewhere(Box<Node>),
    UseSocket,
    StartForbidden,
    Full,
    MediaUnavailable,
}

/// Joins the call of a room. Starts a call if the room has none.
#[utoipa::path(
    put,
    path = "/v2/conference/participants",
    tag = "calls",
    params(
        ("X-Room-Id" = Option<String>, Header,
            pattern = "^[!-9;-~]{1,128}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room of a call link."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
        ("region" = Option<String>, Query, description = "The region of the node that redirected \
            the client: 1 to 64 letters, digits, `-` and `_`. The media server is told it in place \
            of this node's own; anything else counts as none."),
    ),
    request_body = JoinBody,
    responses(
        (status = OK, body = JoinedBody, description = "The client is announced."),
        (status = TEMPORARY_REDIRECT, description = "Another node has the call: `Location` is the \
            same request there, with `region`."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_ID_INVALID`, `ROOM_EPOCH_INVALID`, `ROOM_AUTHORIZATION_INVALID`, \
                `CALL_JOIN_INCOMPLETE`, `BAD_REQUEST`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_FORBIDDEN`, `CALL_START_FORBIDDEN`"),
        (status = NOT_FOUND, body = ReasonBody, description = "Why there is no call to join."),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_USE_SOCKET`"),
        (status = PAYLOAD_TOO_LARGE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_FULL`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`CALL_JOIN_INVALID`, `UNPROCESSABLE`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`ROOM_RATE_LIMITED`, `ROOM_VERIFICATION_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_MEDIA_UNAVAILABLE`, `UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("presentation" = []), ("group" = []))
)]
pub(crate) async fn join(State(state): State<Arc<RoomsState>>, request: Request) -> Response {
    match decide(&state, request).await {
        Ok(Outcome::Joined(body)) => private(body),
        Ok(Outcome::NotThere(reason)) => not_found(reason),
        Ok(Outcome::Elsewhere(node)) => redirect(&state.node.participants_url(&node)),
        Ok(Outcome::UseSocket) => Problem::new(&USE_SOCKET).into_response(),
        Ok(Outcome::StartForbidden) => Problem::new(&START_FORBIDDEN).into_response(),
        Ok(Outcome::Full) => Problem::new(&CALL_FULL).into_response(),
        Ok(Outcome::MediaUnavailable) => Problem::new(&MEDIA_UNAVAILABLE).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn decide(state: &RoomsState, request: Request) -> Result<Outcome, Problem> {
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let claim = Claim::of_headers(state, &head.headers)?;
    let body: JoinBody = json_body(&head.headers, body, &state.http).await?;
    body.check()?;
    let Some(user) = AuthorizedUser::admit(state, claim, client).await? else {
        return Ok(Outcome::NotThere(Reason::Invalid));
    };
    if user.is_closed(state) {
        return Ok(Outcome::NotThere(Reason::Expired));
    }
    let owner = user.call.as_ref();
    if let Some(node) = owner.and_then(|call| state.node.owner_elsewhere(call)) {
        return Ok(Outcome::Elsewhere(Box::new(node)));
    }
    let Some(media) = &state.media else {
        return Ok(Outcome::UseSocket);
    };
    if user.call.is_none() && !user.may_start {
        return Ok(Outcome::StartForbidden);
    }
    let passkey = body.admin_passkey.as_ref();
    let is_admin = match (&user.link, passkey) {
        (Some(link), Some(passkey)) => {
            let attempt = PasskeyAttempt::begin(&state.limits, user.id.as_str()).await;
            let attempt =
                attempt.map_err(|after| Problem::new(&PASSKEY_RATE_LIMITED).retry_after(after))?;
            let keys = state.transactions.database.storage_keys();
            let hash = keys.passkey_hash(&link.room, passkey.as_bytes());
            let is_admin = link.passkey_hash.matches(&hash);
            attempt.end(&state.limits, !is_admin).await;
            is_admin
        }
        _ => false,
    };
    let redirected_from = head.uri.query().and_then(Region::of_query);
    let own = state.node.region();
    let join = MediaJoin {
        state,
        media,
        user: &user,
        body: &body,
        is_admin,
        region: redirected_from.as_ref().map_or(own, Region::as_str),
        platform: Platform::of_headers(&head.headers),
    };
    join_on_media_server(join).await
}
