//! The options of a test issuer's logins.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
};

use anteroom_accounts::{
    Guests, HashCost, HashQueueLimits, LoginLimits, LoginParts, LoginSettings, MailSender,
    PasswordHasher, SignUp,
};
use anteroom_runtime::{Entropy as _, Metrics};

use crate::{CapturedMails, RecordedDelays, SeededEntropy};

/// The options of a test issuer's logins.
#[derive(Clone, Copy, Debug)]
pub struct TestLoginOptions {
    /// The rule of signing up.
    pub sign_up: SignUp,
    /// The rights of people without an account: none by default.
    pub guests: Guests,
    /// Whether mails can be sent.
    pub mail: bool,
    /// The cost of a hash: minimal, so that tests are fast.
    pub cost: HashCost,
    /// The sizes of the rate limits.
    pub limits: LoginLimits,
    /// Whether owners get a mail when their account is locked.
    pub lock_mail: bool,
    /// Whether events contain email and IP address in the clear.
    pub personal_events: bool,
}

impl TestLoginOptions {
    /// The minimum that Argon2 allows.
    pub const CHEAP: HashCost = HashCost {
        memory_kib: NonZeroU32::new(8).unwrap(),
        passes: NonZeroU32::MIN,
    };
}

impl Default for TestLoginOptions {
    fn default() -> Self {
        Self {
            sign_up: SignUp::default(),
            guests: Guests::Off,
            mail: true,
            cost: Self::CHEAP,
            limits: LoginLimits::default(),
            lock_mail: false,
            personal_events: false,
        }
    }
}

/// The base URL of the links in mails, and the issuer name in access tokens.
const PUBLIC_URL: &str = "https://issuer.example";

impl TestLoginOptions {
    /// Returns the parts of an issuer with these options.
    pub(crate) fn parts(
        self,
        mails: &CapturedMails,
        delays: &RecordedDelays,
        metrics: &Metrics,
        entropy: &SeededEntropy,
    ) -> LoginParts {
        let limits = HashQueueLimits::new(NonZeroUsize::MIN.saturating_add(1));
        let hasher = PasswordHasher::new(self.cost, limits, metrics, &mut *entropy.rng());
        LoginParts {
            settings: LoginSettings {
                sign_up: self.sign_up,
                guests: self.guests,
                limits: self.limits,
                lock_mail: self.lock_mail,
                personal_events: self.personal_events,
                ..LoginSettings::new(PUBLIC_URL)
            },
            hasher: hasher.expect("a cost that Argon2 allows"),
            delay: Arc::new(delays.clone()),
            mail: self
                .mail
                .then(|| Arc::new(mails.clone()) as Arc<dyn MailSender>),
            identities: None,
        }
    }
}
