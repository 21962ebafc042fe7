//! The parts of the state that handlers ask for.

use std::sync::Arc;

use anteroom_http_server::HttpLimits;
use axum::extract::FromRef;

use crate::{Rooms, domain::links::Links, state::RoomsState};

impl FromRef<Rooms> for Arc<Links> {
    fn from_ref(rooms: &Rooms) -> Self {
        Arc::clone(&rooms.0.links)
    }
}

impl FromRef<Rooms> for HttpLimits {
    fn from_ref(rooms: &Rooms) -> Self {
        rooms.0.http
    }
}

impl FromRef<Rooms> for Arc<RoomsState> {
    fn from_ref(rooms: &Rooms) -> Self {
        Arc::clone(&rooms.0)
    }
}
