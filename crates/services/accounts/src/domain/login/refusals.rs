//! Refused attempts, and the events and mails about them.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{Email, Login, LoginFailures};

use crate::{
    domain::{
        failure::Failure,
        login::{
            attempt::Refusal,
            events::{FailureReason, RequestOrigin},
        },
        mails::{mail, mail_limits::MailKind},
    },
    state::AccountsState,
};

pub(crate) struct RefusedAttempt {
    pub(crate) email: Email,
    /// The account; `None` if the email has none.
    aci: Option<Aci>,
    /// Whether the address is confirmed.
    is_verified: bool,
    pub(crate) refusal: Refusal,
    pub(crate) failures: LoginFailures,
    /// The end of the lock that this failure has set.
    new_lock: Option<Timestamp>,
}

impl RefusedAttempt {
    pub(crate) fn new(
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

    /// Returns the attempt after its failure was counted: other attempts have locked the address
    /// meanwhile, or this failure has, or neither.
    pub(crate) fn counted(
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

/// Emits the events of a refused attempt, and sends the owner's mail if the settings ask for it.
pub(crate) fn report(
    accounts: &Arc<AccountsState>,
    origin: &RequestOrigin,
    attempt: RefusedAttempt,
) {
    let RefusedAttempt {
        email,
        aci,
        is_verified,
        refusal,
        failures,
        new_lock,
    } = attempt;
    let events = &accounts.login_events;
    let failed = |reason| events.failed(origin, &email, failures.count, reason);
    match refusal {
        Refusal::Locked => failed(FailureReason::Locked),
        Refusal::Wrong => failed(FailureReason::InvalidCredentials),
        Refusal::Disabled => failed(FailureReason::Disabled),
        Refusal::Unverified => {
            if let Some(aci) = &aci {
                events.unverified(&email, aci);
            }
        }
    }
    if let Some(until) = new_lock {
        events.locked(&email, aci.as_ref(), until, failures.count);
        notify_owner(accounts, email, is_verified);
    }
}

/// Starts a mail about the lock, if the settings ask for it. Starts the same job for an address
/// without an owner.
fn notify_owner(accounts: &Arc<AccountsState>, email: Email, has_owner: bool) {
    if accounts.login.settings.lock_mail && accounts.login.mail.is_some() {
        let state = Arc::clone(accounts);
        let notice = move || send_notice(Arc::clone(&state), email.clone(), has_owner);
        accounts.job_queue.start_notice(notice);
    }
}

async fn send_notice(
    accounts: Arc<AccountsState>,
    email: Email,
    has_owner: bool,
) -> Result<(), Failure> {
    let (limits, kind) = (&accounts.limits, MailKind::LockNotice);
    let is_admitted = limits.admit_notice(kind, &email).await;
    if let Some(sender) = &accounts.login.mail
        && is_admitted
    {
        let seconds = accounts.login.settings.lock.seconds;
        let mail = has_owner.then(|| mail::locked(email.clone(), seconds));
        sender.send_or_decoy(&email, mail);
    }
    Ok(())
}
