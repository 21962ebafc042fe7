//! Credentials.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Base64;

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateAuthRequest {
    /// The blinded room id: 97 bytes as base64.
    #[cfg_attr(
        feature = "openapi",
        schema(
            content_encoding = "base64",
            pattern = "^[A-Za-z0-9+/]{129}[AQgw]==$",
            example = "AKTr4bDsfQ9xQqsf7KdJxy2YxJqyysh9Tdue2KXsy7VjROW+w0ULnkHLnrqdFeC1QsRJ97v+\
                   hf9tAtIBQy/saCuIt6euvNLh+d8NIWzlvuUYy7/tTl19XexBziN9mjpxPg=="
        )
    )]
    pub create_call_link_credential_request: String,
}

/// A credential and its day.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DayCredential {
    /// The response for the protocol's `receive`.
    pub credential: Base64,
    /// Midnight UTC of the day, in seconds since 1970.
    #[cfg_attr(
        feature = "openapi",
        schema(multiple_of = 86_400, example = 1_795_651_200)
    )]
    pub redemption_time: u64,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallLinkAuthResponse {
    /// One per day, ascending.
    pub call_link_auth_credentials: Vec<DayCredential>,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GroupAuthResponse {
    /// Group credentials, one per day, ascending; empty while the answer is degraded.
    pub credentials: Vec<DayCredential>,
    /// Call-link credentials, one per day, ascending.
    pub call_link_auth_credentials: Vec<DayCredential>,
    /// The account's phone-number id, which the group credentials name.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub pni: Option<String>,
}
