//! The file of public server params, which an operator writes and a person reads.

use serde::{Deserialize, Serialize};

/// The file, in the shape of `GET /v1/params`.
#[derive(Serialize, Deserialize)]
pub struct PublicParamsFile {
    /// The params, the newest first.
    pub params: Vec<PublicParams>,
}

/// Public server params.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicParams {
    /// The id, in hex.
    pub id: String,
    /// `generic`, `group`, `certificates` or `guest`.
    pub kind: String,
    /// The version of their bytes.
    pub version: u8,
    /// The time from which they issue, in seconds since 1970.
    pub not_before: u64,
    /// The time of their end, if it is set.
    pub not_after: Option<u64>,
    /// Their bytes, in base64.
    pub public_params: String,
}
