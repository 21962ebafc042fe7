//! The tokens of a session.

use anteroom_protocol::Timestamp;
use anteroom_store::{Email, RefreshToken, Session};
use zeroize::Zeroizing;

use crate::{
    domain::{failure::Failure, tokens::access_token::AccessClaims},
    state::AccountsState,
};

/// The part of a session that an answer contains.
pub(crate) struct TokenGrant {
    pub(crate) session: Session,
    pub(crate) refresh: RefreshToken,
    pub(crate) email: Email,
    /// The time at which the tokens were issued: earlier than now if they are returned again.
    pub(crate) issued: Timestamp,
}

impl TokenGrant {
    /// Issues the access token. It is the same for the same grant.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] without a key to sign with.
    pub(crate) fn access_token(
        &self,
        accounts: &AccountsState,
    ) -> Result<Zeroizing<String>, Failure> {
        let claims = AccessClaims {
            aci: self.session.aci,
            device: self.session.device,
            session: self.session.id,
        };
        let keys = accounts.storage.database.storage_keys();
        let id = keys.access_token_id(&self.refresh);
        let token = accounts.tokens.current().issue(&claims, self.issued, id);
        token.ok_or_else(|| {
            tracing::error!("there is no key to sign access tokens with");
            Failure::Unavailable
        })
    }
}
