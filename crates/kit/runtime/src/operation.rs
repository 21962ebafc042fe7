//! Operations: the requests to a service, each with exactly one outcome.
//!
//! HTTP and sockets record here and nowhere else. A table beside the router ties an HTTP route to
//! its operation; a match over the message types does so for a socket. Health probes, metrics,
//! descriptions and the files of pages are not operations and have no entry.
//!
//! ```text
//!   start ──▶ RunningOperation ──end(outcome)──▶ counters, duration, failure episodes, alerts
//!                    └── dropped without an end: the caller has gone (refused), and failed if it
//!                        waited for a dependency in trouble
//! ```

mod alerts;
mod dependency_wait;
mod escalation;
mod recorder;

pub(crate) use self::{alerts::AreaRates, recorder::Operations};
pub use self::{
    dependency_wait::dependency_wait,
    recorder::{OperationRecorder, RunningOperation},
};

/// The part of the product that an operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Call links, calls, and the credentials for them.
    GroupCallSignaling,
    /// Credentials for groups.
    EncryptedGroupMetadata,
    /// Relays.
    VoipCallSignaling,
    /// Sign-up, sessions and passwords.
    Login,
    /// Devices.
    DeviceManagement,
}

impl Area {
    /// All areas.
    pub const ALL: [Self; 5] = [
        Self::GroupCallSignaling,
        Self::EncryptedGroupMetadata,
        Self::VoipCallSignaling,
        Self::Login,
        Self::DeviceManagement,
    ];

    /// Returns the name in labels and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GroupCallSignaling => "group-call-signaling",
            Self::EncryptedGroupMetadata => "encrypted-group-metadata",
            Self::VoipCallSignaling => "voip-call-signaling",
            Self::Login => "login",
            Self::DeviceManagement => "device-management",
        }
    }
}

/// A request that a caller can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The area.
    pub area: Area,
    name: &'static str,
    /// Whether the operation only prepares others.
    pub(crate) is_preparatory: bool,
}

impl Operation {
    /// Creates an operation of an area. The name is unique within the service.
    #[must_use]
    pub const fn new(area: Area, name: &'static str) -> Self {
        Self {
            area,
            name,
            is_preparatory: false,
        }
    }

    /// Creates an operation that only prepares others. Its failures count in the shares of its
    /// area. Its successes do not, because the caller does not have its result yet.
    #[must_use]
    pub const fn preparatory(area: Area, name: &'static str) -> Self {
        Self {
            is_preparatory: true,
            ..Self::new(area, name)
        }
    }

    /// Returns the name in labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationOutcome {
    /// The caller got an answer to its request.
    Succeeded,
    /// The request was not allowed or not valid, or the caller disconnected early.
    Refused,
    /// The service failed, or did not answer before the caller disconnected.
    Failed,
}

impl OperationOutcome {
    /// Returns the name in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
