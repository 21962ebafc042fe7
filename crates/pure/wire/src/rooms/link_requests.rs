//! The requests that create, change and delete call links, and the answer to a delete.

use serde::{Deserialize, Serialize};

use super::RestrictionsBody;
use crate::Base64;

#[expect(
    missing_docs,
    reason = "the OpenAPI document describes the request, and the members that need it"
)]
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeBody {
    /// The link's passkey: at most 32 bytes, and in a create at least 16.
    #[cfg_attr(feature = "openapi", schema(value_type = String, content_encoding = "base64",
        max_length = 44, pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw=="))]
    pub admin_passkey: Base64,
    /// The public params of the link, 33 bytes as base64. In a create only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            content_encoding = "base64",
            pattern = "^[A-Za-z0-9+/]{44}$",
            example = "AALgf/RPbOidb3W6aciHuKKB/XC3kwMhyHHXmpBA9YBZ"
        )
    )]
    pub zkparams: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<RestrictionsBody>,
    /// The encrypted name: at most 288 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, content_encoding = "base64",
        max_length = 384, pattern = "^[A-Za-z0-9+/]*={0,2}$"))]
    pub name: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// In an update: ends the call, and sends away the devices that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_call: Option<bool>,
}

/// The body of a delete. Unknown members are ignored: deployed clients send them.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeleteBody {
    /// The link's passkey.
    #[cfg_attr(feature = "openapi", schema(value_type = String, content_encoding = "base64",
        max_length = 44, pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw=="))]
    pub admin_passkey: Base64,
    /// Ends the call, and sends away the devices that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_call: Option<bool>,
}

/// `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmptyBody {}
