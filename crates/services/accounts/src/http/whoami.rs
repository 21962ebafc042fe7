//! `GET /v1/accounts/whoami`: shows the caller's own account.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::WhoamiResponse;
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::callers::caller::Caller,
    http::{authentication::caller_of, private::private},
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    WhoamiProblems:
    401 "`UNAUTHORIZED`",
    503 "`UNAVAILABLE`",
}

/// Shows the calling account and device.
#[utoipa::path(
    get,
    path = "/v1/accounts/whoami",
    tag = "accounts",
    responses(
        WhoamiProblems,
        (status = OK, body = WhoamiResponse, description = "The account and the device."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn whoami(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let Caller {
        account, device, ..
    } = caller_of(&accounts, client, request.headers()).await?;
    Ok(private(WhoamiResponse {
        uuid: account.aci.to_uuid_string(),
        pni: account.pni.map(|pni| pni.to_uuid_string()),
        device_id: device.as_u32(),
        auth_credential_salt: match account.pni {
            Some(_) => None,
            None => Some(account.auth_salt.as_bytes().as_slice().into()),
        },
    }))
}
