//! `POST /auth/login`: starts a session with email and password.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_store::{DeviceId, DeviceOrigin, Email, RefreshToken};
use anteroom_wire::issuer::{LoginRequest, TokenResponse};
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::{
        client_limits::LOGIN,
        devices::{announcement::announce, registration::NewDevice},
        login::sign_in::{self, SignInAttempt, SignInOutcome},
        passwords::password::Password,
    },
    http::{
        admission::admit,
        cookie,
        devices::problems::device_name,
        json::read_json,
        problems::{RATE_LIMITED, VALIDATION_ERROR},
        refusals::answer,
        responses::BodyProblems,
        tokens::{TokenTransport, tokens},
        user_agent::origin,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    SignInProblems:
    400 "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`",
    401 "`LOGIN_INVALID_CREDENTIALS`",
    403 "`LOGIN_ACCOUNT_DISABLED`, `LOGIN_EMAIL_NOT_VERIFIED`: only after the right password",
    422 "`LOGIN_VALIDATION_ERROR`, `DEVICE_DISPLAY_NAME_INVALID`",
    423 "`LOGIN_ACCOUNT_LOCKED`" waits "Seconds until the lock ends.",
    429 "`LOGIN_RATE_LIMITED`" waits,
}

/// Starts a session.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "login",
    request_body = LoginRequest,
    responses(
        BodyProblems,
        SignInProblems,
        (status = OK, body = TokenResponse, description = "The tokens of the session.",
            headers(("Set-Cookie" = String,
                description = "The refresh token, where `cookie` asks for it."))),
    )
)]
pub(crate) async fn sign_in(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let origin = origin(client, request.headers());
    admit(&accounts.limits, &LOGIN, client, &RATE_LIMITED).await?;
    let shown = cookie::shown(request.headers());
    let body: LoginRequest = read_json(&accounts.http, request, &VALIDATION_ERROR).await?;
    let transport = match body.cookie {
        true => TokenTransport::Cookie,
        false => TokenTransport::Body,
    };
    let attempt = attempt(&body, shown)?;
    match sign_in::sign_in(&accounts, client, attempt).await? {
        SignInOutcome::Refused(attempt) => Err(answer(&accounts, &origin, attempt)),
        SignInOutcome::SignedIn(grant, changes) => {
            accounts.limits.note_network(client);
            let events = &accounts.login_events;
            events.success(&origin, &grant.email, &grant.session);
            announce(&accounts, &changes);
            tokens(&accounts, &grant, transport)
        }
    }
}

/// Parses a request. `cookie` is the refresh token that it shows as a cookie.
///
/// # Errors
/// `LOGIN_VALIDATION_ERROR`, and the problems of a device's name.
fn attempt(body: &LoginRequest, cookie: Option<RefreshToken>) -> Result<SignInAttempt, Problem> {
    let invalid = || Problem::new(&VALIDATION_ERROR);
    let email = Email::parse(body.email.as_str()).map_err(|_| invalid())?;
    let password = Password::parse(body.password.as_str()).map_err(|_| invalid())?;
    let id = body
        .device_id
        .map(|number| DeviceId::new(number).ok_or_else(invalid))
        .transpose()?;
    let name = body.device_name.as_ref().map(device_name).transpose()?;
    let proof = match (id, &body.refresh_token) {
        (None, _) => None,
        (Some(_), Some(token)) => RefreshToken::parse(token.as_str()),
        (Some(_), None) => cookie,
    };
    Ok(SignInAttempt {
        email,
        password,
        remember: body.remember_me,
        device: NewDevice {
            id,
            name,
            origin: DeviceOrigin::Login,
            password: None,
            address: None,
            caller: None,
        },
        proof,
    })
}
