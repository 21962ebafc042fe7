//! The parts of logins.

use std::sync::Arc;

use crate::{
    domain::{
        callers::identity::IdentityVerifier, login::delay::Delay, mails::mail::MailSender,
        passwords::hasher::PasswordHasher,
    },
    settings::LoginSettings,
};

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
