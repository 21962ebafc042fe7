//! `PATCH /v1/devices/{id}`: another name for a device.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_service::{Problem, ProblemDocument, problems};
use anteroom_store::{DeviceId, DeviceName, TransactionName};
use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    NAME_TOO_LONG, NOT_ALLOWED, NOT_FOUND, emit,
    owner::{NoOwner, owner},
};
use crate::{
    auth::unauthenticated,
    issuer::Core,
    login::wire::{Secret, read_json},
};

/// What can come of a request.
enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    InvalidInput,
    NameTooLong,
    Renamed(Aci, DeviceId),
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RenameRequest {
    /// At most 100 characters.
    #[schema(value_type = String, max_length = 100, example = "Ann's laptop")]
    name: Secret,
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
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNPROCESSABLE`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn rename(
    State(issuer): State<Arc<Core>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match decide(&issuer, id.as_ref().map_or("", |Path(id)| id), request).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::InvalidInput) => Problem::new(&problems::UNPROCESSABLE).into_response(),
        Ok(Outcome::NameTooLong) => Problem::new(&NAME_TOO_LONG).into_response(),
        Ok(Outcome::Renamed(owner, device)) => {
            emit(&issuer, "device.updated", &owner, device);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is not about this endpoint: a body of another type or size, and what is gone for now.
async fn decide(issuer: &Core, id: &str, request: Request) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head.headers).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(NoOwner::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(NoOwner::NotFound) => return Ok(Outcome::NotFound),
    };
    let Some(request) = read_json::<RenameRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let Ok(name) = DeviceName::parse(request.name.as_str()) else {
        return Ok(Outcome::NameTooLong);
    };
    let Ok(device) = DeviceId::parse(id) else {
        return Ok(Outcome::NotFound);
    };
    let mut rng = issuer.entropy.rng();
    let is_there = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let is_there = transaction
                .rename_device(&owner, device, &name, &mut *rng)
                .await?;
            transaction.save().await?;
            Ok(is_there)
        })
        .await?;
    Ok(if is_there {
        Outcome::Renamed(owner, device)
    } else {
        Outcome::NotFound
    })
}
