//! `GET /v3/conference/socket`: the socket of live calls.

mod inbound;
mod joining;
mod reader;
mod refusal;
mod session;
mod stream;
mod upgrade;

use std::sync::Arc;

use anteroom_http_server::{Problem, request_client};
use anteroom_runtime::BudgetRefusal;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};

use self::{stream::ClientStream, upgrade::Upgrade};

use crate::{
    http::{
        description::problem_responses,
        problems::{ORIGIN_FORBIDDEN, SOCKET_REQUIRED, SOCKETS_EXHAUSTED},
        room_headers::single,
    },
    state::RoomsState,
};

problem_responses!(SocketProblems:
    ORIGIN_FORBIDDEN, SOCKET_REQUIRED, SOCKETS_EXHAUSTED
);

/// Opens a socket. All messages of a call pass through it.
#[utoipa::path(
    get,
    path = "/v3/conference/socket",
    tag = "calls",
    params(
        ("Upgrade" = String, Header, pattern = "^[Ww]eb[Ss]ocket$", example = "websocket",
            description = "`websocket`"),
        ("Connection" = String, Header, pattern = "[Uu]pgrade", example = "Upgrade",
            description = "`Upgrade`"),
        ("Sec-WebSocket-Version" = String, Header, pattern = "^13$", example = "13",
            description = "`13`"),
        ("Sec-WebSocket-Key" = String, Header, example = "dGhlIHNhbXBsZSBub25jZQ==",
            description = "16 random bytes as base64."),
        ("Sec-WebSocket-Protocol" = String, Header,
            pattern = r"(^|,)\s*anteroom\.v1\s*(,|$)", example = "anteroom.v1",
            description = "`anteroom.v1`"),
    ),
    responses(
        (status = SWITCHING_PROTOCOLS, description = "The socket is open."),
        SocketProblems,
    )
)]
pub(crate) async fn socket(State(state): State<Arc<RoomsState>>, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    if !may_open(&state, &head.headers) {
        return Problem::new(&ORIGIN_FORBIDDEN).into_response();
    }
    let Some(upgrade) = Upgrade::of_request(&mut head) else {
        return Problem::new(&SOCKET_REQUIRED).into_response();
    };
    let slots = match state.sockets.take(request_client(&head.extensions)) {
        Ok(slots) => slots,
        Err(BudgetRefusal::Address) => {
            return Problem::from(BudgetRefusal::Address).into_response();
        }
        Err(BudgetRefusal::Total) => return Problem::new(&SOCKETS_EXHAUSTED).into_response(),
    };
    let (response, connection) = upgrade.grant();
    tokio::spawn(async move {
        let _open = state.open_sockets.enter();
        // A connection that closes before the answer was sent needs nothing more. A socket that
        // must close for another by then is told so by its session.
        if let Ok(connection) = connection.await {
            session::run(state, ClientStream::new(connection), slots).await;
        }
    });
    response
}

/// Returns whether the origin is allowed. Browsers send the page's origin, once. Other clients send
/// none.
fn may_open(state: &RoomsState, headers: &HeaderMap) -> bool {
    match single(headers, &header::ORIGIN) {
        Ok(None) => true,
        Ok(Some(origin)) => {
            let mut allowed = state.settings.origins.iter();
            allowed.any(|allowed| allowed.as_str() == origin)
        }
        Err(()) => false,
    }
}
