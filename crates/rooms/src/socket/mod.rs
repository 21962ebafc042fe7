//! `GET /v3/conference/socket`: live rooms.

mod inbound;
pub(crate) mod outbound;
pub(crate) mod outbox;
mod reader;
mod refusal;
mod session;
mod throttle;

use std::sync::Arc;

use anteroom_service::{Problem, ProblemDocument};
use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};

use crate::{
    problems::{ORIGIN_FORBIDDEN, SOCKET_REQUIRED, TOO_MANY_SOCKETS},
    rooms::Core,
};

/// The one subprotocol.
const PROTOCOL: &str = "anteroom.v1";

/// Bytes that are read at once.
const READ_BUFFER: usize = 8 * 1024;

/// Opens a socket. Everything about a call happens there.
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
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ORIGIN_FORBIDDEN`"),
        (status = UPGRADE_REQUIRED, body = ProblemDocument,
            content_type = "application/problem+json", description = "`SOCKET_REQUIRED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`SOCKETS_EXHAUSTED`"),
    )
)]
pub(crate) async fn socket(
    State(core): State<Arc<Core>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !may_open(&core, &headers) {
        return Problem::new(&ORIGIN_FORBIDDEN).into_response();
    }
    let Ok(upgrade) = upgrade else {
        return Problem::new(&SOCKET_REQUIRED).into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Problem::new(&SOCKET_REQUIRED).into_response();
    }
    let Ok(place) = Arc::clone(&core.sockets).try_acquire_owned() else {
        return Problem::new(&TOO_MANY_SOCKETS).into_response();
    };
    upgrade
        .max_message_size(inbound::MAX_MESSAGE)
        .max_frame_size(inbound::MAX_MESSAGE)
        // One for each socket, from the start: half-open ones are to be cheap.
        .read_buffer_size(READ_BUFFER)
        // What is sent goes out at once: what waits, waits in the outbox, which is counted.
        .write_buffer_size(0)
        .on_upgrade(|socket| async move {
            let _place = (place, core.open_sockets.enter());
            session::run(core, socket).await;
        })
}

/// Browsers name the origin of the page, and once. Others name none.
fn may_open(core: &Core, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let allowed = &core.settings.origins;
            origin
                .to_str()
                .is_ok_and(|origin| allowed.iter().any(|allowed| allowed.as_str() == origin))
        }
        (Some(_), Some(_)) => false,
    }
}
