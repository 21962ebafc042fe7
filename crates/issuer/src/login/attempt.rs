//! The order of what an attempt to log in can fail at: lock, disabled, password, verified.

use anteroom_protocol::Timestamp;
use anteroom_store::{Account, Login, LoginFailures};

use super::hasher::Verified;

/// Why an attempt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The email has seen too many failures, whether it has an account or not.
    Locked,
    /// The account is disabled.
    Disabled,
    /// There is no such login, or the password is another.
    Wrong,
    /// The password is right, but nobody has shown that the address is theirs.
    Unverified,
}

/// What is known before the password is looked at: it need not be when this refuses.
pub(super) fn refused_at_once(
    failures: &LoginFailures,
    account: Option<&Account>,
    now: Timestamp,
) -> Option<Refusal> {
    if failures.is_locked(now) {
        Some(Refusal::Locked)
    } else if account.is_some_and(|account| account.disabled) {
        Some(Refusal::Disabled)
    } else {
        None
    }
}

/// What is known after it, from a state in which [`refused_at_once`] does not refuse.
pub(super) fn refused_after_all(login: Option<&Login>, verified: Verified) -> Option<Refusal> {
    match (login, verified) {
        (None, _) | (Some(_), Verified::Wrong) => Some(Refusal::Wrong),
        (Some(login), Verified::Right { .. }) if !login.verified => Some(Refusal::Unverified),
        (Some(_), Verified::Right { .. }) => None,
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
    fn the_order_is_lock_disabled_password_verified() {
        const RIGHT: Verified = Verified::Right { outdated: false };
        use Refusal::{Disabled, Locked, Unverified, Wrong};
        // locked, disabled, password, address verified
        for (locked, disabled, password, verified, expected) in [
            (true, true, Verified::Wrong, false, Some(Locked)),
            (true, true, RIGHT, true, Some(Locked)),
            (true, false, RIGHT, true, Some(Locked)),
            (false, true, Verified::Wrong, false, Some(Disabled)),
            (false, true, RIGHT, true, Some(Disabled)),
            (false, false, Verified::Wrong, false, Some(Wrong)),
            (false, false, Verified::Wrong, true, Some(Wrong)),
            (false, false, RIGHT, false, Some(Unverified)),
            (false, false, RIGHT, true, None),
        ] {
            let (login, account) = known(verified, disabled);
            let refused = refused_at_once(&failures(locked), Some(&account), NOW)
                .or_else(|| refused_after_all(Some(&login), password));
            assert_eq!(
                refused, expected,
                "{locked} {disabled} {password:?} {verified}"
            );
        }
        for (locked, expected) in [(true, Locked), (false, Wrong)] {
            let refused = refused_at_once(&failures(locked), None, NOW)
                .or_else(|| refused_after_all(None, Verified::Wrong));
            assert_eq!(refused, Some(expected));
        }
    }

    #[test]
    fn a_lock_ends_at_its_second() {
        let failures = failures(true);
        let end = failures.locked_until.unwrap();
        assert!(refused_at_once(&failures, None, end.minus(1)).is_some());
        assert!(refused_at_once(&failures, None, end).is_none());
    }

    fn failures(locked: bool) -> LoginFailures {
        LoginFailures {
            count: 5,
            locked_until: locked.then(|| NOW.plus(900)),
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
