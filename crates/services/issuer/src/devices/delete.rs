//! `DELETE /v1/devices/{id}`: deletes a device and its sessions.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient, problems};
use anteroom_runtime::ClientAddress;
use anteroom_store::TransactionName;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ChangeCause, DeviceChange, NOT_ALLOWED, NOT_FOUND,
    owner::{DevicePath, OwnerError, is_own_device, owner},
};
use crate::{
    account_limit::{RenewalCause, RenewalPermit},
    auth::unauthenticated,
    issuer::IssuerState,
    login::{
        recent::RecentProof,
        responses::{BodyProblems, PasswordProblems},
        wire::{Secret, read_optional_json},
    },
};

enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    InvalidInput,
    Deleted(DeviceChange),
}

#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct DeleteRequest {
    /// For another device than the calling one: the password of the account's login, unless the
    /// calling session began within the last five minutes.
    #[schema(value_type = Option<String>, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    password: Option<Secret>,
}

/// Deletes a device, the calling one or another. Its password, sessions and tokens end at once.
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
    request_body(content = Option<DeleteRequest>),
    responses(
        BodyProblems,
        PasswordProblems,
        (status = NO_CONTENT, description = "The device is gone."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`UNPROCESSABLE`, `LOGIN_VALIDATION_ERROR`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn delete(
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
        Ok(Outcome::Deleted(change)) => {
            issuer.announce(&change);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// 503 or 500 when the database is unavailable.
async fn decide(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let (head, body) = request.into_parts();
    let Some(caller) = issuer.authenticate(&head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(OwnerError::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(OwnerError::NotFound) => return Ok(Outcome::NotFound),
    };
    let Some(device) = id else {
        return Ok(Outcome::NotFound);
    };
    let Some(DeleteRequest { password }) = read_optional_json(issuer, &head.headers, body).await?
    else {
        return Ok(Outcome::InvalidInput);
    };
    let is_another = !is_own_device(&caller, &owner, device);
    if is_another {
        let proof = RecentProof {
            client,
            headers: &head.headers,
            password: password.as_ref(),
        };
        proof.check(issuer, &caller).await?;
    }
    let cause = ChangeCause::Account(caller.account.aci);
    // The deleted device leaves the others none of the limits that it has used up.
    let renewal = match is_another {
        true => RenewalPermit::take(issuer, RenewalCause::Removal, &owner).await,
        false => None,
    };
    let change = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let change = issuer
                .device_changes(&mut *transaction, issuer.now())
                .delete(&owner, device, cause)
                .await?;
            if change.is_some() && renewal.is_some() {
                transaction.renew_limits(&owner).await?;
            }
            transaction.save().await?;
            Ok(change)
        })
        .await;
    if let Some(renewal) = renewal
        && !matches!(change, Ok(Some(_)))
    {
        renewal.refund(issuer).await;
    }
    Ok(change?.map_or(Outcome::NotFound, Outcome::Deleted))
}
