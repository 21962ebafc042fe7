//! `POST /v1/call-link/create-auth`: issues a credential to create one room today, without learning
//! which.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, ProblemKind, bounded_body, require_json};
use anteroom_protocol::{CreateCredentialRequest, Randomness, Timestamp};
use anteroom_runtime::{RetryAfter, WorkError};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    account_limit::AccountRequest,
    auth::{Caller, unauthenticated},
    call_link_auth::issuing_failed,
    issuer::{IssuerState, no_params},
    wire::{DayCredential, private},
};

/// The caller of a call-link endpoint is not authenticated.
pub(crate) const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "CALL_LINK_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to create call links.",
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

enum Outcome {
    RateLimited(Caller, RetryAfter),
    Unauthenticated,
    InvalidRequest,
    CredentialIssued {
        caller: Caller,
        credential: Vec<u8>,
        redemption_time: Timestamp,
    },
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateAuthRequest {
    /// The blinded room id: 97 bytes as base64.
    #[schema(
        content_encoding = "base64",
        pattern = "^[A-Za-z0-9+/]{129}[AQgw]==$",
        example = "AKTr4bDsfQ9xQqsf7KdJxy2YxJqyysh9Tdue2KXsy7VjROW+w0ULnkHLnrqdFeC1QsRJ97v+\
                   hf9tAtIBQy/saCuIt6euvNLh+d8NIWzlvuUYy7/tTl19XexBziN9mjpxPg=="
    )]
    create_call_link_credential_request: String,
}

/// Issues a credential to create one room today. The room's id stays blinded.
#[utoipa::path(
    post,
    path = "/v1/call-link/create-auth",
    tag = "credentials",
    request_body = CreateAuthRequest,
    responses(
        (status = OK, body = DayCredential, description = "The credential and its day."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_LINK_INVALID_REQUEST`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_LINK_UNAUTHORIZED`"),
        (status = PAYLOAD_TOO_LARGE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`PAYLOAD_TOO_LARGE`"),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNSUPPORTED_MEDIA_TYPE`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_LINK_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn create_auth(
    State(issuer): State<Arc<IssuerState>>,
    request: Request,
) -> Response {
    match decide(&issuer, request).await {
        Ok(Outcome::RateLimited(caller, after)) => {
            issuer.emit("call_link.rate_limited", &caller.account.aci, |event| event);
            Problem::new(&RATE_LIMITED)
                .retry_after(after)
                .into_response()
        }
        Ok(Outcome::Unauthenticated) => unauthenticated(&UNAUTHORIZED).into_response(),
        Ok(Outcome::InvalidRequest) => Problem::new(&INVALID_REQUEST).into_response(),
        Ok(Outcome::CredentialIssued {
            caller,
            credential,
            redemption_time,
        }) => {
            issuer.emit(
                "call_link.credential_issued",
                &caller.account.aci,
                |event| event.with("redemption_time", redemption_time.as_secs()),
            );
            private(DayCredential::new(credential, redemption_time))
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems of the body's type or size, and 503 or 500 when the database is unavailable or no
/// server params are live.
async fn decide(issuer: &Arc<IssuerState>, request: Request) -> Result<Outcome, Problem> {
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let (size, aci) = (issuer.limits.create_auth, caller.account.aci);
    let admitted = match AccountRequest::begin(issuer, "create-auth", size, &caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(Outcome::RateLimited(caller, after)),
    };
    require_json(&head.headers)?;
    let body = bounded_body(body, &issuer.http).await?;
    let Some(request) = parse(&body) else {
        return Ok(Outcome::InvalidRequest);
    };

    let now = issuer.now();
    let redemption_time = now.start_of_day();
    let params = issuer
        .params
        .current()
        .issuing_generic(now)
        .ok_or_else(no_params)?;
    let randomness = Randomness::random(&mut *issuer.entropy.rng());
    let issued = admitted.compute(issuer, move || {
        request
            .issue(&aci, redemption_time, &params, randomness)
            .map(|response| response.to_bytes())
    });
    let issued = match issued.await {
        Ok(issued) => issued.map_err(issuing_failed)?,
        Err(WorkError::CallerLimited) => {
            return Ok(Outcome::RateLimited(caller, RetryAfter::from_secs(1)));
        }
        Err(error) => return Err(Problem::of_work(error, &RATE_LIMITED)),
    };
    Ok(Outcome::CredentialIssued {
        caller,
        credential: issued,
        redemption_time,
    })
}

fn parse(body: &[u8]) -> Option<CreateCredentialRequest> {
    let request: CreateAuthRequest = serde_json::from_slice(body).ok()?;
    let bytes = STANDARD
        .decode(request.create_call_link_credential_request)
        .ok()?;
    CreateCredentialRequest::from_bytes(&bytes).ok()
}
