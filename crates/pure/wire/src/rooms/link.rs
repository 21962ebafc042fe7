//! Call links: their state, the requests that create, change and delete them, and the answer to a delete.

use anteroom_protocol::{GuestAdmission, LinkState, Restrictions};
use serde::{Deserialize, Serialize};

use crate::Base64;

/// The restriction of joins without approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RestrictionsBody {
    /// All holders of the link may join.
    None,
    /// Users that an admin approves may join.
    AdminApproval,
}

impl From<RestrictionsBody> for Restrictions {
    fn from(restrictions: RestrictionsBody) -> Self {
        match restrictions {
            RestrictionsBody::None => Self::None,
            RestrictionsBody::AdminApproval => Self::AdminApproval,
        }
    }
}

impl From<Restrictions> for RestrictionsBody {
    fn from(restrictions: Restrictions) -> Self {
        match restrictions {
            Restrictions::None => Self::None,
            Restrictions::AdminApproval => Self::AdminApproval,
        }
    }
}

/// The admission of guest accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum GuestsBody {
    /// They wait until an admin approves them.
    #[default]
    Wait,
    /// They join as other accounts do.
    Accounts,
    /// They may not join.
    No,
}

impl GuestsBody {
    const fn is_default(&self) -> bool {
        matches!(self, Self::Wait)
    }
}

impl From<GuestsBody> for GuestAdmission {
    fn from(guests: GuestsBody) -> Self {
        match guests {
            GuestsBody::Wait => Self::Wait,
            GuestsBody::Accounts => Self::AsAccounts,
            GuestsBody::No => Self::Refused,
        }
    }
}

impl From<GuestAdmission> for GuestsBody {
    fn from(guests: GuestAdmission) -> Self {
        match guests {
            GuestAdmission::Wait => Self::Wait,
            GuestAdmission::AsAccounts => Self::Accounts,
            GuestAdmission::Refused => Self::No,
        }
    }
}

/// The state of a call link.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkStateBody {
    #[expect(
        missing_docs,
        reason = "its type has the description, and so has the OpenAPI document"
    )]
    pub restrictions: RestrictionsBody,
    /// The encrypted name; may be empty.
    pub name: Base64,
    /// Whether the link is revoked.
    pub revoked: bool,
    /// The time from which the link is expired, in seconds since 1970.
    pub expiration: u64,
    /// The time from which the link no longer exists, in seconds since 1970.
    pub delete_at: u64,
    /// The admission of guest accounts; missing if they wait.
    #[serde(default, skip_serializing_if = "GuestsBody::is_default")]
    pub guests: GuestsBody,
    /// Present only in the answer to a create, and only if this service uses epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The newest statement of the link's admins. Present only if they have made one.
    #[serde(rename = "adminStatement", skip_serializing_if = "Option::is_none")]
    pub admin_statement: Option<Base64>,
}

impl LinkStateBody {
    /// Adds the epoch.
    #[must_use]
    pub const fn with_epoch(mut self, epoch: Option<u32>) -> Self {
        self.epoch = epoch;
        self
    }
}

impl From<&LinkState> for LinkStateBody {
    fn from(link: &LinkState) -> Self {
        let statement = &link.admin_statement;
        Self {
            restrictions: link.restrictions.into(),
            name: Base64::from(&*link.name),
            revoked: link.revoked,
            expiration: link.expiration.as_secs(),
            delete_at: link.delete_at.as_secs(),
            guests: link.guests.into(),
            epoch: None,
            admin_statement: (!statement.is_empty()).then(|| Base64::from(statement.as_bytes())),
        }
    }
}

#[expect(
    missing_docs,
    reason = "the OpenAPI document describes the request, and the members that need it"
)]
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeBody {
    /// The link's passkey: at most 32 bytes, and in a create at least 16.
    #[cfg_attr(feature = "openapi", schema(value_type = String, content_encoding = "base64",
        max_length = 44, pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw=="))]
    pub admin_passkey: Base64,
    /// The public params of the link, 33 bytes as base64. In a create only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            content_encoding = "base64",
            pattern = "^[A-Za-z0-9+/]{44}$",
            example = "AALgf/RPbOidb3W6aciHuKKB/XC3kwMhyHHXmpBA9YBZ"
        )
    )]
    pub zkparams: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<RestrictionsBody>,
    /// The encrypted name: at most 288 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, content_encoding = "base64",
        max_length = 384, pattern = "^[A-Za-z0-9+/]*={0,2}$"))]
    pub name: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<GuestsBody>,
    /// The admins' statement about the room, which the service does not read: at most 1,024 bytes.
    /// An empty one removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, content_encoding = "base64",
        max_length = 1368, pattern = "^[A-Za-z0-9+/]*={0,2}$"))]
    pub admin_statement: Option<Base64>,
    /// In an update: ends the call, and sends away the devices that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_call: Option<bool>,
}

/// The body of a delete. Unknown members are ignored: deployed clients send them.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeleteBody {
    /// The link's passkey.
    #[cfg_attr(feature = "openapi", schema(value_type = String, content_encoding = "base64",
        max_length = 44, pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw=="))]
    pub admin_passkey: Base64,
    /// Ends the call, and sends away the devices that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_call: Option<bool>,
}

/// `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmptyBody {}
