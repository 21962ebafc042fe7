//! `DELETE /v2/conference/{room}/{era}`: removes the record of a call that is over.

use std::sync::Arc;

use anteroom_http_server::Problem;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};

use crate::{
    domain::ended_calls::{EndOutcome, EndedCall, end},
    http::{answers::nothing, problems::BAD_REQUEST},
    state::RoomsState,
};

pub(super) async fn end_call(
    State(state): State<Arc<RoomsState>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((room_id, era_id)) = path.map_err(|_| Problem::new(&BAD_REQUEST))?;
    let call = EndedCall { room_id, era_id };
    respond(end(&state.context, &[call]).await?)
}

pub(super) fn respond(outcome: EndOutcome) -> Result<Response, Problem> {
    match outcome {
        EndOutcome::Ended => Ok(nothing()),
        EndOutcome::Malformed => Err(Problem::new(&BAD_REQUEST)),
    }
}
