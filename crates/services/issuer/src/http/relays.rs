//! `GET /v2/calling/relays`: issues credentials for relays, for calls between networks that do not
//! reach each other.

use std::sync::Arc;

use anteroom_accounts::{GUESTS_OFF, private, problem_responses};
use anteroom_http_server::{Problem, ProblemKind, RequestClient};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_wire::{
    Secret,
    issuer::{RelayEntry, RelaysResponse},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};

use crate::{
    domain::relay_credentials::{RelayCredentialsOutcome, issue_relay_credentials},
    state::IssuerState,
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

problem_responses! {
    RelaysProblems:
    401 "`CALL_RELAY_UNAUTHORIZED`",
    403 "`GUESTS_OFF`",
    429 "`CALL_RELAY_RATE_LIMITED`" waits,
    500 "`CALL_RELAY_PROVIDER_ERROR` with `Retry-After`, `INTERNAL`" waits,
    503 "`UNAVAILABLE`, `OVERLOADED`" waits,
}

/// Gives credentials for relays.
#[utoipa::path(
    get,
    path = "/v2/calling/relays",
    tag = "calling",
    responses(
        RelaysProblems,
        (status = OK, body = RelaysResponse, description = "The relays, with credentials."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn relays(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    answer(&issuer, request.headers(), client).await
}

/// Gives the same under the path of older clients.
#[utoipa::path(
    get,
    path = "/v1/calling/relays",
    tag = "calling",
    responses(
        RelaysProblems,
        (status = OK, body = RelaysResponse, description = "As `/v2/calling/relays`."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn relays_v1(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    answer(&issuer, request.headers(), client).await
}

async fn answer(
    issuer: &IssuerState,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Response, Problem> {
    let caller = issuer
        .accounts
        .authenticate(headers, client, &UNAUTHORIZED)
        .await?;
    let (events, aci) = (&issuer.events, &caller.account.aci);
    match issue_relay_credentials(issuer, &caller, client).await {
        RelayCredentialsOutcome::GuestsOff => Err(Problem::new(&GUESTS_OFF)),
        RelayCredentialsOutcome::RateLimited(after) => {
            events.emit("call_relay.rate_limited", aci, |event| event);
            Err(Problem::new(&RATE_LIMITED).retry_after(after))
        }
        RelayCredentialsOutcome::ProviderError(error) => {
            issuer.relay_provider_errors.add(1);
            events.emit("call_relay.provider_error", aci, |event| {
                event.with("http_status", error.http_status())
            });
            let after = RetryAfter::from_secs(error.retry_after_secs());
            Err(Problem::new(&PROVIDER_ERROR).retry_after(after))
        }
        RelayCredentialsOutcome::CredentialsIssued(relay) => {
            let ttl = relay.ttl.as_secs();
            events.emit("call_relay.credentials_issued", aci, |event| {
                event.with("turn_ttl_seconds", ttl)
            });
            Ok(private(RelaysResponse {
                relays: vec![RelayEntry {
                    username: Secret::from(relay.username.as_str()),
                    password: Secret::from(relay.password.as_str()),
                    ttl,
                    urls: relay.urls.clone(),
                    urls_with_ips: relay.urls_with_ips.clone(),
                    hostname: relay.hostname.clone(),
                }],
            }))
        }
        RelayCredentialsOutcome::NoRelays => Ok(private(RelaysResponse { relays: Vec::new() })),
    }
}
