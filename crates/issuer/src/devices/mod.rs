//! The devices of an account: everything that may sign in.

mod changes;
pub(crate) mod delete;
mod journal;
pub(crate) mod list;
mod notice;
mod owner;
mod purge;
pub(crate) mod register;
pub(crate) mod registration;
pub(crate) mod rename;

use anteroom_service::ProblemKind;
use anteroom_store::DeviceNameError;
use http::StatusCode;

pub(crate) use self::notice::DeviceNotice;
pub use self::{
    changes::{Actor, DeviceChange, DeviceChanges},
    journal::DeviceJournal,
    purge::Purged,
    registration::MOST_DEVICES,
};

/// A device's name has more characters than it may.
pub(crate) const NAME_TOO_LONG: ProblemKind = ProblemKind {
    code: "DEVICE_DISPLAY_NAME_TOO_LONG",
    status: StatusCode::BAD_REQUEST,
    detail: "Device display name is too long (maximum 100 characters)",
};

/// A device's name shows nothing, or would change how a list around it is shown.
pub(crate) const NAME_INVALID: ProblemKind = ProblemKind {
    code: "DEVICE_DISPLAY_NAME_INVALID",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    detail: "Device display name is not valid. Please use one line with at least one visible \
             character, without control characters and text-direction marks.",
};

/// The account has no such device, or is none.
pub(crate) const NOT_FOUND: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_FOUND",
    status: StatusCode::NOT_FOUND,
    detail: "Device not found on this account",
};

/// The account has as many devices as it may.
pub(crate) const TOO_MANY_DEVICES: ProblemKind = ProblemKind {
    code: "DEVICE_LIMIT_REACHED",
    status: StatusCode::CONFLICT,
    detail: "This account has too many devices. Please delete one first.",
};

/// Only administrators see and change the devices of others.
pub(crate) const NOT_ALLOWED: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_ALLOWED",
    status: StatusCode::FORBIDDEN,
    detail: "Only administrators may manage the devices of other accounts.",
};

/// Nobody registers a device for another account: its password would be the other's.
pub(crate) const REGISTRATION_NOT_ALLOWED: ProblemKind = ProblemKind {
    code: "DEVICE_NOT_ALLOWED",
    status: StatusCode::FORBIDDEN,
    detail: "Devices can be registered for the calling account only. Please sign in as the account \
             that the device is for.",
};

/// The problem with a name.
pub(crate) const fn name_problem(error: DeviceNameError) -> &'static ProblemKind {
    match error {
        DeviceNameError::TooLong => &NAME_TOO_LONG,
        DeviceNameError::Empty | DeviceNameError::Control => &NAME_INVALID,
    }
}
