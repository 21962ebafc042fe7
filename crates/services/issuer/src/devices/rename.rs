//! `PATCH /v1/devices/{id}`: renames a device.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient, problems};
use anteroom_runtime::ClientAddress;
use anteroom_store::{DeviceName, DeviceNameError, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ChangeCause, DeviceChange, NOT_ALLOWED, NOT_FOUND, name_problem,
    owner::{DevicePath, OwnerError, is_own_device, owner},
};
use crate::{
    auth::unauthenticated,
    issuer::IssuerState,
    login::{
        recent::RecentProof,
        responses::PasswordProblems,
        wire::{Secret, read_json},
    },
};

enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    InvalidInput,
    NameRefused(DeviceNameError),
    Renamed(DeviceChange),
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RenameRequest {
    /// One line of 1 to 100 characters. White space around it does not count.
    #[schema(value_type = String, min_length = 1, example = "Ann's laptop")]
    name: Secret,
    /// For another device than the calling one: the password of the account's login, unless the
    /// calling session began within the last five minutes.
    #[schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    password: Option<Secret>,
}

/// Renames a device.
#[utoipa::path(
    patch,
    path = "/v1/devices/{id}",
    tag = "devices",
    params(
        ("id" = u32, Path, minimum = 1, maximum = 4_294_967_295_u32, example = 2,
            description = "The device."),
        ("account" = Option<String>, Query, format = "uuid",
            description = "Another account, by its id; for administrators."),
    ),
    request_body = RenameRequest,
    responses(
        (status = NO_CONTENT, description = "The device has the name."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`"),
        PasswordProblems,
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`"),
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
pub(crate) async fn rename(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    id: DevicePath,
    request: Request,
) -> Response {
    match decide(&issuer, client, id, request).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::InvalidInput) => Problem::new(&problems::UNPROCESSABLE).into_response(),
        Ok(Outcome::NameRefused(error)) => Problem::new(name_problem(error)).into_response(),
        Ok(Outcome::Renamed(change)) => {
            issuer.announce(&change);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems of the body's type or size, and 503 or 500 when the database is unavailable.
async fn decide(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(OwnerError::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(OwnerError::NotFound) => return Ok(Outcome::NotFound),
    };
    let Some(request) = read_json::<RenameRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let name = match DeviceName::parse(request.name.as_str()) {
        Ok(name) => name,
        Err(error) => return Ok(Outcome::NameRefused(error)),
    };
    let Some(device) = id else {
        return Ok(Outcome::NotFound);
    };
    if !is_own_device(&caller, &owner, device) {
        let proof = RecentProof {
            client,
            headers: &head.headers,
            password: request.password.as_ref(),
        };
        proof.check(issuer, &caller).await?;
    }
    let cause = ChangeCause::Account(caller.account.aci);
    let mut rng = issuer.entropy.rng();
    let change = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let change = issuer
                .device_changes(&mut *transaction, issuer.now())
                .rename(&owner, device, &name, cause, &mut *rng)
                .await?;
            transaction.save().await?;
            Ok(change)
        })
        .await?;
    Ok(change.map_or(Outcome::NotFound, Outcome::Renamed))
}
