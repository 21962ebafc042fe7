//! The keyed hashes of logins.

use zeroize::Zeroizing;

use super::{StorageKeys, hashes::BlindIndex, mac::framed};
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

/// Fast hashes are sufficient here, because all these secrets are long and random.
impl StorageKeys {
    /// Returns the index under which a login is found and its failures are counted.
    #[must_use]
    pub fn email_index(&self, email: &Email) -> BlindIndex {
        self.blind_index(columns::EMAIL_INDEX, email.as_str().as_bytes())
    }

    /// Returns the index of the failures of an address from one origin. The hash includes the
    /// address, so that the rows of two addresses do not show a common origin.
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

    /// Returns the index under which an identity at a provider is found.
    #[must_use]
    pub fn identity_index(&self, name: &IdentityName) -> BlindIndex {
        let mut both = framed(name.issuer.as_bytes());
        both.extend(framed(name.subject.as_bytes()));
        self.blind_index(columns::IDENTITY_INDEX, &both)
    }

    /// Returns the hash of a refresh token.
    #[must_use]
    pub fn refresh_token_hash(&self, token: &RefreshToken) -> TokenHash {
        TokenHash::from_bytes(self.secret_hash(REFRESH_LABEL, &[token.as_str().as_bytes()]))
    }

    /// Returns the successor of this token. It depends on the token and the key alone, so that it
    /// can be returned twice without being stored. A holder of the token without the key cannot
    /// compute it.
    #[must_use]
    pub fn refresh_token_successor(&self, token: &RefreshToken) -> RefreshToken {
        let bytes = Zeroizing::new(self.secret_hash(SUCCESSOR_LABEL, &[token.as_str().as_bytes()]));
        RefreshToken::of_bytes(&bytes)
    }

    /// Returns the id of the access token that is issued together with a refresh token.
    #[must_use]
    pub fn access_token_id(&self, token: &RefreshToken) -> [u8; 16] {
        let hash = self.secret_hash(ACCESS_ID_LABEL, &[token.as_str().as_bytes()]);
        *hash.first_chunk().unwrap_or(&[0; 16])
    }

    /// Returns the hash of a mail's token for a purpose. Each purpose has another hash.
    #[must_use]
    pub fn email_token_hash(&self, token: &EmailToken, purpose: EmailTokenPurpose) -> TokenHash {
        let parts = [purpose.as_str().as_bytes(), token.as_str().as_bytes()];
        TokenHash::from_bytes(self.secret_hash(EMAIL_LABEL, &parts))
    }

    /// Returns the hash of an invite code.
    #[must_use]
    pub fn invite_hash(&self, code: &InviteCode) -> TokenHash {
        TokenHash::from_bytes(self.secret_hash(INVITE_LABEL, &[code.as_str().as_bytes()]))
    }
}
