//! The state that the endpoints share.

use anteroom_http_server::HttpLimits;
use anteroom_protocol::Timestamp;
use anteroom_runtime::{ClientAddress, Count};
use anteroom_store::{AddressPseudonym, DeviceUse};

use crate::{
    domain::{
        callers::{caller_cache::CallerCache, device_use_writer::DeviceUseWriter},
        devices::events::DeviceEvents,
        job_queue::JobQueue,
        limits::Limits,
        login::{delay::DelayedAttempts, events::LoginEvents},
        storage::Storage,
        tokens::token_source::TokenSource,
    },
    settings::LoginParts,
};

/// The parts that the endpoints of accounts take.
pub(crate) struct AccountsState {
    pub(crate) storage: Storage,
    pub(crate) limits: Limits,
    pub(crate) caller_cache: CallerCache,
    pub(crate) device_use_writer: DeviceUseWriter,
    pub(crate) tokens: TokenSource,
    pub(crate) login: LoginParts,
    pub(crate) delayed_attempts: DelayedAttempts,
    pub(crate) job_queue: JobQueue,
    pub(crate) login_events: LoginEvents,
    pub(crate) device_events: DeviceEvents,
    pub(crate) guests_added: Count,
    pub(crate) http: HttpLimits,
}

impl AccountsState {
    /// Returns the pseudonym of a client's address; `None` if the address is unknown.
    pub(crate) fn address(&self, client: ClientAddress) -> Option<AddressPseudonym> {
        if client == ClientAddress::UNKNOWN {
            return None;
        }
        let pseudonym = self.limits.pseudonymizer.address(client);
        Some(AddressPseudonym::from_bytes(pseudonym.to_bytes()))
    }

    /// Returns a request of this client, as a use of its device.
    pub(crate) fn device_use(&self, client: ClientAddress) -> DeviceUse {
        DeviceUse {
            at: self.now(),
            address: self.address(client),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.storage.now()
    }
}
