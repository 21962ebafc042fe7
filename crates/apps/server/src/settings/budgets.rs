//! Rate limits, and budgets of zero-knowledge work.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use anteroom_rooms::VerificationLimits;
use anteroom_runtime::{BucketSize, WorkLimits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The limit of requests for credentials that create links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct CreateAuthBucketSettings {
    /// The most requests of one account at once.
    #[default(const { NonZeroU32::new(100).unwrap() })]
    pub capacity: NonZeroU32,
    /// The time after which one more request of an account is possible.
    #[default(const { NonZeroU64::new(15 * 60).unwrap() })]
    pub refill_seconds: NonZeroU64,
}

/// The limit of requests for credentials for relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct RelayBucketSettings {
    /// The most requests of one account at once.
    #[default(const { NonZeroU32::new(100).unwrap() })]
    pub capacity: NonZeroU32,
    /// The time after which one more request of an account is possible.
    #[default(const { NonZeroU64::new(10 * 60).unwrap() })]
    pub refill_seconds: NonZeroU64,
}

/// The limit of guests' requests for credentials for relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct GuestRelayBucketSettings {
    /// The most requests of one guest at once. The guests of one address have ten times as many, and
    /// as many more come back; of an IPv6 /56 four times those of a /64, of a /48 sixteen times.
    #[default(const { NonZeroU32::new(6).unwrap() })]
    pub capacity: NonZeroU32,
    /// The time after which one more request of a guest is possible.
    #[default(const { NonZeroU64::new(10 * 60).unwrap() })]
    pub refill_seconds: NonZeroU64,
}

/// The limit of requests for batches of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct BatchBucketSettings {
    /// The most requests of one account at once.
    #[default(const { NonZeroU32::new(48).unwrap() })]
    pub capacity: NonZeroU32,
    /// The time after which one more request of an account is possible.
    #[default(const { NonZeroU64::new(30 * 60).unwrap() })]
    pub refill_seconds: NonZeroU64,
}

/// The queue of the issuer's zero-knowledge work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct WorkSettings {
    /// The most computations that wait for a core.
    #[default(WorkLimits::default().waiting)]
    pub waiting: NonZeroUsize,
    /// The most computations of one account that wait for a core.
    #[default(WorkLimits::default().waiting_per_caller)]
    pub waiting_per_account: NonZeroUsize,
}

/// The limit of joins of guests, for one client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct GuestJoinBucketSettings {
    /// The most joins of the guests of one address at once, to any room. An IPv6 /56 has four times as
    /// many, a /48 sixteen times. A device that resumes its place does not count.
    #[default(const { NonZeroU32::new(100).unwrap() })]
    pub capacity: NonZeroU32,
    /// The time after which one more join is possible.
    #[default(const { NonZeroU64::new(3).unwrap() })]
    pub refill_seconds: NonZeroU64,
}

/// The budget of the room service's verifications, for one client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct VerificationSettings {
    /// The most verifications of one address at once, and the most of them that wait for a core. An
    /// IPv6 /56 has four times as many, a /48 sixteen times.
    #[default(VerificationLimits::default().budget.capacity())]
    pub capacity: NonZeroU32,
    /// The number of verifications that come back every second.
    #[default(const { NonZeroU32::new(50).unwrap() })]
    pub per_second: NonZeroU32,
    /// The number of verifications that a failing one counts as.
    #[default(VerificationLimits::default().failure_cost)]
    pub failure_cost: NonZeroU32,
    /// The most verifications of all clients that wait for a core.
    #[default(VerificationLimits::default().waiting)]
    pub waiting: NonZeroUsize,
}

impl From<CreateAuthBucketSettings> for BucketSize {
    fn from(settings: CreateAuthBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl From<RelayBucketSettings> for BucketSize {
    fn from(settings: RelayBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl From<GuestRelayBucketSettings> for BucketSize {
    fn from(settings: GuestRelayBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl From<GuestJoinBucketSettings> for BucketSize {
    fn from(settings: GuestJoinBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl From<BatchBucketSettings> for BucketSize {
    fn from(settings: BatchBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
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
    use anteroom_rooms::{Node, RoomsSettings};

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_services() {
        let issuer = IssuerLimits::default();
        let buckets: [(BucketSize, BucketSize); 4] = [
            (
                CreateAuthBucketSettings::default().into(),
                issuer.create_auth,
            ),
            (RelayBucketSettings::default().into(), issuer.relays),
            (
                GuestRelayBucketSettings::default().into(),
                issuer.relays_of_guests,
            ),
            (BatchBucketSettings::default().into(), issuer.batches),
        ];
        for (setting, service) in buckets {
            assert_eq!(setting, service);
        }
        assert_eq!(WorkLimits::from(WorkSettings::default()), issuer.work);
        let node = Node::new("r", "https://rooms.example").unwrap();
        assert_eq!(
            BucketSize::from(GuestJoinBucketSettings::default()),
            RoomsSettings::embedded(node).guest_joins
        );
        let rooms = VerificationLimits::default();
        assert_eq!(
            VerificationLimits::from(VerificationSettings::default()),
            rooms
        );
    }
}
