//! `PATCH /v1/devices/{id}`: renames a device.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient, problems};
use anteroom_wire::{Secret, issuer::RenameRequest};
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        devices::{
            announcement::announce,
            rename::{self, RenameOutcome},
        },
        login::recent::RecentProof,
    },
    http::{
        authentication::caller_of,
        devices::{
            owner::{DevicePath, owner},
            problems::{NOT_FOUND, device_name},
        },
        json::read_json,
        refusals::not_recent,
        responses::PasswordProblems,
        user_agent::origin,
    },
    state::AccountsState,
};

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
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    DevicePath(id): DevicePath,
    request: Request,
) -> Result<StatusCode, Problem> {
    let caller = caller_of(
        &accounts,
        request.headers(),
        client,
        &problems::UNAUTHORIZED,
    )
    .await?;
    let owner = owner(&caller, request.uri())?;
    let origin = origin(client, request.headers());
    let Some(body) = read_json::<RenameRequest>(&accounts.http, request).await? else {
        return Err(Problem::new(&problems::UNPROCESSABLE));
    };
    let name = device_name(&body.name)?;
    let Some(device) = id else {
        return Err(Problem::new(&NOT_FOUND));
    };
    let proof = RecentProof {
        client,
        password: body.password.as_ref().map(Secret::as_str),
    };
    match rename::rename(&accounts, &caller, &owner, device, &name, proof).await? {
        RenameOutcome::NotRecent(reason) => Err(not_recent(&accounts, &origin, reason)),
        RenameOutcome::NotFound => Err(Problem::new(&NOT_FOUND)),
        RenameOutcome::Renamed(change) => {
            announce(&accounts, &change);
            Ok(StatusCode::NO_CONTENT)
        }
    }
}
