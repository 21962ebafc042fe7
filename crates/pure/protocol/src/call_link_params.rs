//! The keys of a call link (section 5).

use anteroom_kvac::{AttributeKey, Point, PresentationContext, Sho};
use zeroize::Zeroizing;

use crate::{
    RootKey, ServiceId, UidCiphertext, VerifyError,
    uid::{self, UID_DOMAIN},
};

const DERIVE: &[u8] = b"Signal_ZKGroup_20230419_CallLinkSecretParams_DeriveFromRootKey";

/// The secret params of a call link. They decrypt the ids of its users.
#[derive(Clone)]
pub struct CallLinkSecretParams(pub(crate) AttributeKey);

anteroom_kvac::redacted_debug!(CallLinkSecretParams);
anteroom_kvac::layout! {
    CallLinkSecretParams[97] -> Zeroizing<Vec<u8>> = "00 || a1 || a2 || A", version 0;
    0 in UID_DOMAIN
}

impl RootKey {
    /// Returns the keys that hide the room's users from the room service.
    #[must_use]
    pub fn secret_params(&self) -> CallLinkSecretParams {
        CallLinkSecretParams::derive(self)
    }
}

impl CallLinkSecretParams {
    /// Derives the params from a root key.
    #[must_use]
    pub fn derive(root_key: &RootKey) -> Self {
        let mut sho = Sho::of(DERIVE, root_key.seed());
        Self(AttributeKey::squeeze(&UID_DOMAIN, &mut sho))
    }

    /// Returns the public params.
    #[must_use]
    pub const fn public_params(&self) -> CallLinkPublicParams {
        CallLinkPublicParams(*self.0.public())
    }

    /// Encrypts a user's id.
    #[must_use]
    pub fn encrypt(&self, id: &ServiceId) -> UidCiphertext {
        uid::encrypt(&self.0, id)
    }

    /// Decrypts a user's id.
    ///
    /// # Errors
    /// The ciphertext was not made under these params.
    pub fn decrypt(&self, ciphertext: &UidCiphertext) -> Result<ServiceId, VerifyError> {
        uid::decrypt(&self.0, ciphertext)
    }
}

/// The public params of a call link. With them the room service verifies that a user id is encrypted under
/// the link's secret params.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallLinkPublicParams(Point);

anteroom_kvac::redacted_debug!(CallLinkPublicParams);
anteroom_kvac::layout! {
    CallLinkPublicParams[33] -> Vec<u8> = "00 || A", version 0;
    0
}

impl CallLinkPublicParams {
    /// Returns the statement that a user id is encrypted under these params.
    pub(crate) fn presentation_context<'a>(
        &'a self,
        user_id: &'a UidCiphertext,
    ) -> PresentationContext<'a> {
        PresentationContext {
            domain: &UID_DOMAIN,
            key: &self.0,
            ciphertexts: core::slice::from_ref(&user_id.0),
            message: &[],
        }
    }
}
