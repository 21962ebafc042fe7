//! `DELETE /v1/call-link`: deletes a link.

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, Problem, request_client};
use anteroom_wire::rooms::{DeleteBody, EmptyBody};
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::{
        links::{AdminRefusal, AdminRequest, Links},
        passkey::Passkey,
    },
    http::{
        answers::nothing, authorization::Authorization, bodies::json_body,
        description::problem_responses, problems::FIELD_TOO_LARGE,
        room_headers::hex_link_of_headers,
    },
};

problem_responses!(DeleteProblems:
    ROOM_ID_INVALID, ROOM_EPOCH_INVALID, ROOM_AUTHORIZATION_INVALID, ROOM_UNAUTHORIZED,
    ROOM_FORBIDDEN, ROOM_PASSKEY_WRONG, CALL_ON, CALL_END_UNSUPPORTED, FIELD_TOO_LARGE,
    UNPROCESSABLE, ROOM_RATE_LIMITED, ROOM_VERIFICATION_LIMITED, UNAVAILABLE
);

/// Deletes a call link. A link that does not exist counts as deleted.
#[utoipa::path(
    delete,
    path = "/v1/call-link",
    tag = "links",
    params(
        ("X-Room-Id" = String, Header,
            pattern = "^(?:[0-9A-Fa-f]{2}){1,64}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room, in hex."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
    ),
    request_body = DeleteBody,
    responses(
        (status = OK, body = EmptyBody, description = "The link is gone."),
        DeleteProblems,
    ),
    security(("presentation" = []))
)]
pub(crate) async fn delete_link(
    State(links): State<Arc<Links>>,
    State(limits): State<HttpLimits>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let address = hex_link_of_headers(&head.headers)?;
    let presentation = Authorization::of_headers(&head.headers)?.require_auth()?;
    let body: DeleteBody = json_body(&head.headers, body, &limits).await?;
    let passkey = Passkey::new(body.admin_passkey.into_bytes());
    let request = AdminRequest {
        address,
        presentation,
        passkey: passkey.ok_or(Problem::new(&FIELD_TOO_LARGE))?,
        client,
    };
    let ends_call = body.end_call.unwrap_or(false);
    match links.delete(request, ends_call).await {
        Ok(()) | Err(AdminRefusal::UnknownLink) => Ok(nothing()),
        Err(refusal) => Err(refusal.into()),
    }
}
