//! The keys of calls and connections.

use anteroom_protocol::DemuxId;

/// The number of a call in its server. It is not given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallNumber(pub(crate) u64);

/// The key of a device's connection. It is not given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    pub(crate) call: CallNumber,
    pub(crate) device: DemuxId,
    /// The number of the connection in its call.
    pub(crate) connection: u64,
}
