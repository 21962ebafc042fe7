//! Server params.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Base64;

/// The purpose of server params.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PublishedKind {
    /// Call-link credentials.
    Generic,
    /// Group credentials and endorsements.
    Group,
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
    /// The version byte: 0 legacy, 1 standard.
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
