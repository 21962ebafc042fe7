//! Root keys without a room, each with the credential for creating its room.

use anteroom_protocol::{Aci, CreateCredential, RootKey, Timestamp, redacted_debug};

use crate::{CLOCK_TOLERANCE, CreatePass, IssuedCredential, TrustedParams};

/// The number of create credentials that every renewal fetches, whether the last ones were used or not. Few
/// people create more links on a day, and the issuer's limit refills by about a hundred a day.
pub const SPARE_LINKS: usize = 3;
/// The maximum number of create credentials in a store: those of two renewals.
pub const MAX_SPARE_LINKS: usize = 2 * SPARE_LINKS;

/// A root key without a room, with the credential for creating its room.
#[derive(Clone)]
pub struct SpareLink {
    /// The root key.
    pub root_key: RootKey,
    /// The credential for creating the room.
    pub issued: IssuedCredential<CreateCredential>,
}

impl SpareLink {
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        let end = self.issued.credential.end();
        now.plus(CLOCK_TOLERANCE.as_secs()) < end
    }

    pub(super) fn is_usable(&self, params: &TrustedParams, now: Timestamp) -> bool {
        let id = self.issued.params;
        self.is_good(now) && params.generic(id).is_some() && params.verifies(id, now)
    }

    pub(super) fn pass(&self, aci: Aci, params: &TrustedParams) -> Option<(RootKey, CreatePass)> {
        let pass = CreatePass::new(aci, &self.issued, params).ok()?;
        Some((self.root_key.clone(), pass))
    }
}

redacted_debug!(SpareLink);

/// A spare link that one room service may have seen, since it was asked to create the room.
#[derive(Clone)]
pub(super) struct TriedLink {
    pub(super) link: SpareLink,
    /// The base URL of that room service.
    pub(super) service: String,
}
