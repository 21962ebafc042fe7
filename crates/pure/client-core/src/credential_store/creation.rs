//! The root keys for the creation of links.

use anteroom_protocol::{RootKey, Timestamp};
use url::Url;

use super::{
    CredentialStore,
    spare_link::{MAX_SPARE_LINKS, TriedLink},
};
use crate::{CreatePass, TrustedParams};

impl CredentialStore {
    /// Returns a root key with its create credential for the creation of its room at a room service: the
    /// oldest valid one, so that nearly all accounts present credentials of the same day.
    ///
    /// From now on it is for that service alone: two services that are shown the same room could tell that
    /// one client asks both of them. [`Self::tried_link`] returns it, whatever interrupts the creation, until
    /// [`Self::use_up_link`].
    pub fn take_spare_link(
        &mut self,
        params: &TrustedParams,
        now: Timestamp,
        service: &Url,
    ) -> Option<(RootKey, CreatePass)> {
        let mut spare = self.spare_links.iter();
        let at = spare.position(|link| link.is_usable(params, now))?;
        let link = self.spare_links.remove(at);
        self.taken_links = self.taken_links.saturating_add(1);
        let pass = link.pass(self.aci, params);
        self.tried_links.push(TriedLink {
            link,
            service: service.to_string(),
        });
        let surplus = self.tried_links.len().saturating_sub(MAX_SPARE_LINKS);
        self.tried_links.drain(..surplus);
        pass
    }

    /// Returns a root key that was [taken](Self::take_spare_link) for the same room service, is not used up,
    /// and is still good. It shows no more than one more try with the key at hand would show.
    pub fn tried_link(
        &self,
        params: &TrustedParams,
        now: Timestamp,
        service: &Url,
    ) -> Option<(RootKey, CreatePass)> {
        let mut tried = self.tried_links.iter();
        let tried = tried
            .find(|tried| tried.service == service.as_str() && tried.link.is_usable(params, now))?;
        tried.link.pass(self.aci, params)
    }

    /// Drops a root key: its room exists, or its credential was refused
    /// ([`crate::RoomsError::leaves_create_open`]).
    pub fn use_up_link(&mut self, root_key: &RootKey) {
        let room = root_key.room_id();
        self.tried_links
            .retain(|tried| tried.link.root_key.room_id() != room);
    }
}
