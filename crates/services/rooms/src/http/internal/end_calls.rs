//! `DELETE /v2/conference`: removes the records of calls that are over.

use std::sync::Arc;

use anteroom_http_server::Problem;
use axum::{
    extract::{Request, State},
    response::Response,
};
use serde::Deserialize;

use super::end_call::respond;
use crate::{
    domain::ended_calls::{EndedCall, end},
    http::bodies::json_body,
    state::RoomsState,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallEndsBody {
    call_keys: Vec<EndedCall>,
}

pub(super) async fn end_calls(
    State(state): State<Arc<RoomsState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body: CallEndsBody = json_body(&head.headers, body, &state.http).await?;
    respond(end(&state.context, &body.call_keys).await?)
}
