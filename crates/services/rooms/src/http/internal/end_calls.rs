//! `DELETE /v2/conference`: removes the records of calls that are over.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
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
    call_keys: Vec<CallEndBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallEndBody {
    room_id: String,
    era_id: String,
}

pub(super) async fn end_calls(State(state): State<Arc<RoomsState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match json_body::<CallEndsBody>(&head.headers, body, &state.http).await {
        Ok(body) => {
            let calls = body.call_keys.into_iter();
            let calls: Vec<_> = calls
                .map(|call| EndedCall {
                    room_id: call.room_id,
                    era_id: call.era_id,
                })
                .collect();
            respond(end(&state, &calls).await)
        }
        Err(problem) => problem.into_response(),
    }
}
