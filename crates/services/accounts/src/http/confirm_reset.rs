//! `POST /auth/password-reset/confirm`: sets a new password with the token of a mail.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::ConfirmResetRequest;
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::RESET,
        confirm_reset::{self, ResetConfirmation, ResetOutcome},
    },
    http::{
        admission::admit,
        json::read_json,
        problems::{RESET_LINK_INVALID, RESET_RATE_LIMITED, RESET_VALIDATION_ERROR},
        responses::BodyProblems,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    ConfirmResetProblems:
    400 "`RESET_LINK_INVALID`, `BAD_REQUEST`",
    422 "`RESET_VALIDATION_ERROR`",
    429 "`RESET_RATE_LIMITED`" waits,
}

/// Sets a new password. All sessions of the account end. Devices that sessions or other devices
/// have given a password of their own are deleted, unless the request keeps them.
#[utoipa::path(
    post,
    path = "/auth/password-reset/confirm",
    tag = "login",
    request_body = ConfirmResetRequest,
    responses(
        BodyProblems,
        ConfirmResetProblems,
        (status = NO_CONTENT, description = "The password is the new one."),
    )
)]
pub(crate) async fn confirm_reset(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &RESET, client, &RESET_RATE_LIMITED).await?;
    let body: ConfirmResetRequest =
        read_json(&accounts.http, request, &RESET_VALIDATION_ERROR).await?;
    let confirmation = ResetConfirmation {
        token: body.token.as_str(),
        password: body.password.as_str(),
        keeps_devices: body.keep_devices,
    };
    match confirm_reset::confirm_reset(&accounts, client, &confirmation).await? {
        ResetOutcome::InvalidInput => Err(Problem::new(&RESET_VALIDATION_ERROR)),
        ResetOutcome::LinkInvalid => Err(Problem::new(&RESET_LINK_INVALID)),
        ResetOutcome::Reset => Ok(StatusCode::NO_CONTENT),
    }
}
