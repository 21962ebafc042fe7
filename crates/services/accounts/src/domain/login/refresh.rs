//! The exchange of refresh tokens.

use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Email, IssuerRepository, RefreshToken, RotateOutcome, Session, SessionId, StoreError,
    TransactionName,
};

use crate::{
    domain::{
        failure::Failure,
        storage::stored,
        tokens::{grant::TokenGrant, session},
    },
    state::AccountsState,
};

/// The time, in seconds, for which a used token still gets the same successor: two tabs may use it
/// at the same time, and an answer may be lost. A later use ends the session.
const GRACE: u64 = 10;

/// The outcomes of a refresh.
pub(crate) enum RefreshOutcome {
    /// The token is unknown or expired, or its account is disabled or deleted.
    Ended,
    /// The token was used before. Its session has ended.
    Reused(SessionId, Option<Email>),
    Refreshed(TokenGrant),
}

/// Exchanges a refresh token in one transaction, which is saved also if it ends the session.
pub(crate) async fn refresh(
    accounts: &AccountsState,
    client: ClientAddress,
    used: &RefreshToken,
) -> Result<RefreshOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("refresh session");
    let device_use = accounts.device_use(client);
    let now = device_use.at;
    let storage = &accounts.storage;
    let mut rng = storage.entropy.rng();
    let keys = storage.database.storage_keys();
    let refresh = keys.refresh_token_successor(used);
    let next = keys.refresh_token_hash(&refresh);
    let used = keys.refresh_token_hash(used);
    let ends = (session::expires(false, now), session::expires(true, now));
    stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let rotated = transaction
            .rotate_refresh_token(&used, &next, now, ends, GRACE)
            .await?;
        let (session, issued) = match rotated {
            RotateOutcome::Rotated(session) => (session, now),
            RotateOutcome::Repeated(session, used) => (session, used),
            RotateOutcome::Reused(session) => {
                let login = transaction.login(&session.aci).await?;
                transaction.save().await?;
                let email = login.map(|login| login.email);
                return Ok(RefreshOutcome::Reused(session.id, email));
            }
            RotateOutcome::Expired | RotateOutcome::Unknown => {
                return Ok(RefreshOutcome::Ended);
            }
        };
        let outcome = match email_of(&mut *transaction, &session).await? {
            Some(email) => {
                transaction
                    .touch_device(&session.aci, session.device, &device_use, &mut *rng)
                    .await?;
                RefreshOutcome::Refreshed(TokenGrant {
                    session,
                    refresh,
                    email,
                    issued,
                })
            }
            None => {
                transaction.end_session(&session.id).await?;
                RefreshOutcome::Ended
            }
        };
        transaction.save().await?;
        Ok(outcome)
    })
    .await
}

/// Returns the address of the session's account; `None` if the account is disabled or has no login.
async fn email_of(
    transaction: &mut dyn IssuerRepository,
    session: &Session,
) -> Result<Option<Email>, StoreError> {
    let login = transaction.login(&session.aci).await?;
    let caller = transaction.session_caller(&session.id).await?;
    let is_enabled = caller.is_some_and(|caller| !caller.account.disabled);
    Ok(login.filter(|_| is_enabled).map(|login| login.email))
}
