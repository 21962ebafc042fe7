//! The members of a call, as a peek shows them.

use serde::{Deserialize, Serialize};

use super::LinkStateBody;

/// A device in a call. Only admins in the call see the user id of a pending device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParticipantBody {
    /// Hex in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque_user_id: Option<String>,
    #[expect(missing_docs, reason = "the OpenAPI document has no description of it")]
    pub demux_id: u32,
}

/// A call and its members.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PeekBody {
    /// The era: 32 hex digits.
    #[cfg_attr(
        feature = "openapi",
        schema(
            pattern = "^[0-9a-f]{32}$",
            example = "7d1c0f4b9a2e4d5c8f60a1b2c3d4e5f6"
        )
    )]
    pub conference_id: String,
    /// The maximum number of devices in the call.
    pub max_devices: u32,
    /// Empty for a blocked user, and on a closed link for a user who is not in the call.
    pub participants: Vec<ParticipantBody>,
    /// The number of devices in the call, if they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant_count: Option<usize>,
    /// The opaque id of the user that started the call, if participants are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// The devices in the lobby.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_clients: Vec<ParticipantBody>,
    /// The number of devices in the lobby, if they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_count: Option<usize>,
    /// In the room of a call link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_link_state: Option<LinkStateBody>,
}

/// `{"reason": ...}`: the reason for a 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The link is revoked or expired.
    Expired,
    /// The link does not exist.
    Invalid,
}

/// The body of a 404 with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReasonBody {
    #[expect(
        missing_docs,
        reason = "its type has the description, and so has the OpenAPI document"
    )]
    pub reason: Reason,
}
