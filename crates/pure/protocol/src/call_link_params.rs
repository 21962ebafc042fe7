//! The keys of a call link (section 5).

use anteroom_kvac::{AttributeKey, Point, PresentationContext, Sho, codec::Reader};
use zeroize::Zeroizing;

use crate::{
    ParseError, RootKey, ServiceId, UidCiphertext, VerifyError,
    uid::{self, UID_DOMAIN},
};

const DERIVE: &[u8] = b"Signal_ZKGroup_20230419_CallLinkSecretParams_DeriveFromRootKey";

/// The secret params of a call link. They decrypt the ids of its users.
#[derive(Clone)]
pub struct CallLinkSecretParams(pub(crate) AttributeKey);

anteroom_kvac::redacted_debug!(CallLinkSecretParams);

impl RootKey {
    /// Returns the keys that hide the room's users from the room service.
    #[must_use]
    pub fn secret_params(&self) -> CallLinkSecretParams {
        CallLinkSecretParams::derive(self)
    }
}

impl CallLinkSecretParams {
    /// The length in bytes.
    pub const LENGTH: usize = 97;

    /// Derives the params from a root key.
    #[must_use]
    pub fn derive(root_key: &RootKey) -> Self {
        let mut sho = Sho::of(DERIVE, root_key.seed());
        Self(AttributeKey::squeeze(&UID_DOMAIN, &mut sho))
    }

    /// Parses `00 || a1 || a2 || A`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let key = AttributeKey::read(&UID_DOMAIN, &mut reader)?;
        reader.finish()?;
        Ok(Self(key))
    }

    /// Serializes `00 || a1 || a2 || A`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(0);
        self.0.write(&mut bytes);
        bytes
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

impl CallLinkPublicParams {
    /// The length in bytes.
    pub const LENGTH: usize = 33;

    /// Parses `00 || A`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let public = reader.point()?;
        reader.finish()?;
        Ok(Self(public))
    }

    /// Serializes `00 || A`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[0], self.0.encoding().as_slice()].concat()
    }

    /// Returns the statement that a user id is encrypted under these params.
    pub(crate) fn presentation_context<'a>(
        &'a self,
        user_id: &'a UidCiphertext,
    ) -> PresentationContext<'a> {
        PresentationContext {
            domain: &UID_DOMAIN,
            key: &self.0,
            ciphertexts: core::slice::from_ref(&user_id.0),
        }
    }
}
