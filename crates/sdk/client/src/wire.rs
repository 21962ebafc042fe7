//! The JSON of the issuer's API, and its encoding of bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::failure::TransportFailure;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRequestBody {
    pub(crate) create_call_link_credential_request: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialBody {
    pub(crate) credential: String,
    pub(crate) redemption_time: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallLinkAuthBody {
    pub(crate) call_link_auth_credentials: Vec<CredentialBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchBody {
    pub(crate) credentials: Vec<CredentialBody>,
    pub(crate) call_link_auth_credentials: Vec<CredentialBody>,
    pub(crate) pni: Option<String>,
}

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhoamiBody {
    pub(crate) uuid: String,
    pub(crate) pni: Option<String>,
    pub(crate) device_id: u32,
    pub(crate) auth_credential_salt: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct RelaysBody {
    pub(crate) relays: Vec<RelayBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelayBody {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) ttl: u64,
    pub(crate) urls: Vec<String>,
    pub(crate) urls_with_ips: Vec<String>,
    pub(crate) hostname: String,
}

#[derive(Deserialize)]
pub(crate) struct ProblemBody {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
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
