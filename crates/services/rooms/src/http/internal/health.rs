//! `GET /health` of the internal listener.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};

use crate::{http::answers::nothing, state::RoomsState};

/// Returns whether the database answers.
pub(super) async fn health(State(state): State<Arc<RoomsState>>) -> Response {
    match state.transactions.database.ready().await {
        Ok(_) => nothing(),
        Err(_) => Problem::new(&problems::UNAVAILABLE).into_response(),
    }
}
