//! Changes that outlast a session. They need the password, or a login within the last minutes.
//!
//! A stolen access token is valid for 15 minutes. It must not become a device with a password of
//! its own, nor lock the owner out. Nor may the password of one device control all others if the
//! account has a login, whose password proves more.

use std::sync::Arc;

use anteroom_http_server::Problem;
use anteroom_protocol::Timestamp;
use anteroom_runtime::ClientAddress;
use anteroom_store::{Email, TransactionName};
use http::HeaderMap;

use super::{
    Password,
    attempt::refused_at_once,
    events::RequestOrigin,
    limits::LOGIN,
    look_up::look_up,
    password_check::{PasswordClaim, check},
    problems::{RECENT_REQUIRED, VALIDATION_ERROR},
    refusals::{RefusedAttempt, answer},
    wire::Secret,
};
use crate::{
    auth::{Caller, SignInTime},
    issuer::IssuerState,
};

/// The time for which a login is recent, in seconds.
const RECENT: u64 = 5 * 60;

/// The proof in a request for such a change.
pub(crate) struct RecentProof<'a> {
    pub(crate) client: ClientAddress,
    pub(crate) headers: &'a HeaderMap,
    /// The password of the login, if the request contains it.
    pub(crate) password: Option<&'a Secret>,
}

impl RecentProof<'_> {
    /// Checks the proof. For an account without a login the password of a device is sufficient,
    /// because there is no stronger proof.
    ///
    /// # Errors
    /// `LOGIN_RECENT_REQUIRED`, the refusals of a login for a password in the request, and 503 or
    /// 500 when the database is unavailable.
    pub(crate) async fn check(
        &self,
        issuer: &Arc<IssuerState>,
        caller: &Caller,
    ) -> Result<(), Problem> {
        const NAME: TransactionName = TransactionName::new("look up own login");
        if is_recent(caller.sign_in, issuer.now()) {
            return Ok(());
        }
        let aci = caller.account.aci;
        let login = issuer
            .stored(async { issuer.database.read(NAME).await?.login(&aci).await })
            .await?;
        match (login, self.password) {
            (Some(login), Some(password)) => {
                issuer.admit(&LOGIN, self.client).await?;
                let password = Password::parse(password.as_str())
                    .map_err(|_| Problem::new(&VALIDATION_ERROR))?;
                let claim = PasswordClaim {
                    email: &login.email,
                    password,
                    device: None,
                    proof: None,
                    client: self.client,
                };
                let refused = match check(issuer, claim).await? {
                    Ok(_) => self.lock_since(issuer, &login.email).await?,
                    Err(attempt) => Some(attempt),
                };
                match refused {
                    Some(attempt) => {
                        let origin = RequestOrigin::new(self.client, self.headers);
                        Err(answer(issuer, &origin, attempt))
                    }
                    None => Ok(()),
                }
            }
            (None, _) if caller.sign_in == SignInTime::Never => Ok(()),
            (Some(_), None) | (None, _) => Err(Problem::new(&RECENT_REQUIRED)),
        }
    }

    /// Returns the lock that other attempts have set while the password was verified.
    async fn lock_since(
        &self,
        issuer: &IssuerState,
        email: &Email,
    ) -> Result<Option<RefusedAttempt>, Problem> {
        let known = look_up(issuer, email, None, None, self.client).await?;
        let refusal = refused_at_once(&known.failures, issuer.now());
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
