//! The clocks of the services and of this device.

use std::time::Duration;

/// The tolerated difference between the clocks of the issuer and of this device around a midnight or a change
/// of params.
///
/// A wider tolerance would leave the issuer a choice between two days for longer, by which it could mark
/// accounts.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(15 * 60);
