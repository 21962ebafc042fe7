//! `GET /v1/accounts/whoami`: shows the caller's own account.

use std::sync::Arc;

use anteroom_http_server::{ProblemDocument, problems};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{Caller, unauthenticated},
    issuer::IssuerState,
    wire::{Base64, private},
};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WhoamiResponse {
    /// The account id.
    #[schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")]
    uuid: String,
    /// The phone-number id; missing for an account without one.
    #[schema(format = "uuid")]
    pni: Option<String>,
    /// The number of the calling device.
    #[schema(minimum = 1, example = 1)]
    device_id: u32,
    /// For an account without a phone-number id: the salt that replaces it in the group
    /// credentials. The client needs it to verify them.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_credential_salt: Option<Base64>,
}

/// Shows the calling account and device.
#[utoipa::path(
    get,
    path = "/v1/accounts/whoami",
    tag = "accounts",
    responses(
        (status = OK, body = WhoamiResponse, description = "The account and the device."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn whoami(State(issuer): State<Arc<IssuerState>>, request: Request) -> Response {
    match issuer.authenticate(&request.into_parts().0).await {
        Ok(None) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Some(Caller {
            account, device, ..
        })) => private(WhoamiResponse {
            uuid: account.aci.to_uuid_string(),
            pni: account.pni.map(|pni| pni.to_uuid_string()),
            device_id: device.as_u32(),
            auth_credential_salt: match account.pni {
                Some(_) => None,
                None => Some(account.auth_salt.as_bytes().to_vec().into()),
            },
        }),
        Err(problem) => problem.into_response(),
    }
}
