//! `DELETE /v1/devices/{id}`: a device goes, and its sessions with it.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_service::{Problem, ProblemDocument, problems};
use anteroom_store::{DeviceId, TransactionName};
use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{
    NOT_ALLOWED, NOT_FOUND, emit,
    owner::{NoOwner, owner},
};
use crate::{auth::unauthenticated, issuer::Core};

/// What can come of a request.
enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    Deleted(Aci, DeviceId),
}

/// Deletes a device, be it the calling one. Its password, sessions and tokens end at once.
#[utoipa::path(
    delete,
    path = "/v1/devices/{id}",
    tag = "devices",
    params(
        ("id" = u32, Path, minimum = 1, maximum = 4_294_967_295_u32, example = 2,
            description = "The device."),
        ("account" = Option<String>, Query, format = "uuid",
            description = "Another account, by its id; for administrators."),
    ),
    responses(
        (status = NO_CONTENT, description = "The device is gone."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn delete(
    State(issuer): State<Arc<Core>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match decide(
        &issuer,
        id.as_ref().map_or("", |Path(id)| id),
        &request.into_parts().0,
    )
    .await
    {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::Deleted(owner, device)) => {
            issuer.authenticator.forget_device(&owner, device);
            emit(&issuer, "device.deleted", &owner, device);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is gone for now.
async fn decide(issuer: &Core, id: &str, head: &http::request::Parts) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let Some(caller) = issuer.authenticate(&head.headers).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(NoOwner::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(NoOwner::NotFound) => return Ok(Outcome::NotFound),
    };
    let Ok(device) = DeviceId::parse(id) else {
        return Ok(Outcome::NotFound);
    };
    let was_there = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let was_there = transaction.delete_device(&owner, device).await?;
            transaction.save().await?;
            Ok(was_there)
        })
        .await?;
    Ok(if was_there {
        Outcome::Deleted(owner, device)
    } else {
        Outcome::NotFound
    })
}
