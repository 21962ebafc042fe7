//! Signing in with email and password.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use anteroom_issuer::{HashCost, SignUp};
use anteroom_protocol::DAY;
use anteroom_store::DeviceRetention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoginSection {
    /// Who may sign up with an email address: anybody, who has an invite code, or nobody. Without
    /// mail nobody can.
    pub(crate) sign_up: SignUpMode,
    /// So many wrong passwords in a row lock an email address for the network (an IPv4 address, an
    /// IPv6 /64) or the known device they came from. From elsewhere attempts are slowed down.
    pub(crate) lock_failures: NonZeroU32,
    /// For so long.
    pub(crate) lock_seconds: NonZeroU64,
    /// Whether the owner of an account gets a mail when it is locked.
    pub(crate) lock_mail: bool,
    /// The memory that a password's hash (Argon2id) takes. Passwords are hashed anew when their
    /// owners log in after a change.
    pub(crate) hash_memory_kib: NonZeroU32,
    /// How often that memory is gone through.
    pub(crate) hash_passes: NonZeroU32,
    /// How many passwords are hashed at once: each takes that memory and a core. Without it, as
    /// many as there are cores.
    pub(crate) hashes_at_once: Option<NonZeroUsize>,
    /// Devices that were not seen for so long are deleted.
    pub(crate) device_retention_days: NonZeroU32,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignUpMode {
    Open,
    #[default]
    Invite,
    Closed,
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

impl LoginSection {
    pub(crate) const fn cost(&self) -> HashCost {
        HashCost {
            memory_kib: self.hash_memory_kib,
            passes: self.hash_passes,
        }
    }

    pub(crate) fn device_retention(&self) -> DeviceRetention {
        DeviceRetention::from_secs(u64::from(self.device_retention_days.get()) * DAY)
    }
}

impl Default for LoginSection {
    fn default() -> Self {
        let cost = HashCost::default();
        Self {
            sign_up: SignUpMode::default(),
            lock_failures: const { NonZeroU32::new(5).unwrap() },
            lock_seconds: const { NonZeroU64::new(15 * 60).unwrap() },
            lock_mail: false,
            hash_memory_kib: cost.memory_kib,
            hash_passes: cost.passes,
            hashes_at_once: None,
            device_retention_days: const { NonZeroU32::new(90).unwrap() },
        }
    }
}
