//! Root keys that a room service was asked to create a room for, and has not.

use std::fmt;

use anteroom_protocol::{RootKey, Timestamp};
use url::Url;

use super::{CredentialStore, MAX_SPARE_LINKS, SpareLink};
use crate::{CreatePass, TrustedParams};

/// A spare link that one room service has seen.
#[derive(Clone)]
pub(super) struct TriedLink {
    pub(super) link: SpareLink,
    /// The base URL of that room service.
    pub(super) service: String,
}

impl CredentialStore {
    /// Gives back a root key after a create that failed in a way that
    /// [leaves it open](crate::RoomsError::leaves_create_open). Only [`Self::take_tried_link`] takes it
    /// again, for the same room service: two services that are shown the same room could tell that
    /// one client asks both of them.
    ///
    /// Nothing happens with the pass of another account.
    pub fn give_back(&mut self, root_key: RootKey, pass: CreatePass, service: &Url) {
        if pass.aci() != self.aci {
            return;
        }
        let issued = pass.into_issued();
        self.tried_links.push(TriedLink {
            link: SpareLink { root_key, issued },
            service: service.to_string(),
        });
        let surplus = self.tried_links.len().saturating_sub(MAX_SPARE_LINKS);
        self.tried_links.drain(..surplus);
    }

    /// Takes a root key that was [given back](Self::give_back) and is still good, for another try at
    /// the same room service. It shows no more than one more try with the key at hand would show.
    pub fn take_tried_link(
        &mut self,
        params: &TrustedParams,
        now: Timestamp,
        service: &Url,
    ) -> Option<(RootKey, CreatePass)> {
        self.drop_expired(now);
        let mut tried = self.tried_links.iter();
        let at = tried.position(|tried| {
            tried.service == service.as_str() && tried.link.is_trusted(params, now)
        })?;
        self.tried_links.remove(at).link.into_pass(self.aci, params)
    }
}

impl fmt::Debug for TriedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TriedLink(..)")
    }
}
