//! The internal listener: requests of media servers to the room service.

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, Problem, harden, problems};
use anteroom_protocol::EraId;
use anteroom_store::{CallKey, OpaqueRoomId, TransactionName, UserId};
use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::{delete, get, put},
};
use serde::Deserialize;

use crate::{
    INTERNAL_OPERATIONS, Rooms,
    domain::room_id::parse_room,
    problems::{LINK_UNKNOWN, ROOM_ID_INVALID},
    room_headers::X_ROOM_ID,
    state::RoomsState,
    transactions::failed,
    wire::{json_body, nothing},
};

/// The prefix of a link's room id in call records.
const LINK_PREFIX: &str = "adhoc:";
/// The maximum length of a list of approvals.
const MAX_APPROVED: usize = 8_192;
/// The maximum body of a list of approvals: 130 hex digits for each user, quotes and a comma.
const APPROVALS_BYTES: usize = 1_024 + MAX_APPROVED * 133;
/// The number of bodies that are received at the same time. They are large and come from few media
/// servers.
const BODIES: usize = 16;

/// Returns the routes for media servers, with their middleware. Serve them on a listener that only
/// media servers reach.
pub fn internal_router(rooms: Rooms) -> Router {
    let state = rooms.0;
    let routes = Router::new()
        .route("/v1/call-link-approvals", put(approvals))
        .route("/v2/conference/{room}/{era}", delete(end_call))
        .route("/v2/conference", delete(end_calls))
        .route("/health", get(health))
        .with_state(Arc::clone(&state));
    let limits = HttpLimits {
        bodies: BODIES,
        bodies_per_address: BODIES,
        ..approvals_limits(&state.http)
    };
    harden(
        routes,
        INTERNAL_OPERATIONS,
        limits,
        state.metrics.clone(),
        &*state.entropy,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approvals {
    approved_users: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallEndsBody {
    call_keys: Vec<CallEndBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallEndBody {
    room_id: String,
    era_id: String,
}

fn approvals_limits(limits: &HttpLimits) -> HttpLimits {
    HttpLimits {
        body_bytes: limits.body_bytes.max(APPROVALS_BYTES),
        ..*limits
    }
}

/// Returns whether the database answers.
async fn health(State(state): State<Arc<RoomsState>>) -> Response {
    match state.transactions.database.ready().await {
        Ok(_) => nothing(),
        Err(_) => Problem::new(&problems::UNAVAILABLE).into_response(),
    }
}

/// Replaces the approved users of a link's room.
async fn approvals(State(state): State<Arc<RoomsState>>, request: Request) -> Response {
    match replace_approvals(&state, request).await {
        Ok(true) => nothing(),
        Ok(false) => Problem::new(&LINK_UNKNOWN).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn replace_approvals(state: &RoomsState, request: Request) -> Result<bool, Problem> {
    const NAME: TransactionName = TransactionName::new("replace approvals");
    let (head, body) = request.into_parts();
    let room = link_room(&head.headers)?;
    let limits = approvals_limits(&state.http);
    let body: Approvals = json_body(&head.headers, body, &limits).await?;
    if body.approved_users.len() > MAX_APPROVED {
        return Err(Problem::new(&problems::PAYLOAD_TOO_LARGE));
    }
    let users: Result<Vec<UserId>, _> = body
        .approved_users
        .iter()
        .map(|user| UserId::parse(user))
        .collect();
    let users = users.map_err(|_| Problem::new(&problems::UNPROCESSABLE))?;
    let mut rng = state.entropy.rng();
    let mut transaction = state.transactions.begin(NAME).await?;
    let replaced = transaction
        .replace_approvals(&room, &users, &mut *rng)
        .await
        .map_err(failed)?;
    if replaced {
        transaction.save().await.map_err(failed)?;
    }
    Ok(replaced)
}

/// Parses the room of `X-Room-Id`, with or without the prefix of call records.
fn link_room(headers: &HeaderMap) -> Result<OpaqueRoomId, Problem> {
    let mut values = headers.get_all(X_ROOM_ID).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    value
        .map(|text| text.strip_prefix(LINK_PREFIX).unwrap_or(text))
        .and_then(parse_room)
        .ok_or(Problem::new(&ROOM_ID_INVALID))
}

/// Removes the record of a call that is over.
async fn end_call(
    State(state): State<Arc<RoomsState>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    match path {
        Ok(Path((room_id, era_id))) => respond(&state, &[CallEndBody { room_id, era_id }]).await,
        Err(_) => Problem::new(&problems::BAD_REQUEST).into_response(),
    }
}

/// Removes the records of calls that are over.
async fn end_calls(State(state): State<Arc<RoomsState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match json_body::<CallEndsBody>(&head.headers, body, &state.http).await {
        Ok(body) => respond(&state, &body.call_keys).await,
        Err(problem) => problem.into_response(),
    }
}

async fn respond(state: &RoomsState, calls: &[CallEndBody]) -> Response {
    match end(state, calls).await {
        Ok(()) => nothing(),
        Err(problem) => problem.into_response(),
    }
}

/// Ends each call whose record still names the era. A call without a record has ended before.
async fn end(state: &RoomsState, calls: &[CallEndBody]) -> Result<(), Problem> {
    const NAME: TransactionName = TransactionName::new("end eras");
    let named: Option<Vec<_>> = calls.iter().map(named).collect();
    let named = named.ok_or(Problem::new(&problems::BAD_REQUEST))?;
    let mut transaction = state.transactions.begin(NAME).await?;
    let mut ended = Vec::new();
    for (keys, era) in named {
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
fn named(call: &CallEndBody) -> Option<(Vec<CallKey>, EraId)> {
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
