//! `DELETE /v1/devices/{id}`: deletes a device and its sessions.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient, problems};
use anteroom_wire::{Secret, issuer::DeleteRequest};
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        callers::caller::Caller,
        devices::manage::{self, ManageOutcome},
        login::recent::RecentProof,
    },
    http::{
        devices::{
            owner::{DevicePath, owner},
            problems::NOT_FOUND,
        },
        json::read_optional_json,
        refusals::not_recent,
        responses::{BodyProblems, PasswordProblems},
        user_agent::origin,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    DeleteProblems:
    401 "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`",
    403 "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`",
    404 "`DEVICE_NOT_FOUND`",
    422 "`UNPROCESSABLE`, `LOGIN_VALIDATION_ERROR`",
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
        DeleteProblems,
        (status = NO_CONTENT, description = "The device is gone."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn delete(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    caller: Caller,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<StatusCode, Problem> {
    let owner = owner(&caller, request.uri())?;
    let Some(device) = id else {
        return Err(Problem::new(&NOT_FOUND));
    };
    let origin = origin(client, request.headers());
    let DeleteRequest { password } =
        read_optional_json(&accounts.http, request, &problems::UNPROCESSABLE).await?;
    let proof = RecentProof {
        client,
        password: password.as_ref().map(Secret::as_str),
    };
    match manage::delete(&accounts, &caller, &owner, device, proof).await? {
        ManageOutcome::NotRecent(reason) => Err(not_recent(&accounts, &origin, reason)),
        ManageOutcome::NotFound => Err(Problem::new(&NOT_FOUND)),
        ManageOutcome::Changed => Ok(StatusCode::NO_CONTENT),
    }
}
