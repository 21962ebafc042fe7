//! The routes of a router.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use tower::ServiceExt as _;

/// Returns every method of every route, as the router itself lists them: its paths in its `Debug`, their
/// methods in the answer to an unknown method.
///
/// # Panics
/// The router shows no paths.
pub async fn listed_routes(router: &Router) -> BTreeSet<(String, String)> {
    let shown = format!("{router:?}");
    // The fallback for all other paths follows the routes.
    let routed = shown.split("fallback_router").next().unwrap_or_default();
    let paths: BTreeSet<&str> = routed
        .split("RouteId(")
        .filter_map(|part| part.split_once("): \"")?.1.split_once('"'))
        .map(|(path, _)| path)
        .filter(|path| path.starts_with('/'))
        .collect();
    assert!(!paths.is_empty(), "no paths in {shown}");
    let mut routes = BTreeSet::new();
    for path in paths {
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect();
        let request = Request::builder().method("BREW").uri(filled.join("/"));
        let request = request.body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await;
        let response = response.unwrap_or_else(|never| match never {});
        let allowed = response.headers().get(header::ALLOW);
        let allowed = allowed.and_then(|allowed| allowed.to_str().ok());
        // A route that accepts every method answers the unknown method too.
        for method in allowed.unwrap_or("ANY").split(',') {
            routes.insert((method.trim().to_owned(), path.to_owned()));
        }
    }
    routes
}
