//! The reasons to refuse a login, in their order: lock, password, disabled, verified.

use anteroom_protocol::Timestamp;
use anteroom_store::{Account, Login, LoginFailures};

use crate::domain::passwords::hasher::VerificationResult;

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

#[cfg(test)]
mod tests {
    use anteroom_protocol::{Aci, AuthSalt};
    use anteroom_store::{Email, PasswordVerifier};
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
