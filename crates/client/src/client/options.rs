//! The choices that a client leaves to its caller.

use std::sync::Arc;

use anteroom_protocol::ParamsId;

use crate::{
    CredentialStore, MemoryPins, OperatingSystem, PinStore, ReplayStore, System, Timeouts, Trust,
};

/// The choices of [`Client::connect_with`](crate::Client::connect_with). The default suits a program
/// that starts seldom and runs long.
#[derive(Clone)]
pub struct ClientOptions {
    /// The limits of waiting.
    pub timeouts: Timeouts,
    /// The pins of the issuer. The default ones end with the process, so that a new process trusts
    /// the params that the issuer shows it first.
    pub pins: Arc<dyn PinStore>,
    /// Params that the caller has from elsewhere. If there are any, none is trusted on first use.
    pub trusted: Vec<ParamsId>,
    /// The address of the room service, such as `http://rooms.internal:8081`, for links of any host.
    /// Without it, that is what a link names: over `http` on the loopback interface, else over
    /// `https`.
    pub rooms: Option<String>,
    /// The name that the devices of this client give themselves, sealed for the members of a room
    /// ([`JoinOptions::name`](crate::JoinOptions::name)).
    pub name: Option<String>,
    /// Credentials of an earlier process ([`Client::credentials`](crate::Client::credentials)). While
    /// they are good, connecting asks the issuer for nothing.
    pub credentials: Option<CredentialStore>,
    /// The messages that were received in earlier processes. Without it, the room service could
    /// show this process messages of the same call once more.
    pub replays: Option<Arc<dyn ReplayStore>>,
    /// The clock and the randomness.
    pub system: Arc<dyn System>,
}

impl ClientOptions {
    /// The params that may become pins.
    pub(super) fn trust(&self) -> Trust<'_> {
        if self.trusted.is_empty() {
            Trust::FirstUse
        } else {
            Trust::Ids(&self.trusted)
        }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            pins: Arc::new(MemoryPins::default()),
            trusted: Vec::new(),
            rooms: None,
            name: None,
            credentials: None,
            replays: None,
            system: Arc::new(OperatingSystem),
        }
    }
}
