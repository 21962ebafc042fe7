//! `POST /v1/devices`: registers one more device of the calling account, with a password of its
//! own.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient, problems};
use anteroom_runtime::ClientAddress;
use anteroom_store::{DeviceName, DeviceNameError, DeviceOrigin, DevicePassword, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    REGISTRATION_NOT_ALLOWED, TOO_MANY_DEVICES, name_problem, owner,
    registration::{NewDevice, Registration, register},
};
use crate::{
    auth::unauthenticated,
    issuer::IssuerState,
    login::{
        recent::RecentProof,
        responses::PasswordProblems,
        wire::{Secret, read_json},
    },
    wire::private,
};

enum Outcome {
    Unauthenticated,
    NotAllowed,
    InvalidInput,
    NameRefused(DeviceNameError),
    TooManyDevices,
    Registered(Registration, DevicePassword),
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterRequest {
    /// One line of 1 to 100 characters. White space around it does not count.
    #[schema(value_type = String, min_length = 1, example = "Ann's laptop")]
    name: Secret,
    /// The password of the account's login, unless the calling session began within the last five
    /// minutes.
    #[schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    password: Option<Secret>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterResponse<'a> {
    /// The number of the new device.
    device_id: u32,
    /// The password of the new device, which is shown only once.
    password: &'a str,
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
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&REGISTRATION_NOT_ALLOWED).into_response(),
        Ok(Outcome::InvalidInput) => Problem::new(&problems::UNPROCESSABLE).into_response(),
        Ok(Outcome::NameRefused(error)) => Problem::new(name_problem(error)).into_response(),
        Ok(Outcome::TooManyDevices) => Problem::new(&TOO_MANY_DEVICES).into_response(),
        Ok(Outcome::Registered(registration, password)) => {
            for change in &registration.changes {
                issuer.announce(change);
            }
            private(RegisterResponse {
                device_id: registration.device.as_u32(),
                password: password.as_str(),
            })
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems of the body's type or size, and 503 or 500 when the database is unavailable.
async fn decide(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("register device");
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    if !owner::is_own(&caller, &head.uri) {
        return Ok(Outcome::NotAllowed);
    }
    let owner = caller.account.aci;
    let Some(request) = read_json::<RegisterRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let name = match DeviceName::parse(request.name.as_str()) {
        Ok(name) => name,
        Err(error) => return Ok(Outcome::NameRefused(error)),
    };
    let proof = RecentProof {
        client,
        headers: &head.headers,
        password: request.password.as_ref(),
    };
    proof.check(issuer, &caller).await?;
    let mut rng = issuer.entropy.rng();
    let mut device = NewDevice {
        id: None,
        name: Some(name),
        origin: DeviceOrigin::Request,
        password: Some(DevicePassword::random(&mut *rng)),
        // The address is unknown, because the new device has not been seen.
        address: None,
        caller: Some(caller.device),
    };
    let keys = issuer.database.storage_keys();
    let now = issuer.now();
    let registered = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let still_there = transaction.device(&owner, caller.device).await?.is_some();
            if !still_there {
                return Ok(None);
            }
            let mut changes = issuer.device_changes(&mut *transaction, now);
            let registered = register(&mut changes, &keys, &owner, &device, now, &mut *rng).await?;
            transaction.save().await?;
            Ok(Some(registered))
        })
        .await?;
    Ok(match (registered, device.password.take()) {
        (Some(Some(registration)), Some(password)) => Outcome::Registered(registration, password),
        (Some(_), _) => Outcome::TooManyDevices,
        (None, _) => Outcome::Unauthenticated,
    })
}
