//! JSON shapes that several endpoints share.

use anteroom_accounts::Base64;
use anteroom_protocol::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A credential and its day.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayCredential {
    /// The response for the protocol's `receive`.
    pub(crate) credential: Base64,
    /// Midnight UTC of the day, in seconds since 1970.
    #[schema(multiple_of = 86_400, example = 1_795_651_200)]
    pub(crate) redemption_time: u64,
}

impl DayCredential {
    pub(crate) fn new(bytes: Vec<u8>, day: Timestamp) -> Self {
        Self {
            credential: bytes.into(),
            redemption_time: day.as_secs(),
        }
    }
}
