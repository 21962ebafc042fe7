//! The keyed hashes of logins.

use super::{ServiceKeys, mac::framed, service::BlindIndex};
use crate::{
    login::{
        Email, EmailToken, EmailTokenPurpose, IdentityName, InviteCode, RefreshToken, TokenHash,
    },
    sealed::columns,
};

const REFRESH_LABEL: &str = "anteroom refresh token v1";
const EMAIL_LABEL: &str = "anteroom email token v1";
const INVITE_LABEL: &str = "anteroom invite code v1";

/// Fast hashes are right here too: all these secrets are long and random.
impl ServiceKeys {
    /// What a login is looked up by, and what its failures are counted under.
    #[must_use]
    pub fn email_index(&self, email: &Email) -> BlindIndex {
        self.blind_index(columns::EMAIL_INDEX, email.as_str().as_bytes())
    }

    /// What somebody whom an identity provider vouches for is looked up by.
    #[must_use]
    pub fn identity_index(&self, name: &IdentityName) -> BlindIndex {
        let mut both = framed(name.issuer.as_bytes());
        both.extend(framed(name.subject.as_bytes()));
        self.blind_index(columns::IDENTITY_INDEX, &both)
    }

    /// The hash of a refresh token.
    #[must_use]
    pub fn refresh_token_hash(&self, token: &RefreshToken) -> TokenHash {
        TokenHash::from_bytes(self.secret_hash(REFRESH_LABEL, &[token.as_str().as_bytes()]))
    }

    /// The hash of a mail's token for its purpose: for another purpose it is another.
    #[must_use]
    pub fn email_token_hash(&self, token: &EmailToken, purpose: EmailTokenPurpose) -> TokenHash {
        let parts = [purpose.as_str().as_bytes(), token.as_str().as_bytes()];
        TokenHash::from_bytes(self.secret_hash(EMAIL_LABEL, &parts))
    }

    /// The hash of an invite code.
    #[must_use]
    pub fn invite_hash(&self, code: &InviteCode) -> TokenHash {
        TokenHash::from_bytes(self.secret_hash(INVITE_LABEL, &[code.as_str().as_bytes()]))
    }
}
