//! The devices of an account: everything that may sign in.

pub(crate) mod delete;
pub(crate) mod list;
mod owner;
mod purge;
pub(crate) mod register;
pub(crate) mod registration;
pub(crate) mod rename;

use anteroom_protocol::Aci;
use anteroom_service::{Event, ProblemKind};
use anteroom_store::DeviceId;
use http::StatusCode;

pub use self::purge::Purged;
pub(crate) use self::registration::Registration;
use crate::issuer::Core;

/// A device's name has more characters than it may.
pub(crate) const NAME_TOO_LONG: ProblemKind = ProblemKind {
    code: "DEVICE_DISPLAY_NAME_TOO_LONG",
    status: StatusCode::BAD_REQUEST,
    detail: "Device display name is too long (maximum 100 characters)",
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

/// Tells about a device of an account.
pub(crate) fn emit(issuer: &Core, name: &'static str, owner: &Aci, device: DeviceId) {
    issuer.emit_event(
        Event::new(name, issuer.now())
            .with("user_id", issuer.pseudonymizer.account(owner).to_string())
            .with("device_id", device.as_u32()),
    );
}
