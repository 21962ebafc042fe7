//! The rate limits of logins, and the networks that they know.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{ClientAddress, Clock, Pseudonymizer, RateLimiter};

use crate::{
    domain::{login::known_networks::KnownNetworks, passwords::attempt_source::AttemptSource},
    settings::LoginLimits,
};

/// The buckets and the sizes of the rate limits.
pub(crate) struct Limits {
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sizes: LoginLimits,
    pub(crate) known_networks: KnownNetworks,
}

impl Limits {
    /// Returns the class of a client whose password is to be hashed. `device_owner` is the account
    /// of the device whose last refresh token the client has shown.
    pub(crate) fn attempt_source(
        &self,
        client: ClientAddress,
        device_owner: Option<&Aci>,
    ) -> AttemptSource {
        let keys = &self.pseudonymizer;
        match device_owner {
            Some(aci) => AttemptSource::Device(keys.limit_key("login device", aci)),
            None if self.is_known_network(client) => AttemptSource::KnownNetwork(client),
            None => AttemptSource::UnknownNetwork(client),
        }
    }

    /// Returns whether a login succeeded recently from the client's network.
    pub(crate) fn is_known_network(&self, client: ClientAddress) -> bool {
        let keys = &self.pseudonymizer;
        self.known_networks.knows(keys, client, self.now())
    }

    /// Records a login, or a refresh of a session, from the client's network.
    pub(crate) fn note_network(&self, client: ClientAddress) {
        self.known_networks
            .note(&self.pseudonymizer, client, self.now());
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
