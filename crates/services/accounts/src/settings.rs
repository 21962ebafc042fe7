//! The settings and the parts of logins.

use std::{
    num::{NonZeroU32, NonZeroU64},
    sync::Arc,
};

use anteroom_pages::WebAddress;
use anteroom_protocol::DAY;
use anteroom_runtime::WindowSize;
use anteroom_store::{DeviceRetention, LockPolicy, StoredLifetimes};

use crate::domain::{
    callers::identity::IdentityVerifier,
    login::{delay::Delay, known_networks::KnownNetworkLimits},
    mails::mail::{MailSender, RESET_LIFETIME, VERIFY_LIFETIME},
    passwords::hasher::PasswordHasher,
    tokens::session,
};

/// The people who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Everyone with an email address.
    Open,
    /// People with an invite code.
    #[default]
    Invite,
    /// No one: the operator adds accounts.
    Closed,
}

/// The rights of people without an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guests {
    /// None.
    #[default]
    Off,
    /// They get an account of a guest, with which they can join calls.
    Join,
}

/// The parts of logins.
pub struct LoginParts {
    /// The settings of logins.
    pub settings: LoginSettings,
    /// The hasher of passwords.
    pub hasher: PasswordHasher,
    /// The timer of delayed attempts.
    pub delay: Arc<dyn Delay>,
    /// The receiver of mails. Without it sign-up and password reset are not possible.
    pub mail: Option<Arc<dyn MailSender>>,
    /// The verifier of other bearer tokens than those of this service.
    pub identities: Option<Arc<dyn IdentityVerifier>>,
}

/// The settings of logins.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// The people who may sign up.
    pub sign_up: SignUp,
    /// The rights of people without an account.
    pub guests: Guests,
    /// The public URL of this service, without a slash at the end. Mails link to it, and access
    /// tokens name it as their issuer.
    pub public_url: String,
    /// The rule for locking an email.
    pub lock: LockPolicy,
    /// Whether the owner of an account gets a mail when it is locked.
    pub lock_mail: bool,
    /// Whether the events of logins show email and address in the clear.
    pub personal_events: bool,
    /// The sizes of the rate limits.
    pub limits: LoginLimits,
    /// Whether an unknown subject of an identity provider gets an account at its first token.
    pub provision: bool,
    /// The limits of the networks with a recent login. Half of the places for password hashes are
    /// for them.
    pub known_networks: KnownNetworkLimits,
    /// The time without a use after which a device is stale, and is then deleted.
    pub device_retention: DeviceRetention,
    /// The page that offers the terminal program. The start page links to it.
    pub program_page: Option<WebAddress>,
}

/// The sizes of the rate limits: per client address, except those of mails and of
/// all guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// Logins.
    pub login: WindowSize,
    /// Sign-ups.
    pub sign_up: WindowSize,
    /// Requests and confirmations of password resets, and requests for another verification mail.
    pub reset: WindowSize,
    /// Verifications, and separately refreshes.
    pub token: WindowSize,
    /// Logouts.
    pub logout: WindowSize,
    /// Mails of one kind to one mailbox.
    pub mail: WindowSize,
    /// Mails that need no account, to addresses of one domain.
    pub mails_of_domain: WindowSize,
    /// All requests for mails of sign-ups and their repetitions, and separately all for resets,
    /// half of which are for known networks.
    pub all_mails: WindowSize,
    /// Mails of these two kinds that the clients of one network (IPv4 address, IPv6 /48) request.
    pub mails_of_network: WindowSize,
    /// Accounts of guests.
    pub guests: WindowSize,
    /// All accounts of guests, for all addresses together.
    pub all_guests: WindowSize,
    /// Accounts of guests for one network (IPv4 address, IPv6 /48).
    pub guests_of_network: WindowSize,
}

impl LoginSettings {
    /// Creates the default settings for a service at this URL.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self {
            sign_up: SignUp::default(),
            guests: Guests::default(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            lock: LockPolicy {
                threshold: const { NonZeroU32::new(5).unwrap() },
                seconds: 15 * 60,
            },
            lock_mail: false,
            personal_events: false,
            limits: LoginLimits::default(),
            provision: false,
            known_networks: KnownNetworkLimits::default(),
            device_retention: DeviceRetention::from_secs(90 * DAY),
            program_page: None,
        }
    }

    /// Returns the maximum lifetimes of stored rows from now on.
    pub(crate) const fn lifetimes(&self) -> StoredLifetimes {
        StoredLifetimes {
            lock: self.lock.seconds,
            session: session::lifetime(false),
            remembered_session: session::lifetime(true),
            sign_up: VERIFY_LIFETIME,
            reset: RESET_LIFETIME,
        }
    }
}

impl Default for LoginLimits {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const fn at_most(most: u32, seconds: u64) -> WindowSize {
            let most = NonZeroU32::MIN.saturating_add(most - 1);
            WindowSize::new(most, NonZeroU64::MIN.saturating_add(seconds - 1))
        }
        Self {
            login: at_most(10, MINUTE),
            sign_up: at_most(10, MINUTE),
            reset: at_most(10, MINUTE),
            token: at_most(120, MINUTE),
            logout: at_most(300, MINUTE),
            mail: at_most(5, HOUR),
            mails_of_domain: at_most(300, HOUR),
            all_mails: at_most(3_600, HOUR),
            mails_of_network: at_most(225, HOUR),
            guests: at_most(60, HOUR),
            all_guests: at_most(1_200, HOUR),
            guests_of_network: at_most(75, HOUR),
        }
    }
}
