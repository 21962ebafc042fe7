//! Changes that outlast a session. They need the password, or a login within the last minutes.
//!
//! A stolen access token is valid for 15 minutes. It must not become a device with a password of
//! its own, nor lock the owner out. Nor may the password of one device control all others if the
//! account has a login, whose password proves more.

use anteroom_protocol::Timestamp;
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{Email, TransactionName};

use crate::{
    domain::{
        callers::caller::{Caller, SignInTime},
        client_limits::LOGIN,
        failure::Failure,
        login::{
            look_up::look_up,
            password_check::{PasswordClaim, check},
            refusals::{RefusedAttempt, refused_at_once},
        },
        passwords::password::Password,
        storage::stored,
    },
    state::AccountsState,
};

/// The time for which a login is recent, in seconds.
const RECENT: u64 = 5 * 60;

/// The proof in a request for such a change.
#[derive(Clone, Copy)]
pub(crate) struct RecentProof<'a> {
    pub(crate) client: ClientAddress,
    /// The password of the login, if the request contains it.
    pub(crate) password: Option<&'a str>,
}

/// The reason why a proof is not sufficient.
pub(crate) enum NotRecent {
    /// The change needs the password of the login.
    Required,
    /// The password is out of its bounds.
    InvalidInput,
    /// The client has tried too many passwords.
    RateLimited(RetryAfter),
    /// The password is refused, as at a login.
    Refused(RefusedAttempt),
}

impl RecentProof<'_> {
    /// Checks the proof. For an account without a login the password of a device is sufficient,
    /// because there is no stronger proof.
    ///
    /// # Errors
    /// Those of the database, and of a password that cannot be hashed.
    pub(crate) async fn check(
        &self,
        accounts: &AccountsState,
        caller: &Caller,
    ) -> Result<Result<(), NotRecent>, Failure> {
        const NAME: TransactionName = TransactionName::new("look up own login");
        if is_recent(caller.sign_in, accounts.now()) {
            return Ok(Ok(()));
        }
        let login = stored(async {
            let mut reader = accounts.storage.database.read(NAME).await?;
            reader.login(&caller.account.aci).await
        });
        match (login.await?, self.password) {
            (Some(login), Some(password)) => {
                self.check_password(accounts, &login.email, password).await
            }
            (None, _) if caller.sign_in == SignInTime::Never => Ok(Ok(())),
            (Some(_), None) | (None, _) => Ok(Err(NotRecent::Required)),
        }
    }

    async fn check_password(
        &self,
        accounts: &AccountsState,
        email: &Email,
        password: &str,
    ) -> Result<Result<(), NotRecent>, Failure> {
        if let Err(after) = accounts.limits.admit(&LOGIN, self.client).await {
            return Ok(Err(NotRecent::RateLimited(after)));
        }
        let Ok(password) = Password::parse(password) else {
            return Ok(Err(NotRecent::InvalidInput));
        };
        let claim = PasswordClaim {
            email,
            password,
            device: None,
            proof: None,
            client: self.client,
        };
        let refused = match check(accounts, claim).await? {
            Ok(_) => self.lock_since(accounts, email).await?,
            Err(attempt) => Some(attempt),
        };
        Ok(refused.map_or(Ok(()), |attempt| Err(NotRecent::Refused(attempt))))
    }

    /// Returns the lock that other attempts have set while the password was verified.
    async fn lock_since(
        &self,
        accounts: &AccountsState,
        email: &Email,
    ) -> Result<Option<RefusedAttempt>, Failure> {
        let known = look_up(accounts, email, None, None, self.client).await?;
        let refusal = refused_at_once(&known.failures, accounts.now());
        Ok(refusal.map(|refusal| known.refused(email, refusal)))
    }
}

fn is_recent(sign_in: SignInTime, now: Timestamp) -> bool {
    match sign_in {
        SignInTime::At(moment) => moment <= now && now < moment.plus(RECENT),
        SignInTime::Never | SignInTime::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_recent_for_five_minutes() {
        let moment = Timestamp::from_secs(1_000_000);
        let at = SignInTime::At(moment);
        for (sign_in, now, expected) in [
            (at, moment, true),
            (at, moment.plus(299), true),
            (at, moment.plus(300), false),
            // A clock was ahead.
            (at, moment.minus(1), false),
            (SignInTime::Never, moment, false),
            (SignInTime::Unknown, moment, false),
        ] {
            assert_eq!(is_recent(sign_in, now), expected, "{sign_in:?}");
        }
    }
}
