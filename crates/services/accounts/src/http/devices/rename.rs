//! `PATCH /v1/devices/{id}`: renames a device.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient, problems};
use anteroom_wire::{Secret, issuer::RenameRequest};
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
            problems::{NOT_FOUND, device_name},
        },
        json::read_json,
        refusals::not_recent,
        responses::PasswordProblems,
        user_agent::origin,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    RenameProblems:
    400 "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`",
    401 "`UNAUTHORIZED`, `LOGIN_INVALID_CREDENTIALS`",
    403 "`DEVICE_NOT_ALLOWED`, `LOGIN_RECENT_REQUIRED`",
    404 "`DEVICE_NOT_FOUND`",
    422 "`UNPROCESSABLE`, `DEVICE_DISPLAY_NAME_INVALID`, `LOGIN_VALIDATION_ERROR`",
    503 "`UNAVAILABLE`, `OVERLOADED`" waits,
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
        PasswordProblems,
        RenameProblems,
        (status = NO_CONTENT, description = "The device has the name."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn rename(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    caller: Caller,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<StatusCode, Problem> {
    let owner = owner(&caller, request.uri())?;
    let origin = origin(client, request.headers());
    let body: RenameRequest = read_json(&accounts.http, request, &problems::UNPROCESSABLE).await?;
    let name = device_name(&body.name)?;
    let Some(device) = id else {
        return Err(Problem::new(&NOT_FOUND));
    };
    let proof = RecentProof {
        client,
        password: body.password.as_ref().map(Secret::as_str),
    };
    match manage::rename(&accounts, &caller, &owner, device, &name, proof).await? {
        ManageOutcome::NotRecent(reason) => Err(not_recent(&accounts, &origin, reason)),
        ManageOutcome::NotFound => Err(Problem::new(&NOT_FOUND)),
        ManageOutcome::Changed => Ok(StatusCode::NO_CONTENT),
    }
}
