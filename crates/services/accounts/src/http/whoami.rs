//! `GET /v1/accounts/whoami`: shows the caller's own account.

use anteroom_store::AccountKind;
use anteroom_wire::issuer::WhoamiResponse;
use axum::response::Response;

use crate::{domain::callers::caller::Caller, http::json::private, problem_responses};

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
pub(crate) async fn whoami(caller: Caller) -> Response {
    let Caller {
        account, device, ..
    } = caller;
    private(WhoamiResponse {
        uuid: account.aci.to_uuid_string(),
        pni: account.pni.map(|pni| pni.to_uuid_string()),
        device_id: device.as_u32(),
        auth_credential_salt: match account.pni {
            Some(_) => None,
            None => Some(account.auth_salt.as_bytes().as_slice().into()),
        },
        guest: account.kind == AccountKind::Guest,
    })
}
