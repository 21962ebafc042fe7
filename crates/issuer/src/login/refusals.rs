//! The answers to refused attempts, and what is told of them.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_service::Problem;
use anteroom_store::{Email, Login, LoginFailures};

use super::{
    attempt::Refusal,
    events::{self, FailureReason, Source},
    mail,
    problems::{
        ACCOUNT_DISABLED, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED, INVALID_CREDENTIALS, refused,
    },
};
use crate::issuer::Core;

/// An attempt that was refused.
pub(super) struct RefusedAttempt {
    email: Email,
    /// The account, if the email has one.
    aci: Option<Aci>,
    /// Whether the email was shown to be its owner's.
    is_verified: bool,
    refusal: Refusal,
    failures: LoginFailures,
    /// The end of the lock that this very failure has set.
    new_lock: Option<Timestamp>,
}

impl RefusedAttempt {
    pub(super) fn new(
        email: Email,
        login: Option<&Login>,
        refusal: Refusal,
        failures: LoginFailures,
    ) -> Self {
        Self {
            email,
            aci: login.map(|login| login.aci),
            is_verified: login.is_some_and(|login| login.verified),
            refusal,
            failures,
            new_lock: None,
        }
    }

    pub(super) const fn email(&self) -> &Email {
        &self.email
    }

    /// The same attempt after its failure was counted: it was locked out by others meanwhile, or has
    /// set the lock, or neither.
    pub(super) fn counted(
        self,
        before: &LoginFailures,
        after: LoginFailures,
        now: Timestamp,
    ) -> Self {
        let was_locked = before.is_locked(now);
        Self {
            refusal: if was_locked {
                Refusal::Locked
            } else {
                Refusal::Wrong
            },
            failures: after,
            new_lock: after.locked_until.filter(|_| !was_locked),
            ..self
        }
    }
}

/// Tells the watchers, and the owner if the settings want it, and gives the answer.
pub(super) async fn answer(issuer: &Core, source: &Source, attempt: RefusedAttempt) -> Problem {
    let RefusedAttempt {
        email,
        aci,
        is_verified,
        refusal,
        failures,
        new_lock,
    } = attempt;
    let failed = |reason| events::failed(issuer, source, &email, failures.count, reason);
    let problem = match refusal {
        Refusal::Locked => {
            failed(FailureReason::Locked);
            Problem::new(&ACCOUNT_LOCKED)
        }
        Refusal::Wrong => {
            failed(FailureReason::InvalidCredentials);
            refused(&INVALID_CREDENTIALS)
        }
        Refusal::Disabled => {
            failed(FailureReason::Disabled);
            Problem::new(&ACCOUNT_DISABLED)
        }
        Refusal::Unverified => {
            if let Some(aci) = &aci {
                events::unverified(issuer, &email, aci);
            }
            Problem::new(&EMAIL_NOT_VERIFIED)
        }
    };
    if let Some(until) = new_lock {
        events::locked(issuer, &email, aci.as_ref(), until, failures.count);
        if is_verified {
            tell_owner(issuer, email).await;
        }
    }
    problem
}

/// A mail about the lock, where the settings want one.
async fn tell_owner(issuer: &Core, email: Email) {
    let login = &issuer.login;
    if let Some(mailbox) = &login.mail
        && login.settings.lock_mail
        && issuer.admit_mail("lock mail", &email).await
    {
        mailbox.post(mail::locked(email, login.settings.lock.seconds));
    }
}
