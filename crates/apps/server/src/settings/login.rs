//! The settings of signing in with email and password.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use anteroom_accounts::{HashCost, HashQueueLimits, KnownNetworkLimits, SignUp};
use anteroom_protocol::DAY;
use anteroom_store::{DeviceRetention, LockPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of logins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSettings {
    /// The people who may sign up with an email address: everybody (`open`), people with an invite
    /// code, or nobody. Without mail nobody can.
    pub sign_up: SignUpMode,
    /// The number of wrong passwords in a row that lock an email address for the network (an IPv4
    /// address, an IPv6 /64) or the known device they came from. From elsewhere attempts are slowed
    /// down.
    #[default(const { NonZeroU32::new(5).unwrap() })]
    pub lock_failures: NonZeroU32,
    /// The time for which an email address is locked.
    #[default(const { NonZeroU64::new(15 * 60).unwrap() })]
    pub lock_seconds: NonZeroU64,
    /// Whether the owner of an account gets a mail when it is locked.
    pub lock_mail: bool,
    /// The memory that a password's hash (Argon2id) takes. Passwords are hashed anew when their
    /// owners log in after a change.
    #[default(HashCost::default().memory_kib)]
    pub hash_memory_kib: NonZeroU32,
    /// The number of passes of a password's hash over its memory.
    #[default(HashCost::default().passes)]
    pub hash_passes: NonZeroU32,
    /// The most passwords that are hashed at once: each takes `login.hash_memory_kib` and a core.
    /// Without it, as many as there are cores.
    pub hashes_at_once: Option<NonZeroUsize>,
    /// The most passwords that wait for each one that is hashed at once. Half of these places are
    /// for known networks and devices; in both halves an IPv6 /56 or /48 has a half at most, an
    /// IPv4 address, an IPv6 /64 or a device a quarter.
    #[default(HashQueueLimits::new(NonZeroUsize::MIN).waiting)]
    pub hashes_waiting: NonZeroUsize,
    /// The longest wait of a password for its hash; shorter than `http.request_seconds`.
    #[default(const { NonZeroU64::new(5).unwrap() })]
    pub hash_wait_seconds: NonZeroU64,
    /// The days for which a network (an IPv4 address, an IPv6 /64) is known after the last login or
    /// refresh from there.
    #[default(const { NonZeroU32::new(7).unwrap() })]
    pub known_network_days: NonZeroU32,
    /// The most networks that are known, in memory only. One more replaces the one with the oldest
    /// last use.
    #[default(KnownNetworkLimits::default().most)]
    pub known_networks: NonZeroUsize,
    /// The days after which a device that was not seen is deleted.
    #[default(const { NonZeroU32::new(90).unwrap() })]
    pub device_retention_days: NonZeroU32,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignUpMode {
    /// By everybody.
    Open,
    /// By those who have an invite code.
    #[default]
    Invite,
    /// By nobody.
    Closed,
}

/// The settings of accounts without a login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// People without an account may do this: `join` calls as guests, or nothing (`off`). With `auto`
    /// they may join unless `login.sign_up` is `closed`.
    pub guests: GuestMode,
}

/// The rights of people without an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GuestMode {
    /// Join calls, unless sign-up is closed.
    #[default]
    Auto,
    /// Nothing.
    Off,
    /// Join calls.
    Join,
}

impl From<SignUpMode> for SignUp {
    fn from(mode: SignUpMode) -> Self {
        match mode {
            SignUpMode::Open => Self::Open,
            SignUpMode::Invite => Self::Invite,
            SignUpMode::Closed => Self::Closed,
        }
    }
}

impl LoginSettings {
    /// Returns the cost of hashing a password.
    pub const fn cost(&self) -> HashCost {
        HashCost {
            memory_kib: self.hash_memory_kib,
            passes: self.hash_passes,
        }
    }

    /// Returns the limits of the queue in which passwords are hashed.
    pub fn hash_queue_limits(&self, cores: impl FnOnce() -> NonZeroUsize) -> HashQueueLimits {
        HashQueueLimits {
            waiting: self.hashes_waiting,
            longest_wait: Duration::from_secs(self.hash_wait_seconds.get()),
            ..HashQueueLimits::new(self.hashes_at_once.unwrap_or_else(cores))
        }
    }

    /// Returns when wrong passwords lock a login.
    pub const fn lock_policy(&self) -> LockPolicy {
        LockPolicy {
            threshold: self.lock_failures,
            seconds: self.lock_seconds.get(),
        }
    }

    /// Returns the limits of remembered networks.
    pub fn known_networks(&self) -> KnownNetworkLimits {
        const SECONDS_OF_A_DAY: NonZeroU64 = NonZeroU64::new(DAY).unwrap();
        KnownNetworkLimits {
            most: self.known_networks,
            seconds: NonZeroU64::from(self.known_network_days).saturating_mul(SECONDS_OF_A_DAY),
        }
    }

    /// Returns the time that a device stays active without being seen.
    pub fn device_retention(&self) -> DeviceRetention {
        DeviceRetention::from_secs(u64::from(self.device_retention_days.get()) * DAY)
    }
}
