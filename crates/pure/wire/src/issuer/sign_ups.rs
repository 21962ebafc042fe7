//! Sign-ups.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Secret;

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpRequest {
    /// In upper or lower case. Spaces around it are ignored. At most 255 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
    /// 8 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple"))]
    pub password: Secret,
    /// Required where sign-up is by invitation.
    #[serde(rename = "inviteCode")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_code: Option<Secret>,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyEmailRequest {
    /// The token of the mail.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "u9_fWcjrsbjdkY8zl8ty5IZ9vneYQRUjo6I9xYaQ0f0"))]
    pub token: Secret,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResendRequest {
    /// The address of the sign-up.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org"))]
    pub email: Secret,
}
