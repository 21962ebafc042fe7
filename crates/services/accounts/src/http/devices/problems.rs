//! The problem kinds of devices.

use anteroom_http_server::{Problem, ProblemKind};
use anteroom_store::{DeviceName, DeviceNameError};
use anteroom_wire::Secret;
use http::StatusCode;

/// The name of a device has too many characters.
pub(crate) const NAME_TOO_LONG: ProblemKind = ProblemKind {
    code: "DEVICE_DISPLAY_NAME_TOO_LONG",
    status: StatusCode::BAD_REQUEST,
    detail: "Device display name is too long (maximum 100 characters)",
};

/// The name of a device is invisible, or would change the display of a list around it.
pub(crate) const NAME_INVALID: ProblemKind = ProblemKind {
    code: "DEVICE_DISPLAY_NAME_INVALID",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Device display name is not valid. Please use one line with at least one visible \
             character, without control characters and text-direction marks.",
};

/// The account does not have the device, or the account does not exist.
pub(crate) const NOT_FOUND: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_FOUND",
    status: StatusCode::NOT_FOUND,
    detail: "Device not found on this account",
};

/// The account has the maximum number of devices.
pub(crate) const TOO_MANY_DEVICES: ProblemKind = ProblemKind {
    code: "DEVICE_LIMIT_REACHED",
    status: StatusCode::CONFLICT,
    detail: "This account has too many devices. Please delete one first.",
};

/// The caller is not an administrator, and the device belongs to another account.
pub(crate) const NOT_ALLOWED: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_ALLOWED",
    status: StatusCode::FORBIDDEN,
    detail: "Only administrators may manage the devices of other accounts.",
};

/// The device would belong to another account, whose password the caller would then know.
pub(crate) const REGISTRATION_NOT_ALLOWED: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_ALLOWED",
    status: StatusCode::FORBIDDEN,
    detail: "Devices can be registered for the calling account only. Please sign in as the account \
             that the device is for.",
};

/// Returns the problem kind of an invalid name.
const fn name_problem(error: DeviceNameError) -> &'static ProblemKind {
    match error {
        DeviceNameError::TooLong => &NAME_TOO_LONG,
        DeviceNameError::Empty | DeviceNameError::Control => &NAME_INVALID,
    }
}

/// Parses the name of a device.
///
/// # Errors
/// 400 for a name with too many characters, 422 for one that is not visible.
pub(crate) fn device_name(text: &Secret) -> Result<DeviceName, Problem> {
    DeviceName::parse(text.as_str()).map_err(|error| Problem::new(name_problem(error)))
}
