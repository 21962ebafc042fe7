//! `POST /v1/call-link/create-auth`: issues a credential to create one room today, without learning
//! which.

use std::sync::Arc;

use anteroom_accounts::{GUEST_NOT_ALLOWED, private, problem_responses};
use anteroom_http_server::{Problem, ProblemKind, RequestClient, bounded_body, require_json};
use anteroom_protocol::CreateCredentialRequest;
use anteroom_store::AccountKind;
use anteroom_wire::issuer::{CreateAuthRequest, DayCredential};
use axum::{
    extract::{Request, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;

use crate::{
    domain::{
        account_limit::AccountRequest,
        create_credential::{CreateCredentialOutcome, issue_create_credential},
    },
    http::problems::CALL_LINK_UNAUTHORIZED,
    state::IssuerState,
};

const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "CALL_LINK_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many call-link credential requests. Please wait before trying again.",
};

const INVALID_REQUEST: ProblemKind = ProblemKind {
    code: "CALL_LINK_INVALID_REQUEST",
    status: StatusCode::BAD_REQUEST,
    detail: "Invalid call-link credential request.",
};

problem_responses! {
    CreateAuthProblems:
    400 "`CALL_LINK_INVALID_REQUEST`",
    401 "`CALL_LINK_UNAUTHORIZED`",
    403 "`GUEST_NOT_ALLOWED`",
    429 "`CALL_LINK_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, `OVERLOADED`",
}

/// Issues a credential to create one room today. The room's id stays blinded.
#[utoipa::path(
    post,
    path = "/v1/call-link/create-auth",
    tag = "credentials",
    request_body = CreateAuthRequest,
    responses(
        CreateAuthProblems,
        (status = OK, body = DayCredential, description = "The credential and its day."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn create_auth(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let caller = issuer
        .accounts
        .authenticate(headers, client, &CALL_LINK_UNAUTHORIZED)
        .await?;
    let aci = caller.account.aci;
    if caller.account.kind == AccountKind::Guest {
        return Err(Problem::new(&GUEST_NOT_ALLOWED));
    }
    let events = &issuer.events;
    let rate_limited = |after| {
        events.emit("call_link.rate_limited", &aci, |event| event);
        Problem::new(&RATE_LIMITED).retry_after(after)
    };
    let size = issuer.limits.sizes.create_auth;
    let admitted = AccountRequest::begin(&issuer.limits, "create-auth", size, &caller).await;
    let admitted = admitted.map_err(rate_limited)?;
    require_json(headers)?;
    let body = bounded_body(request.into_body(), &issuer.http).await?;
    let Some(request) = parse(&body) else {
        return Err(Problem::new(&INVALID_REQUEST));
    };
    match issue_create_credential(&issuer, admitted, aci, request).await? {
        CreateCredentialOutcome::RateLimited(after) => Err(rate_limited(after)),
        CreateCredentialOutcome::CredentialIssued {
            credential,
            redemption_time,
        } => {
            let redemption_time = redemption_time.as_secs();
            events.emit("call_link.credential_issued", &aci, |event| {
                event.with("redemption_time", redemption_time)
            });
            Ok(private(DayCredential {
                credential: credential.as_slice().into(),
                redemption_time,
            }))
        }
    }
}

fn parse(body: &[u8]) -> Option<CreateCredentialRequest> {
    let request: CreateAuthRequest = serde_json::from_slice(body).ok()?;
    let bytes = STANDARD
        .decode(request.create_call_link_credential_request)
        .ok()?;
    CreateCredentialRequest::from_bytes(&bytes).ok()
}
