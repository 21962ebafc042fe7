//! `GET /v1/call-link`: the state of a link.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallLinkRecord, TransactionName};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;

use crate::{
    authorization::Authorization,
    domain::link_state::link_state,
    domain::verification::Presentation,
    problems::{FORBIDDEN, LINK_UNKNOWN},
    room_headers::link_of_headers,
    state::RoomsState,
    wire::{LinkStateBody, private},
};

enum Outcome {
    State(Box<CallLinkRecord>),
    Unknown,
    Forbidden,
}

/// Shows the state of a call link to a holder of the link.
#[utoipa::path(
    get,
    path = "/v1/call-link",
    tag = "links",
    params(
        ("X-Room-Id" = String, Header,
            pattern = "^[!-9;-~]{1,128}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
    ),
    responses(
        (status = OK, body = LinkStateBody, description = "The state."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_ID_INVALID`, `ROOM_EPOCH_INVALID`, `ROOM_AUTHORIZATION_INVALID`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_FORBIDDEN`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_LINK_NOT_FOUND`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`ROOM_VERIFICATION_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("presentation" = []))
)]
pub(crate) async fn read_link(
    State(state): State<Arc<RoomsState>>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Response {
    match decide(&state, &headers, client).await {
        Ok(Outcome::State(link)) => private(LinkStateBody::from(&link_state(&link))),
        Ok(Outcome::Unknown) => Problem::new(&LINK_UNKNOWN).into_response(),
        Ok(Outcome::Forbidden) => Problem::new(&FORBIDDEN).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn decide(
    state: &RoomsState,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("read link");
    let address = link_of_headers(headers)?;
    let presentation = Authorization::of_headers(headers)?.require_auth()?;
    let Some(found) = state.transactions.look_up(NAME, &address).await? else {
        return Ok(Outcome::Unknown);
    };
    let link = found.link;
    Ok(
        match state
            .verifier
            .holds(Presentation::Auth(&presentation, &link.zkparams), client)
            .await?
        {
            true => Outcome::State(Box::new(link)),
            false => Outcome::Forbidden,
        },
    )
}
