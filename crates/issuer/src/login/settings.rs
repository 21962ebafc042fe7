//! What an operator decides about logins.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_protocol::DAY;
use anteroom_service::BucketSize;
use anteroom_store::{DeviceRetention, LockPolicy};

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Everyone with an email address.
    Open,
    /// Who has an invite code.
    #[default]
    Invite,
    /// Nobody: the operator adds accounts.
    Closed,
}

/// How logins work.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// Who may sign up.
    pub sign_up: SignUp,
    /// Where people reach this service, without a slash at the end: mails link to it, and access
    /// tokens name it as their issuer.
    pub public_url: String,
    /// When an email is locked, and for how long.
    pub lock: LockPolicy,
    /// The sizes of the rate limits.
    pub limits: LoginLimits,
    /// Whether an unknown subject of an identity provider gets an account on first sight.
    pub provision: bool,
    /// How long a device that is not seen stays active; then it is stale, and is deleted.
    pub device_retention: DeviceRetention,
}

/// The sizes of the rate limits: per client address, but for the mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// Logins.
    pub login: BucketSize,
    /// Sign-ups.
    pub sign_up: BucketSize,
    /// Password resets that are asked for.
    pub reset: BucketSize,
    /// Whatever shows a token: verification, the end of a reset, refresh, logout.
    pub token: BucketSize,
    /// Mails of one kind to one address.
    pub mail: BucketSize,
}

impl LoginSettings {
    /// The defaults, reached under this URL.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self {
            sign_up: SignUp::default(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            lock: LockPolicy {
                threshold: const { NonZeroU32::new(5).unwrap() },
                seconds: 15 * 60,
            },
            limits: LoginLimits::default(),
            provision: false,
            device_retention: DeviceRetention::from_secs(90 * DAY),
        }
    }
}

impl Default for LoginLimits {
    fn default() -> Self {
        const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();
        const TEN_A_MINUTE: BucketSize = BucketSize::new(TEN, NonZeroU64::new(6).unwrap());
        const SIXTY: NonZeroU32 = NonZeroU32::new(60).unwrap();
        const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();
        Self {
            login: TEN_A_MINUTE,
            sign_up: TEN_A_MINUTE,
            reset: TEN_A_MINUTE,
            token: BucketSize::new(SIXTY, NonZeroU64::MIN),
            mail: BucketSize::new(FIVE, const { NonZeroU64::new(12 * 60).unwrap() }),
        }
    }
}
