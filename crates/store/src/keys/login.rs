//! The keyed hashes of logins.

use zeroize::Zeroizing;

use super::{ServiceKeys, mac::framed, service::BlindIndex};
use crate::{
    login::{
        Email, EmailToken, EmailTokenPurpose, IdentityName, InviteCode, LoginOrigin, RefreshToken,
        TokenHash,
    },
    sealed::columns,
};

const REFRESH_LABEL: &str = "anteroom refresh token v1";
const SUCCESSOR_LABEL: &str = "anteroom refresh token successor v1";
const ACCESS_ID_LABEL: &str = "anteroom access token id v1";
const EMAIL_LABEL: &str = "anteroom email token v1";
const INVITE_LABEL: &str = "anteroom invite code v1";

/// Fast hashes are right here too: all these secrets are long and random.
impl ServiceKeys {
    /// The index that a login is looked up by, and that its failures are counted under.
    #[must_use]
    pub fn email_index(&self, email: &Email) -> BlindIndex {
        self.blind_index(columns::EMAIL_INDEX, email.as_str().as_bytes())
    }

    /// The index of the failures of an address from one origin. The address is hashed with
    /// the origin: rows of two addresses do not show that one origin is behind both.
    #[must_use]
    pub fn origin_index(&self, email: &Email, origin: &LoginOrigin) -> BlindIndex {
        let mut parts = framed(email.as_str().as_bytes());
        match origin {
            LoginOrigin::Network(network) => {
                parts.extend(framed(b"network"));
                parts.extend(network);
            }
            LoginOrigin::KnownDevice(aci, device) => {
                parts.extend(framed(b"device"));
                parts.extend(aci.as_bytes());
                parts.extend(device.as_u32().to_be_bytes());
            }
        }
        self.blind_index(columns::FAILURE_ORIGIN, &parts)
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

    /// The token that comes after this one. It follows from the token and the key alone, so that it
    /// can be answered twice without being stored; who has the token, but not the key, cannot tell it.
    #[must_use]
    pub fn refresh_token_successor(&self, token: &RefreshToken) -> RefreshToken {
        let bytes = Zeroizing::new(self.secret_hash(SUCCESSOR_LABEL, &[token.as_str().as_bytes()]));
        RefreshToken::of_bytes(&bytes)
    }

    /// The id of the access token that is handed out together with a refresh token.
    #[must_use]
    pub fn access_token_id(&self, token: &RefreshToken) -> [u8; 16] {
        let hash = self.secret_hash(ACCESS_ID_LABEL, &[token.as_str().as_bytes()]);
        *hash.first_chunk().unwrap_or(&[0; 16])
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
