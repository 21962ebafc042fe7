//! The state of a call link.

use anteroom_protocol::{LinkState, Restrictions};
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
    /// Present only in the answer to a create, and only if this service uses epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
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
        Self {
            restrictions: link.restrictions.into(),
            name: Base64::from(&*link.name),
            revoked: link.revoked,
            expiration: link.expiration.as_secs(),
            delete_at: link.delete_at.as_secs(),
            epoch: None,
        }
    }
}
