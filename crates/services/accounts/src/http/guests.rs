//! `POST /v1/guests`: adds an account of a guest, for somebody without a login.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemKind, RequestClient, problems};
use anteroom_wire::{
    Secret,
    issuer::{GuestRequest, GuestResponse},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;

use crate::{
    domain::guests::{GuestOutcome, add_guest},
    http::{
        json::{private, read_json},
        problems::GUESTS_OFF,
        responses::BodyProblems,
    },
    problem_responses,
    state::AccountsState,
};

const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "GUESTS_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many new guests. Please wait before trying again.",
};

problem_responses! {
    GuestProblems:
    403 "`GUESTS_OFF`",
    422 "`UNPROCESSABLE`",
    429 "`GUESTS_RATE_LIMITED`" waits,
}

/// Adds an account of a guest with one device. A guest joins calls with it and creates no links. The
/// account is deleted 30 days after its last use.
#[utoipa::path(
    post,
    path = "/v1/guests",
    tag = "accounts",
    request_body = GuestRequest,
    responses(
        BodyProblems,
        GuestProblems,
        (status = OK, body = GuestResponse, description = "The account, its device and the password of the device."),
    )
)]
pub(crate) async fn add(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let GuestRequest {} = read_json(&accounts.http, request, &problems::UNPROCESSABLE).await?;
    match add_guest(&accounts, client).await? {
        GuestOutcome::Off => Err(Problem::new(&GUESTS_OFF)),
        GuestOutcome::RateLimited(after) => Err(Problem::new(&RATE_LIMITED).retry_after(after)),
        GuestOutcome::Added(guest) => Ok(private(GuestResponse {
            uuid: guest.aci.to_uuid_string(),
            device_id: guest.device.as_u32(),
            password: Secret::from(guest.password.as_str()),
        })),
    }
}
