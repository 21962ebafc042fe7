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

use crate::{
    domain::{
        callers::authenticator::unauthenticated,
        devices::changes::{ChangeCause, DeviceChange},
        login::recent::RecentProof,
        renewal::{RenewalCause, RenewalPermit},
    },
    http::{
        devices::{
            NOT_ALLOWED, NOT_FOUND,
            owner::{DevicePath, OwnerError, is_own_device, owner},
        },
        responses::{BodyProblems, PasswordProblems},
        wire::{Secret, read_optional_json},
    },
    state::AccountsState,
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
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    id: DevicePath,
    request: Request,
) -> Response {
    match decide(&accounts, client, id, request).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::InvalidInput) => Problem::new(&problems::UNPROCESSABLE).into_response(),
        Ok(Outcome::Deleted(change)) => {
            accounts.announce(&change);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// 503 or 500 when the database is unavailable.
async fn decide(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let (head, body) = request.into_parts();
    let Some(caller) = accounts.authenticate(&head).await? else {
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
    let Some(DeleteRequest { password }) =
        read_optional_json(accounts, &head.headers, body).await?
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
        proof.check(accounts, &caller).await?;
    }
    let cause = ChangeCause::Account(caller.account.aci);
    // The deleted device leaves the others none of the limits that it has used up.
    let renewal = match is_another {
        true => RenewalPermit::take(accounts, RenewalCause::Removal, &owner).await,
        false => None,
    };
    let change = accounts
        .stored(async {
            let mut transaction = accounts.database.begin(NAME).await?;
            let change = accounts
                .device_changes(&mut *transaction, accounts.now())
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
        renewal.refund(accounts).await;
    }
    Ok(change?.map_or(Outcome::NotFound, Outcome::Deleted))
}
