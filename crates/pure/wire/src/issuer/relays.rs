//! Credentials for relays.
#![expect(
    missing_docs,
    reason = "a comment becomes a description in the OpenAPI document"
)]

use serde::{Deserialize, Serialize};

use crate::Secret;

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
