//! The name of a running service.
//!
//! `GET /health/live` returns it, so that `anteroom doctor` can check whether an address leads to this
//! process, and whether to others too. It is random, and reveals nothing else.

use std::sync::Arc;

use anteroom_console::os;
use anteroom_wire::INSTANCE_HEADER;
use axum::{
    Router,
    extract::Request,
    http::HeaderValue,
    middleware::{self, Next},
    response::Response,
};
use rand_core::Rng as _;

const LIVE: &str = "/health/live";

/// Adds a new instance name to the answers of the routes.
pub(super) fn named_instance(router: Router) -> Router {
    let mut name = [0; 16];
    os::rng().fill_bytes(&mut name);
    let name: Arc<str> = hex::encode(name).into();
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let name = Arc::clone(&name);
        async move {
            let is_asked = request.uri().path() == LIVE;
            let mut response: Response = next.run(request).await;
            if is_asked && let Ok(name) = HeaderValue::from_str(&name) {
                response.headers_mut().insert(INSTANCE_HEADER, name);
            }
            response
        }
    }))
}
