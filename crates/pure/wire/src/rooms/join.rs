//! The bodies of `PUT /v2/conference/participants`.

use serde::{Deserialize, Serialize};

use crate::Base64;

/// The body of a join. Unknown members are ignored, because newer clients may send them.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct JoinBody {
    /// The right passkey makes the client an admin of the call. A wrong one counts as none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>,
        content_encoding = "base64",
        pattern = "^[A-Za-z0-9+/]*={0,2}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_passkey: Option<Base64>,
    /// 1 to 256 characters of printable ASCII.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 256,
            pattern = "^[!-~]+$",
            example = "f1uT"
        )
    )]
    pub ice_ufrag: String,
    /// 1 to 256 characters of printable ASCII.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 256,
            pattern = "^[!-~]+$",
            example = "4VbK8cRmQz1yT0nWd6sLpA3e"
        )
    )]
    pub ice_pwd: String,
    /// 32 bytes in hex.
    #[cfg_attr(
        feature = "openapi",
        schema(
            pattern = "^[0-9A-Fa-f]{64}$",
            example = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        )
    )]
    pub dhe_public_key: String,
    /// At most 256 bytes in hex.
    #[cfg_attr(
        feature = "openapi",
        schema(max_length = 512, pattern = "^(?:[0-9A-Fa-f]{2})*$")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hkdf_extra_info: Option<String>,
}

/// The answer to a join: how the client reaches the media server.
#[expect(
    missing_docs,
    reason = "the members have the names of ICE, and the OpenAPI document has no more words for them"
)]
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct JoinedBody {
    pub demux_id: u32,
    pub port: u16,
    pub port_tcp: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_tls: Option<u16>,
    pub ips: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    pub ice_ufrag: String,
    pub ice_pwd: String,
    pub dhe_public_key: String,
    /// The opaque id of the user that started the call.
    pub call_creator: String,
    /// The era: 32 hex digits.
    pub conference_id: String,
    /// `ACTIVE`, `PENDING` or `BLOCKED`, as the media server reports.
    #[cfg_attr(feature = "openapi", schema(example = "ACTIVE"))]
    pub client_status: String,
}
