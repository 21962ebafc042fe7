//! The end of sessions.

use anteroom_store::{RefreshToken, SessionId, TransactionName};

use crate::{
    domain::{failure::Failure, storage::stored},
    state::AccountsState,
};

/// The proof of a session in a request.
pub(crate) enum SessionProof {
    /// A refresh token.
    Refresh(RefreshToken),
    /// The session of a valid access token.
    Access(SessionId),
}

/// Ends a session, if the proof belongs to one.
pub(crate) async fn end_session(
    accounts: &AccountsState,
    proof: &SessionProof,
) -> Result<(), Failure> {
    const NAME: TransactionName = TransactionName::new("log out");
    let storage = &accounts.storage;
    let keys = storage.database.storage_keys();
    let ended = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let ended = match proof {
            SessionProof::Refresh(token) => {
                let hash = keys.refresh_token_hash(token);
                let ended = transaction.end_session_of(&hash).await?;
                ended.map(|session| session.id)
            }
            SessionProof::Access(session) => {
                transaction.end_session(session).await?;
                Some(*session)
            }
        };
        transaction.save().await?;
        Ok(ended)
    })
    .await?;
    if let Some(session) = ended {
        accounts.caller_cache.forget_session(&session);
    }
    Ok(())
}

/// The outcomes of the end of all sessions.
pub(crate) enum EndSessionsOutcome {
    /// The proof belongs to no session.
    Unauthenticated,
    Ended,
}

/// Ends all sessions of the account, in one transaction.
pub(crate) async fn end_all_sessions(
    accounts: &AccountsState,
    proof: &SessionProof,
) -> Result<EndSessionsOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("log out everywhere");
    let storage = &accounts.storage;
    let keys = storage.database.storage_keys();
    let ended = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let session = match proof {
            SessionProof::Refresh(token) => {
                let hash = keys.refresh_token_hash(token);
                transaction.end_session_of(&hash).await?
            }
            SessionProof::Access(id) => {
                let caller = transaction.session_caller(id).await?;
                caller.map(|caller| caller.session)
            }
        };
        let now = accounts.now();
        let Some(session) = session.filter(|session| now < session.expires) else {
            return Ok(None);
        };
        transaction.end_sessions(&session.aci).await?;
        transaction.save().await?;
        Ok(Some(session.aci))
    })
    .await?;
    let Some(aci) = ended else {
        return Ok(EndSessionsOutcome::Unauthenticated);
    };
    accounts.caller_cache.forget_sessions(aci);
    Ok(EndSessionsOutcome::Ended)
}
