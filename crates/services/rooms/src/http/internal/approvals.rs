//! `PUT /v1/call-link-approvals`: replaces the approved users of a link's room.

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, Problem};
use anteroom_store::OpaqueRoomId;
use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use crate::{
    domain::{
        approvals::{MAX_APPROVED, ReplaceOutcome, replace},
        room_id::{LINK_PREFIX, parse_room},
    },
    http::{
        answers::nothing,
        bodies::json_body,
        problems::{CALL_LINK_NOT_FOUND, PAYLOAD_TOO_LARGE, ROOM_ID_INVALID, UNPROCESSABLE},
        room_headers::{X_ROOM_ID, single},
    },
    state::RoomsState,
};

/// The maximum body of a list of approvals: 130 hex digits for each user, quotes and a comma.
const APPROVALS_BYTES: usize = 1_024 + MAX_APPROVED * 133;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approvals {
    approved_users: Vec<String>,
}

pub(super) fn approvals_limits(limits: &HttpLimits) -> HttpLimits {
    HttpLimits {
        body_bytes: limits.body_bytes.max(APPROVALS_BYTES),
        ..*limits
    }
}

pub(super) async fn approvals(
    State(state): State<Arc<RoomsState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let room = link_room(&head.headers)?;
    let limits = approvals_limits(&state.http);
    let body: Approvals = json_body(&head.headers, body, &limits).await?;
    match replace(&state.context, &room, &body.approved_users).await? {
        ReplaceOutcome::Replaced => Ok(nothing()),
        ReplaceOutcome::UnknownLink => Err(Problem::new(&CALL_LINK_NOT_FOUND)),
        ReplaceOutcome::TooMany => Err(Problem::new(&PAYLOAD_TOO_LARGE)),
        ReplaceOutcome::InvalidUser => Err(Problem::new(&UNPROCESSABLE)),
    }
}

/// Parses the room of `X-Room-Id`, with or without the prefix of call records.
fn link_room(headers: &HeaderMap) -> Result<OpaqueRoomId, Problem> {
    let value = single(headers, &X_ROOM_ID).ok().flatten();
    value
        .map(|text| text.strip_prefix(LINK_PREFIX).unwrap_or(text))
        .and_then(parse_room)
        .ok_or(Problem::new(&ROOM_ID_INVALID))
}
