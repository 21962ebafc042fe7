//! The credentials of a request.

use anteroom_protocol::Aci;
use anteroom_store::DeviceId;
use zeroize::Zeroizing;

/// The credentials of a request, not verified.
pub(crate) enum Credentials {
    /// A device and its password.
    Device {
        /// The account.
        aci: Aci,
        /// The device.
        device: DeviceId,
        /// The password of the device.
        password: Zeroizing<String>,
    },
    /// A bearer token.
    Bearer(Zeroizing<String>),
    /// None, or malformed ones.
    Nothing,
}
