//! The JSON that is stored or that any program may have sent, and the encoding of bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::TransportFailure;

/// The params that an issuer lists, as they are stored too. Unlike the type of the API, it reads kinds of a later
/// version, to ignore them.
#[derive(Serialize, Deserialize)]
pub(crate) struct ParamsBody {
    pub(crate) params: Vec<ParamsEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParamsEntry {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) not_before: u64,
    pub(crate) not_after: Option<u64>,
    pub(crate) public_params: String,
}

/// A problem document, also of a proxy that knows no codes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProblemBody {
    pub(crate) code: String,
    pub(crate) detail: String,
}

/// Encodes bytes in standard base64 with padding, as everywhere in the API.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, TransportFailure> {
    STANDARD
        .decode(text)
        .map_err(|_| TransportFailure::Malformed("a byte string is not base64"))
}
