//! `GET /v2/calling/relays`: issues credentials for relays, for calls between networks that do not
//! reach each other.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, ProblemKind};
use anteroom_runtime::{RetryAfter, dependency_wait};
use anteroom_turn::{Relay, RelayError, RelayUser};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, request::Parts};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    account_limit::AccountRequest,
    auth::{Caller, unauthenticated},
    issuer::IssuerState,
    wire::private,
};

const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "CALL_RELAY_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to obtain call relay credentials.",
};

const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "CALL_RELAY_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many relay credential requests. Please wait before trying again.",
};

const PROVIDER_ERROR: ProblemKind = ProblemKind {
    code: "CALL_RELAY_PROVIDER_ERROR",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    detail: "Unable to obtain relay credentials at this time. Please try again.",
};

enum Outcome {
    RateLimited(Caller, RetryAfter),
    Unauthenticated,
    ProviderError(Caller, RelayError),
    CredentialsIssued(Caller, Relay),
    NoRelays,
}

#[derive(Serialize, ToSchema)]
struct RelaysResponse<'a> {
    /// Empty if no relays are configured.
    relays: Vec<RelayEntry<'a>>,
}

/// A relay and its credentials.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RelayEntry<'a> {
    /// Empty if the relay needs no credentials.
    username: &'a str,
    /// Empty if the relay needs no credentials.
    password: &'a str,
    /// The time for which the credentials are valid, in seconds.
    ttl: u64,
    /// URLs by host name.
    urls: &'a [String],
    /// URLs by address, IPv6 in brackets; empty if the name could not be resolved.
    urls_with_ips: &'a [String],
    /// The name in the relay's TLS certificate.
    hostname: &'a str,
}

/// Gives credentials for relays.
#[utoipa::path(
    get,
    path = "/v2/calling/relays",
    tag = "calling",
    responses(
        (status = OK, body = RelaysResponse, description = "The relays, with credentials."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_RELAY_UNAUTHORIZED`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_RELAY_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = INTERNAL_SERVER_ERROR, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`CALL_RELAY_PROVIDER_ERROR` with `Retry-After`, `INTERNAL`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = GATEWAY_TIMEOUT, body = ProblemDocument,
            content_type = "application/problem+json", description = "`TIMEOUT`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn relays(State(issuer): State<Arc<IssuerState>>, request: Request) -> Response {
    answer(&issuer, &request.into_parts().0).await
}

/// Gives the same under the path of older clients.
#[utoipa::path(
    get,
    path = "/v1/calling/relays",
    tag = "calling",
    responses(
        (status = OK, body = RelaysResponse, description = "As `/v2/calling/relays`."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_RELAY_UNAUTHORIZED`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`CALL_RELAY_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = INTERNAL_SERVER_ERROR, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`CALL_RELAY_PROVIDER_ERROR` with `Retry-After`, `INTERNAL`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = GATEWAY_TIMEOUT, body = ProblemDocument,
            content_type = "application/problem+json", description = "`TIMEOUT`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn relays_v1(
    State(issuer): State<Arc<IssuerState>>,
    request: Request,
) -> Response {
    answer(&issuer, &request.into_parts().0).await
}

async fn answer(issuer: &Arc<IssuerState>, head: &Parts) -> Response {
    match decide(issuer, head).await {
        Ok(Outcome::RateLimited(caller, after)) => {
            issuer.emit("call_relay.rate_limited", &caller.account.aci, |event| {
                event
            });
            Problem::new(&RATE_LIMITED)
                .retry_after(after)
                .into_response()
        }
        Ok(Outcome::Unauthenticated) => unauthenticated(&UNAUTHORIZED).into_response(),
        Ok(Outcome::ProviderError(caller, error)) => {
            issuer.relay_provider_errors.add(1);
            issuer.emit("call_relay.provider_error", &caller.account.aci, |event| {
                event.with("http_status", error.http_status())
            });
            Problem::new(&PROVIDER_ERROR)
                .retry_after(RetryAfter::from_secs(error.retry_after_secs()))
                .into_response()
        }
        Ok(Outcome::CredentialsIssued(caller, relay)) => {
            let ttl = relay.ttl.as_secs();
            issuer.emit(
                "call_relay.credentials_issued",
                &caller.account.aci,
                |event| event.with("turn_ttl_seconds", ttl),
            );
            private(RelaysResponse {
                relays: vec![RelayEntry {
                    username: &relay.username,
                    password: &relay.password,
                    ttl,
                    urls: &relay.urls,
                    urls_with_ips: &relay.urls_with_ips,
                    hostname: &relay.hostname,
                }],
            })
        }
        Ok(Outcome::NoRelays) => private(RelaysResponse { relays: Vec::new() }),
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// 503 or 500 when the database is unavailable.
async fn decide(issuer: &Arc<IssuerState>, head: &Parts) -> Result<Outcome, Problem> {
    let Some(caller) = issuer.authenticate(head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let (aci, now) = (&caller.account.aci, issuer.now());
    let size = issuer.limits.relays;
    let _admitted = match AccountRequest::begin(issuer, "relays", size, &caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(Outcome::RateLimited(caller, after)),
    };
    let user = RelayUser {
        name: issuer.pseudonymizer.daily("relay user", aci, now),
        percentile: issuer.pseudonymizer.percentile("relay experiment", aci),
    };
    Ok(
        match dependency_wait(issuer.relays.issue(user, now)).await {
            Ok(Some(relay)) => Outcome::CredentialsIssued(caller, relay),
            Ok(None) => Outcome::NoRelays,
            Err(error) => Outcome::ProviderError(caller, error),
        },
    )
}
