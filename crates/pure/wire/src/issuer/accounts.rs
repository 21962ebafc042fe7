//! The calling account.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Base64;

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WhoamiResponse {
    /// The account id.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")
    )]
    pub uuid: String,
    /// The phone-number id; missing for an account without one.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub pni: Option<String>,
    /// The number of the calling device.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 1))]
    pub device_id: u32,
    /// For an account without a phone-number id: the salt that replaces it in the group
    /// credentials. The client needs it to verify them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_credential_salt: Option<Base64>,
}
