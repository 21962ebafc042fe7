//! The handle of an active device.

use anteroom_protocol::DemuxId;

use crate::indexes::DeviceIndex;

/// The handle of an active device, by which packets find it without a look-up. A handle of a device that has
/// gone is never one of another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceHandle {
    /// The index, which may be given again.
    pub(crate) index: DeviceIndex,
    /// The id, which is not.
    pub(crate) id: DemuxId,
}

impl DeviceHandle {
    /// Returns the device.
    #[must_use]
    pub const fn device(self) -> DemuxId {
        self.id
    }
}
