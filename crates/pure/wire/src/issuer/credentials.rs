//! Server params, credentials and relays.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::{Base64, Secret};

/// The purpose of server params.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PublishedKind {
    /// Call-link credentials.
    Generic,
    /// Group credentials and endorsements.
    Group,
    /// Call-link credentials of guests.
    Guest,
    /// Certificates of devices.
    Certificates,
}

/// Public params and the time of their validity.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedParams {
    /// The first 8 bytes of the SHA-256 of the params, in hex.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[0-9a-f]{16}$", example = "fa3203c7600f720c")
    )]
    pub id: String,
    /// The purpose of the params.
    pub kind: PublishedKind,
    /// The version byte: 0 legacy, 1 standard; 1 for certificates.
    pub version: u8,
    /// The time from which they issue, in seconds since 1970.
    pub not_before: u64,
    /// The time from which they are invalid, in seconds since 1970; missing while no end is set.
    pub not_after: Option<u64>,
    /// Whether they issue credentials at the moment. At most one of each kind does.
    pub issuing: bool,
    /// The bytes of the params.
    pub public_params: Base64,
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParamsResponse {
    /// Current, future and past params, newest first.
    pub params: Vec<PublishedParams>,
}

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
    /// The certificate of the device, 122 bytes; only if the request names an identity key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Base64>,
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

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelaysResponse {
    /// Empty if no relays are configured.
    pub relays: Vec<RelayEntry>,
}

/// A relay and its credentials.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RelayEntry {
    /// Empty if the relay needs no credentials.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub username: Secret,
    /// Empty if the relay needs no credentials.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub password: Secret,
    /// The time for which the credentials are valid, in seconds.
    pub ttl: u64,
    /// URLs by host name.
    pub urls: Vec<String>,
    /// URLs by address, IPv6 in brackets; empty if the name could not be resolved.
    pub urls_with_ips: Vec<String>,
    /// The name in the relay's TLS certificate.
    pub hostname: String,
}
