//! The options of a client.

use std::sync::Arc;

use anteroom_protocol::ParamsId;

use crate::{
    CredentialStore, DeviceSecret, MemoryPins, MemoryStatements, OperatingSystem, PinStore,
    ReplayStore, StatementStore, System, Timeouts, Trust,
};

/// The options of [`Client::connect_with`](crate::Client::connect_with). The default suits a program that
/// starts seldom and runs long.
#[derive(Clone)]
pub struct ClientOptions {
    /// The time limits of connections and requests.
    pub timeouts: Timeouts,
    /// The store of the issuer's pins. The default ends with the process: a new process trusts the params
    /// that the issuer presents to it first.
    pub pins: Arc<dyn PinStore>,
    /// The ids of params that the caller has from another source. If the list is not empty, no params are
    /// trusted on first use.
    pub trusted: Vec<ParamsId>,
    /// Whether the account is that of a guest ([`IssuerClient::add_guest`](crate::IssuerClient::add_guest)).
    /// Its credentials are made under params of their own, which `pins` keeps apart from those of accounts.
    pub guest: bool,
    /// The address of the room service, such as `http://rooms.internal:8081`, for links of any host. Without
    /// it, the link determines the address: `http` for a loopback host, else `https`.
    pub rooms: Option<String>,
    /// Whether the links that this client creates ask everybody to leave out the certificate
    /// ([`CallLink::without_certificates`](anteroom_protocol::CallLink::without_certificates)), with which
    /// others could prove who was there.
    pub links_without_certificates: bool,
    /// The name that the devices of this client give themselves, sealed for the members of a room
    /// ([`JoinOptions::name`](crate::JoinOptions::name)).
    pub name: Option<String>,
    /// The credentials of an earlier process ([`Client::credentials`](crate::Client::credentials)). As long
    /// as they are valid, connecting sends no request to the issuer.
    pub credentials: Option<CredentialStore>,
    /// The store of the counters of received messages. Without it, the room service could deliver messages of
    /// an earlier process to this one again.
    pub replays: Option<Arc<dyn ReplayStore>>,
    /// The secret of this device, which the caller keeps sealed: its member keys of all rooms come from it, and
    /// an admin's approval counts for its later visits too. Two devices must not have the same secret, and one
    /// device is in a call once. Without it, each visit has a secret of its own, and the approval of an admin
    /// counts for that visit. Room services without the feature `member` refuse the joins of a client.
    pub device: Option<DeviceSecret>,
    /// The store of the policies and approvals that were seen. The default ends with the process.
    pub statements: Arc<dyn StatementStore>,
    /// The clock and the random number generator.
    pub system: Arc<dyn System>,
}

impl ClientOptions {
    /// Returns the rule by which params become pins.
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
            guest: false,
            rooms: None,
            links_without_certificates: false,
            name: None,
            credentials: None,
            replays: None,
            device: None,
            statements: Arc::new(MemoryStatements::default()),
            system: Arc::new(OperatingSystem),
        }
    }
}
