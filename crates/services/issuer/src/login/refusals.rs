//! The answers to refused attempts, and the events and mails about them.

use std::sync::Arc;

use anteroom_http_server::Problem;
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::RetryAfter;
use anteroom_store::{Email, Login, LoginFailures};
use async_trait::async_trait;

use super::{
    attempt::Refusal,
    events::{self, FailureReason, RequestOrigin},
    mail,
    mail_limits::MailKind,
    problems::{
        ACCOUNT_DISABLED, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED, INVALID_CREDENTIALS, refused,
    },
};
use crate::{issuer::IssuerState, job_queue::Job};

pub(super) struct RefusedAttempt {
    email: Email,
    /// The account; `None` if the email has none.
    aci: Option<Aci>,
    /// Whether the address is confirmed.
    is_verified: bool,
    refusal: Refusal,
    failures: LoginFailures,
    /// The end of the lock that this failure has set.
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

    /// Returns the attempt after its failure was counted: other attempts have locked the address
    /// meanwhile, or this failure has, or neither.
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

/// Emits the events, sends the owner's mail if the settings ask for it, and returns the answer.
pub(super) fn answer(
    issuer: &Arc<IssuerState>,
    origin: &RequestOrigin,
    attempt: RefusedAttempt,
) -> Problem {
    let RefusedAttempt {
        email,
        aci,
        is_verified,
        refusal,
        failures,
        new_lock,
    } = attempt;
    let failed = |reason| events::failed(issuer, origin, &email, failures.count, reason);
    let problem = match refusal {
        Refusal::Locked => {
            failed(FailureReason::Locked);
            let problem = Problem::new(&ACCOUNT_LOCKED);
            match failures.locked_until {
                Some(end) => {
                    let left = end.as_secs().saturating_sub(issuer.clock.now().as_secs());
                    problem.retry_after(RetryAfter::from_secs(left))
                }
                None => problem,
            }
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
        notify_owner(issuer, email, is_verified);
    }
    problem
}

/// Starts a mail about the lock, if the settings ask for it. Starts the same job for an address
/// without an owner.
fn notify_owner(issuer: &Arc<IssuerState>, email: Email, has_owner: bool) {
    if issuer.login.settings.lock_mail && issuer.login.mail.is_some() {
        issuer.start_notice(LockNotice { email, has_owner });
    }
}

struct LockNotice {
    email: Email,
    has_owner: bool,
}

#[async_trait]
impl Job for LockNotice {
    async fn run(&mut self, issuer: &IssuerState) -> Result<(), Problem> {
        let is_admitted = issuer.admit_notice(MailKind::LockNotice, &self.email).await;
        if let Some(sender) = &issuer.login.mail
            && is_admitted
        {
            let seconds = issuer.login.settings.lock.seconds;
            let mail = self
                .has_owner
                .then(|| mail::locked(self.email.clone(), seconds));
            sender.send_or_decoy(&self.email, mail);
        }
        Ok(())
    }
}
