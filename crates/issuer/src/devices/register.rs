//! `POST /v1/devices`: one more device for the calling account, with a password of its own.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_service::{Problem, ProblemDocument, problems};
use anteroom_store::{DeviceId, DeviceName, DevicePassword, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    NAME_TOO_LONG, NOT_ALLOWED, NOT_FOUND, TOO_MANY_DEVICES, emit,
    owner::{NoOwner, owner},
    registration::{NewDevice, Registration, register},
};
use crate::{
    auth::unauthenticated,
    issuer::Core,
    login::wire::{Secret, read_json},
    wire::private,
};

/// What can come of a request.
enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    InvalidInput,
    NameTooLong,
    TooManyDevices,
    Registered(Aci, DeviceId, DevicePassword),
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterRequest {
    /// At most 100 characters.
    #[schema(value_type = String, max_length = 100, example = "Ann's laptop")]
    name: Secret,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterResponse<'a> {
    /// The new device.
    device_id: u32,
    /// Its password, which is shown only now.
    password: &'a str,
}

/// Registers one more device, which signs in with a password of its own.
#[utoipa::path(
    post,
    path = "/v1/devices",
    tag = "devices",
    params(("account" = Option<String>, Query, format = "uuid",
        description = "Another account, by its id; for administrators.")),
    request_body = RegisterRequest,
    responses(
        (status = OK, body = RegisterResponse, description = "The device and its password."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`: there is no such account"),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_LIMIT_REACHED`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNPROCESSABLE`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn register_device(State(issuer): State<Arc<Core>>, request: Request) -> Response {
    match decide(&issuer, request).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::InvalidInput) => Problem::new(&problems::UNPROCESSABLE).into_response(),
        Ok(Outcome::NameTooLong) => Problem::new(&NAME_TOO_LONG).into_response(),
        Ok(Outcome::TooManyDevices) => Problem::new(&TOO_MANY_DEVICES).into_response(),
        Ok(Outcome::Registered(owner, device, password)) => {
            emit(&issuer, "device.registered", &owner, device);
            private(RegisterResponse {
                device_id: device.as_u32(),
                password: password.as_str(),
            })
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is not about this endpoint: a body of another type or size, and what is gone for now.
async fn decide(issuer: &Core, request: Request) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("register device");
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head.headers).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(NoOwner::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(NoOwner::NotFound) => return Ok(Outcome::NotFound),
    };
    let Some(request) = read_json::<RegisterRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let Ok(name) = DeviceName::parse(request.name.as_str()) else {
        return Ok(Outcome::NameTooLong);
    };
    let mut rng = issuer.entropy.rng();
    let mut device = NewDevice {
        id: None,
        name: Some(name),
        password: Some(DevicePassword::random(&mut *rng)),
    };
    let keys = issuer.database.service_keys();
    let now = issuer.now();
    let registered = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            if transaction.account(&owner).await?.is_none() {
                return Ok(None);
            }
            let registered =
                register(&mut *transaction, &keys, &owner, &device, now, &mut *rng).await?;
            transaction.save().await?;
            Ok(Some(registered))
        })
        .await?;
    Ok(match (registered, device.password.take()) {
        (Some(Registration::New(id)), Some(password)) => Outcome::Registered(owner, id, password),
        (Some(_), _) => Outcome::TooManyDevices,
        (None, _) => Outcome::NotFound,
    })
}
