//! `GET /health` of the internal listener.

use std::sync::Arc;

use anteroom_http_server::Problem;
use axum::{extract::State, response::Response};

use crate::{
    http::{answers::nothing, problems::UNAVAILABLE},
    state::RoomsState,
};

pub(super) async fn health(State(state): State<Arc<RoomsState>>) -> Result<Response, Problem> {
    let ready = state.context.transactions.database.ready().await;
    ready.map_err(|_| Problem::new(&UNAVAILABLE))?;
    Ok(nothing())
}
