//! Budgets of zero-knowledge work.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use anteroom_rooms::VerificationLimits;
use anteroom_runtime::{BucketSize, WorkLimits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limit of requests for batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BatchBucketSettings {
    /// The most requests of one account at once.
    pub capacity: NonZeroU32,
    /// The time after which one more request of an account is possible.
    pub refill_seconds: NonZeroU64,
}

/// The queue of the issuer's zero-knowledge work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkSettings {
    /// The most computations that wait for a core.
    pub waiting: NonZeroUsize,
    /// The most computations of one account that wait for a core.
    pub waiting_per_account: NonZeroUsize,
}

/// The budget of the room service's verifications, for one client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerificationSettings {
    /// The most verifications of one address at once, and the most of them that wait for a core. An
    /// IPv6 /56 has four times as many, a /48 sixteen times.
    pub capacity: NonZeroU32,
    /// The number of verifications that come back every second.
    pub per_second: NonZeroU32,
    /// The number of verifications that a failing one counts as.
    pub failure_cost: NonZeroU32,
    /// The most verifications of all clients that wait for a core.
    pub waiting: NonZeroUsize,
}

impl Default for BatchBucketSettings {
    fn default() -> Self {
        Self {
            capacity: const { NonZeroU32::new(48).unwrap() },
            refill_seconds: const { NonZeroU64::new(30 * 60).unwrap() },
        }
    }
}

impl From<BatchBucketSettings> for BucketSize {
    fn from(settings: BatchBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl Default for WorkSettings {
    fn default() -> Self {
        let limits = WorkLimits::default();
        Self {
            waiting: limits.waiting,
            waiting_per_account: limits.waiting_per_caller,
        }
    }
}

impl From<WorkSettings> for WorkLimits {
    fn from(settings: WorkSettings) -> Self {
        Self {
            waiting: settings.waiting,
            waiting_per_caller: settings.waiting_per_account,
        }
    }
}

impl Default for VerificationSettings {
    fn default() -> Self {
        let limits = VerificationLimits::default();
        Self {
            capacity: limits.budget.capacity(),
            per_second: const { NonZeroU32::new(50).unwrap() },
            failure_cost: limits.failure_cost,
            waiting: limits.waiting,
        }
    }
}

impl From<VerificationSettings> for VerificationLimits {
    fn from(settings: VerificationSettings) -> Self {
        Self {
            budget: BucketSize::per_second(settings.capacity, settings.per_second),
            failure_cost: settings.failure_cost,
            waiting: settings.waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_issuer::IssuerLimits;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_services() {
        let issuer = IssuerLimits::default();
        assert_eq!(
            BucketSize::from(BatchBucketSettings::default()),
            issuer.batches
        );
        assert_eq!(WorkLimits::from(WorkSettings::default()), issuer.work);
        let rooms = VerificationLimits::default();
        assert_eq!(
            VerificationLimits::from(VerificationSettings::default()),
            rooms
        );
    }
}
