//! `POST /v1/devices`: registers one more device of the calling account, with a password of its
//! own.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient, problems};
use anteroom_wire::{
    Secret,
    issuer::{RegisterRequest, RegisterResponse},
};
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::register::{self, RegisterOutcome},
        login::recent::RecentProof,
    },
    http::{
        authentication::unauthenticated,
        devices::{
            owner::is_own,
            problems::{REGISTRATION_NOT_ALLOWED, TOO_MANY_DEVICES, device_name},
        },
        json::{private, read_json},
        problems::GUEST_NOT_ALLOWED,
        refusals::not_recent,
        responses::PasswordProblems,
        user_agent::origin,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    RegisterDeviceProblems:
    400 "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`",
    401 "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`",
    403 "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`, `GUEST_NOT_ALLOWED`",
    409 "`DEVICE_LIMIT_REACHED`: all other devices have passwords of their own",
    422 "`UNPROCESSABLE`, `DEVICE_DISPLAY_NAME_INVALID`, `LOGIN_VALIDATION_ERROR`",
    503 "`UNAVAILABLE`, `OVERLOADED`" waits,
}

/// Registers one more device of the calling account, which signs in with a password of its own.
#[utoipa::path(
    post,
    path = "/v1/devices",
    tag = "devices",
    params(("account" = Option<String>, Query, format = "uuid",
        description = "The calling account, by its id. Any other is refused, to administrators too.")),
    request_body = RegisterRequest,
    responses(
        PasswordProblems,
        RegisterDeviceProblems,
        (status = OK, body = RegisterResponse, description = "The device and its password."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn register_device(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    if !is_own(&caller, request.uri()) {
        return Err(Problem::new(&REGISTRATION_NOT_ALLOWED));
    }
    let origin = origin(client, request.headers());
    let body: RegisterRequest =
        read_json(&accounts.http, request, &problems::UNPROCESSABLE).await?;
    let name = device_name(&body.name)?;
    let proof = RecentProof {
        client,
        password: body.password.as_ref().map(Secret::as_str),
    };
    match register::register_device(&accounts, &caller, name, proof).await? {
        RegisterOutcome::Unauthenticated => Err(unauthenticated(&problems::UNAUTHORIZED)),
        RegisterOutcome::GuestRefused => Err(Problem::new(&GUEST_NOT_ALLOWED)),
        RegisterOutcome::NotRecent(reason) => Err(not_recent(&accounts, &origin, reason)),
        RegisterOutcome::TooManyDevices => Err(Problem::new(&TOO_MANY_DEVICES)),
        RegisterOutcome::Registered(device, password) => Ok(private(RegisterResponse {
            device_id: device.as_u32(),
            password: Secret::from(password.as_str()),
        })),
    }
}
