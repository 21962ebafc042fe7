//! `DELETE /v2/conference/{room}/{era}`: removes the record of a call that is over.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};

use crate::{
    domain::ended_calls::{EndOutcome, EndedCall, end},
    http::answers::nothing,
    state::RoomsState,
};

pub(super) async fn end_call(
    State(state): State<Arc<RoomsState>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    match path {
        Ok(Path((room_id, era_id))) => {
            let call = EndedCall { room_id, era_id };
            respond(end(&state, &[call]).await)
        }
        Err(_) => Problem::new(&problems::BAD_REQUEST).into_response(),
    }
}

pub(super) fn respond(outcome: EndOutcome) -> Response {
    match outcome {
        EndOutcome::Ended => nothing(),
        EndOutcome::Malformed => Problem::new(&problems::BAD_REQUEST).into_response(),
        EndOutcome::Failed(failure) => Problem::from(failure).into_response(),
    }
}
