//! Password resets.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Secret;

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetRequest {
    /// The address of the account.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmResetRequest {
    /// The token of the mail.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "oje_zg02EWkgZd8831hK3n6vLIFuGRjcxIWLVkW2BmY"))]
    pub token: Secret,
    /// The new password: 8 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    pub password: Secret,
    /// Whether to keep the devices that sessions and other devices have given a password of their
    /// own.
    #[serde(default, rename = "keepDevices")]
    pub keep_devices: bool,
}
