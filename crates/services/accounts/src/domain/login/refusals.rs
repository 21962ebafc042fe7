//! The reasons to refuse a login, in their order: lock, password, disabled, verified. The events and
//! mails about refused attempts.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{Account, Email, Login, LoginFailures};

use crate::{
    domain::{
        failure::Failure,
        login::events::{FailureReason, RequestOrigin},
        mails::{mail, mail_limits::MailKind},
        passwords::hasher::VerificationResult,
    },
    state::AccountsState,
};

/// The reason why an attempt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The email has too many failures from this origin, with or without an account.
    Locked,
    /// The login does not exist, or the password is wrong.
    Wrong,
    /// The password is right, but the account is disabled.
    Disabled,
    /// The password is that of an unconfirmed sign-up.
    Unverified,
}

/// Returns the refusal that does not depend on the password, which then need not be verified.
pub(crate) fn refused_at_once(failures: &LoginFailures, now: Timestamp) -> Option<Refusal> {
    failures.is_locked(now).then_some(Refusal::Locked)
}

/// Returns the refusal after the password was verified, for an attempt that [`refused_at_once`]
/// does not refuse.
pub(crate) fn refused_after_all(
    known: Option<&(Login, Account)>,
    verified: VerificationResult,
) -> Option<Refusal> {
    match (known, verified) {
        (None, _) | (Some(_), VerificationResult::Wrong) => Some(Refusal::Wrong),
        // The answer is that of an unconfirmed address.
        (Some(_), VerificationResult::Shadow) => Some(Refusal::Unverified),
        (Some((_, account)), VerificationResult::Right { .. }) if account.disabled => {
            Some(Refusal::Disabled)
        }
        (Some((login, _)), VerificationResult::Right { .. }) if !login.verified => {
            Some(Refusal::Unverified)
        }
        (Some(_), VerificationResult::Right { .. }) => None,
    }
}

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

#[cfg(test)]
mod tests {
    use anteroom_protocol::AuthSalt;
    use anteroom_store::PasswordVerifier;
    use zeroize::Zeroizing;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    #[test]
    fn the_order_is_lock_then_password_then_disabled_then_email_verified() {
        const RIGHT: VerificationResult = VerificationResult::Right { outdated: false };
        use Refusal::{Disabled, Locked, Unverified, Wrong};
        // locked, password, disabled, address verified
        for (locked, password, disabled, verified, expected) in [
            (true, VerificationResult::Wrong, true, false, Some(Locked)),
            (true, RIGHT, true, true, Some(Locked)),
            (true, RIGHT, false, true, Some(Locked)),
            (false, VerificationResult::Wrong, true, false, Some(Wrong)),
            (false, VerificationResult::Wrong, true, true, Some(Wrong)),
            (false, VerificationResult::Wrong, false, false, Some(Wrong)),
            (false, VerificationResult::Wrong, false, true, Some(Wrong)),
            (false, RIGHT, true, false, Some(Disabled)),
            (false, RIGHT, true, true, Some(Disabled)),
            (false, RIGHT, false, false, Some(Unverified)),
            (false, RIGHT, false, true, None),
            (true, VerificationResult::Shadow, false, true, Some(Locked)),
            (
                false,
                VerificationResult::Shadow,
                true,
                true,
                Some(Unverified),
            ),
            (
                false,
                VerificationResult::Shadow,
                false,
                true,
                Some(Unverified),
            ),
        ] {
            let known = known(verified, disabled);
            let refused = refused_at_once(&failures(locked), NOW)
                .or_else(|| refused_after_all(Some(&known), password));
            assert_eq!(
                refused, expected,
                "{locked} {password:?} {disabled} {verified}"
            );
        }
        for (locked, expected) in [(true, Locked), (false, Wrong)] {
            let refused = refused_at_once(&failures(locked), NOW)
                .or_else(|| refused_after_all(None, VerificationResult::Wrong));
            assert_eq!(refused, Some(expected));
        }
    }

    #[test]
    fn a_lock_ends_at_its_second() {
        let failures = failures(true);
        let end = failures.locked_until.unwrap();
        assert!(refused_at_once(&failures, end.minus(1)).is_some());
        assert!(refused_at_once(&failures, end).is_none());
    }

    fn failures(locked: bool) -> LoginFailures {
        LoginFailures {
            count: 5,
            locked_until: locked.then(|| NOW.plus(900)),
            ..LoginFailures::default()
        }
    }

    fn known(verified: bool, disabled: bool) -> (Login, Account) {
        let aci = Aci::from_bytes([1; 16]);
        let mut account = Account::new(aci, None, AuthSalt::from_bytes([1; 32]), NOW);
        account.disabled = disabled;
        let login = Login {
            aci,
            email: Email::parse("ann@example.com").unwrap(),
            verifier: PasswordVerifier::new(Zeroizing::new(String::new())).unwrap(),
            verified,
            created: NOW,
        };
        (login, account)
    }
}
