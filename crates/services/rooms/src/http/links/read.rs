//! `GET /v1/call-link`: the state of a link.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_wire::rooms::LinkStateBody;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use crate::{
    domain::links::Links,
    http::{
        answers::private, authorization::Authorization, bodies::link_state_body,
        description::problem_responses, problems::CALL_LINK_NOT_FOUND,
        room_headers::link_of_headers,
    },
};

problem_responses!(ReadProblems:
    ROOM_ID_INVALID, ROOM_EPOCH_INVALID, ROOM_AUTHORIZATION_INVALID, ROOM_UNAUTHORIZED,
    ROOM_FORBIDDEN, CALL_LINK_NOT_FOUND, UNAVAILABLE
);

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
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`ROOM_VERIFICATION_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        ReadProblems,
    ),
    security(("presentation" = []))
)]
pub(crate) async fn read_link(
    State(links): State<Arc<Links>>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let address = link_of_headers(&headers)?;
    let presentation = Authorization::of_headers(&headers)?.require_auth()?;
    let link = links.read(address, presentation, client).await?;
    let link = link.ok_or(Problem::new(&CALL_LINK_NOT_FOUND))?;
    Ok(private(link_state_body(&link)))
}
