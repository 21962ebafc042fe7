//! `DELETE /v1/devices/{id}`: a device goes, and its sessions with it.

use std::sync::Arc;

use anteroom_service::{Problem, ProblemDocument, problems};
use anteroom_store::TransactionName;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{
    Actor, DeviceChange, NOT_ALLOWED, NOT_FOUND,
    owner::{DevicePath, NoOwner, owner},
};
use crate::{auth::unauthenticated, issuer::Core};

/// What can come of a request.
enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    Deleted(DeviceChange),
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
pub(crate) async fn delete(
    State(issuer): State<Arc<Core>>,
    id: DevicePath,
    request: Request,
) -> Response {
    match decide(&issuer, id, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::Deleted(change)) => {
            issuer.announce(&change);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is gone for now.
async fn decide(
    issuer: &Core,
    DevicePath(id): DevicePath,
    head: &http::request::Parts,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let Some(caller) = issuer.authenticate(head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(NoOwner::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(NoOwner::NotFound) => return Ok(Outcome::NotFound),
    };
    let Some(device) = id else {
        return Ok(Outcome::NotFound);
    };
    let actor = Actor::Account(caller.account.aci);
    let change = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let change = issuer
                .device_changes(&mut *transaction, issuer.now())
                .delete(&owner, device, actor)
                .await?;
            transaction.save().await?;
            Ok(change)
        })
        .await?;
    Ok(change.map_or(Outcome::NotFound, Outcome::Deleted))
}
