//! `POST /auth/signup`: creates a login for an email address, which its owner has to confirm.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::{Secret, issuer::SignUpRequest};
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::SIGN_UP,
        sign_up::{self, SignUpApplication, SignUpOutcome},
    },
    http::{
        admission::admit,
        json::read_json,
        problems::{
            INVITE_INVALID, SIGN_UP_CLOSED, SIGN_UP_RATE_LIMITED, SIGN_UP_VALIDATION_ERROR,
        },
        responses::BodyProblems,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    SignUpProblems:
    403 "`SIGNUP_CLOSED`, `SIGNUP_INVITE_INVALID`",
    422 "`SIGNUP_VALIDATION_ERROR`",
    429 "`SIGNUP_RATE_LIMITED`" waits,
}

/// Requests an account. A mail explains the next step, with or without an account of the address.
/// The answer is sent before anything depends on the account.
#[utoipa::path(
    post,
    path = "/auth/signup",
    tag = "login",
    request_body = SignUpRequest,
    responses(
        BodyProblems,
        SignUpProblems,
        (status = ACCEPTED, description = "A mail is on its way."),
    )
)]
pub(crate) async fn sign_up(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &SIGN_UP, client, &SIGN_UP_RATE_LIMITED).await?;
    let body: SignUpRequest = read_json(&accounts.http, request, &SIGN_UP_VALIDATION_ERROR).await?;
    let application = SignUpApplication {
        email: body.email.as_str(),
        password: body.password.as_str(),
        invite_code: body.invite_code.as_ref().map(Secret::as_str),
    };
    match sign_up::sign_up(&accounts, client, &application).await? {
        SignUpOutcome::InvalidInput => Err(Problem::new(&SIGN_UP_VALIDATION_ERROR)),
        SignUpOutcome::Closed => Err(Problem::new(&SIGN_UP_CLOSED)),
        SignUpOutcome::InvalidInvite => Err(Problem::new(&INVITE_INVALID)),
        SignUpOutcome::Accepted => Ok(StatusCode::ACCEPTED),
    }
}
