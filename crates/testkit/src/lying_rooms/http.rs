//! The requests outside of the sockets.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, Request, Response, StatusCode, Uri, header},
    response::IntoResponse as _,
};

use super::{hop::HttpHop, shared::Shared, socket};

/// The maximum length of a body.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Passes a request of a client on, whose number is the first segment of the path.
pub(super) async fn pass_on(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Response<Body> {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let number = path.get(1..).and_then(|path| path.split_once('/'));
    let Some((number, path)) = number else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(client) = number.parse() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let path: Uri = format!("/{path}").parse().expect("the rest of a path");
    if path.path() == socket::PATH {
        return socket::open(shared, client, request);
    }
    let (mut head, body) = request.into_parts();
    head.uri = path;
    let body = to_bytes(body, MAX_BODY).await.expect("a short body");
    let request = HttpHop::ToService(Request::from_parts(head, body));
    let answer = match shared.pass_http(client, request) {
        HttpHop::ToService(request) => {
            let answer = ask(&shared, request).await;
            match shared.pass_http(client, HttpHop::ToClient(answer)) {
                HttpHop::ToClient(answer) => answer,
                HttpHop::ToService(_) => return StatusCode::BAD_GATEWAY.into_response(),
            }
        }
        HttpHop::ToClient(answer) => answer,
    };
    answer.map(Body::from)
}

/// Asks the honest service.
async fn ask(shared: &Shared, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let url = format!("http://{}{}", shared.service, head.uri);
    let request = shared.http.request(head.method, url);
    let request = request.headers(without_lengths(&head.headers)).body(body);
    let answer = request.send().await.expect("the service answers");
    let (status, headers) = (answer.status(), without_lengths(answer.headers()));
    let body = answer.bytes().await.expect("a whole answer");
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Returns the headers that do not belong to one connection.
fn without_lengths(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::HOST,
        header::TRANSFER_ENCODING,
    ] {
        kept.remove(name);
    }
    kept
}
