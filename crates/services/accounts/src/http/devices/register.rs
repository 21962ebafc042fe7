//! `POST /v1/devices`: registers one more device of the calling account, with a password of its
//! own.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient, problems};
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
        devices::{
            announcement::announce,
            register::{self, RegisterOutcome},
        },
        login::recent::RecentProof,
    },
    http::{
        authentication::{caller_of, unauthenticated},
        devices::{
            owner::is_own,
            problems::{REGISTRATION_NOT_ALLOWED, TOO_MANY_DEVICES, device_name},
        },
        json::read_json,
        private::private,
        refusals::not_recent,
        responses::PasswordProblems,
        user_agent::origin,
    },
    state::AccountsState,
};

/// Registers one more device of the calling account, which signs in with a password of its own.
#[utoipa::path(
    post,
    path = "/v1/devices",
    tag = "devices",
    params(("account" = Option<String>, Query, format = "uuid",
        description = "The calling account, by its id. Any other is refused, to administrators too.")),
    request_body = RegisterRequest,
    responses(
        (status = OK, body = RegisterResponse, description = "The device and its password."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`"),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_LIMIT_REACHED`: all other devices have passwords of their own"),
        PasswordProblems,
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNPROCESSABLE`, `DEVICE_DISPLAY_NAME_INVALID`, \
                `LOGIN_VALIDATION_ERROR`"),
        (status = REQUEST_TIMEOUT, body = ProblemDocument,
            content_type = "application/problem+json", description = "`REQUEST_TIMEOUT`"),
        (status = PAYLOAD_TOO_LARGE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`PAYLOAD_TOO_LARGE`"),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNSUPPORTED_MEDIA_TYPE`"),
        (status = INTERNAL_SERVER_ERROR, body = ProblemDocument,
            content_type = "application/problem+json", description = "`INTERNAL`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = GATEWAY_TIMEOUT, body = ProblemDocument,
            content_type = "application/problem+json", description = "`TIMEOUT`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn register_device(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let caller = caller_of(
        &accounts,
        request.headers(),
        client,
        &problems::UNAUTHORIZED,
    )
    .await?;
    if !is_own(&caller, request.uri()) {
        return Err(Problem::new(&REGISTRATION_NOT_ALLOWED));
    }
    let origin = origin(client, request.headers());
    let Some(body) = read_json::<RegisterRequest>(&accounts.http, request).await? else {
        return Err(Problem::new(&problems::UNPROCESSABLE));
    };
    let name = device_name(&body.name)?;
    let proof = RecentProof {
        client,
        password: body.password.as_ref().map(Secret::as_str),
    };
    match register::register_device(&accounts, &caller, name, proof).await? {
        RegisterOutcome::Unauthenticated => Err(unauthenticated(&problems::UNAUTHORIZED)),
        RegisterOutcome::NotRecent(reason) => Err(not_recent(&accounts, &origin, reason)),
        RegisterOutcome::TooManyDevices => Err(Problem::new(&TOO_MANY_DEVICES)),
        RegisterOutcome::Registered(registration, password) => {
            for change in &registration.changes {
                announce(&accounts, change);
            }
            Ok(private(RegisterResponse {
                device_id: registration.device.as_u32(),
                password: Secret::from(password.as_str()),
            }))
        }
    }
}
