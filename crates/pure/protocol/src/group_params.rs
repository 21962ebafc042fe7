//! The keys of a group (section 6).

use std::sync::LazyLock;

use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce, aead::Aead};
use anteroom_kvac::{AttributeKey, Ciphertext, Domain, Point, PresentationContext, Sho};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    ServiceId, UidCiphertext, VerifyError,
    uid::{self, UID_DOMAIN},
};

const DERIVE: &[u8] =
    b"Signal_ZKGroup_20200424_GroupMasterKey_GroupSecretParams_DeriveFromMasterKey";
const PROFILE_KEY_DOMAIN: &[u8] =
    b"Signal_ZKGroup_20200424_Constant_ProfileKeyEncryption_SystemParams_Generate";

/// The generators of profile-key encryption.
static PROFILE_KEY: LazyLock<Domain> = LazyLock::new(|| Domain::derive(PROFILE_KEY_DOMAIN));

const NONCE_LENGTH: usize = 12;
/// The format version at the end of a blob.
const BLOB_VERSION: u8 = 0;

/// The secret from which all keys of a group are derived. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct GroupMasterKey([u8; 32]);

fixed_bytes!(GroupMasterKey[32]);
anteroom_kvac::redacted_debug!(GroupMasterKey);
anteroom_kvac::encoding!(GroupMasterKey: 0);

/// A group's secret keys, which its members share.
#[derive(Clone)]
pub struct GroupSecretParams {
    master_key: GroupMasterKey,
    group_id: [u8; 32],
    blob_key: Zeroizing<[u8; 32]>,
    pub(crate) uid_key: AttributeKey,
    profile_key: AttributeKey,
}

anteroom_kvac::redacted_debug!(GroupSecretParams);
anteroom_kvac::layout! {
    GroupSecretParams[289] -> Zeroizing<Vec<u8>> =
        "00 || master key || group id || blob key || a1 || a2 || A || b1 || b2 || B", version 0;
    master_key, group_id, blob_key, uid_key in UID_DOMAIN, profile_key in PROFILE_KEY
}

impl GroupSecretParams {
    /// Derives the keys from the master key.
    #[must_use]
    pub fn derive(master_key: &GroupMasterKey) -> Self {
        let mut sho = Sho::of(DERIVE, master_key.as_bytes());
        Self {
            master_key: master_key.clone(),
            group_id: sho.squeeze_array(),
            blob_key: Zeroizing::new(sho.squeeze_array()),
            uid_key: AttributeKey::squeeze(&UID_DOMAIN, &mut sho),
            profile_key: AttributeKey::squeeze(&PROFILE_KEY, &mut sho),
        }
    }

    /// Returns the public params.
    #[must_use]
    pub const fn public_params(&self) -> GroupPublicParams {
        GroupPublicParams {
            group_id: self.group_id,
            uid_key: *self.uid_key.public(),
            profile_key: *self.profile_key.public(),
        }
    }

    /// Returns the group's id.
    #[must_use]
    pub const fn group_id(&self) -> &[u8; 32] {
        &self.group_id
    }

    /// Returns the master key.
    #[must_use]
    pub const fn master_key(&self) -> &GroupMasterKey {
        &self.master_key
    }

    /// Encrypts a member's id.
    #[must_use]
    pub fn encrypt_service_id(&self, id: &ServiceId) -> UidCiphertext {
        uid::encrypt(&self.uid_key, id)
    }

    /// Decrypts a member's id.
    ///
    /// # Errors
    /// The ciphertext was not made under these params.
    pub fn decrypt_service_id(&self, ciphertext: &UidCiphertext) -> Result<ServiceId, VerifyError> {
        uid::decrypt(&self.uid_key, ciphertext)
    }

    /// Encrypts a blob of group state under 12 fresh random bytes: `ciphertext || tag || nonce || 00`.
    ///
    /// The plaintext's format is up to the caller. Existing clients put `u32be(length of padding)` in front
    /// of the content and that many zeros behind it.
    ///
    /// # Errors
    /// The blob is longer than the cipher allows (64 GiB).
    pub fn encrypt_blob(
        &self,
        plaintext: &[u8],
        nonce: [u8; NONCE_LENGTH],
    ) -> Result<Vec<u8>, VerifyError> {
        let mut bytes = self
            .blob_cipher()
            .encrypt(&Nonce::from(nonce), plaintext)
            .map_err(|_| VerifyError)?;
        bytes.extend_from_slice(&nonce);
        bytes.push(BLOB_VERSION);
        Ok(bytes)
    }

    /// Decrypts a blob of group state.
    ///
    /// # Errors
    /// The blob was not encrypted under these params.
    pub fn decrypt_blob(&self, bytes: &[u8]) -> Result<Vec<u8>, VerifyError> {
        let [bytes @ .., BLOB_VERSION] = bytes else {
            return Err(VerifyError);
        };
        let (sealed, nonce) = bytes.split_last_chunk().ok_or(VerifyError)?;
        self.blob_cipher()
            .decrypt(&Nonce::from(*nonce), sealed)
            .map_err(|_| VerifyError)
    }

    fn blob_cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.blob_key).into())
    }
}

/// The public params of a group, for servers.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupPublicParams {
    group_id: [u8; 32],
    uid_key: Point,
    profile_key: Point,
}

anteroom_kvac::redacted_debug!(GroupPublicParams);
anteroom_kvac::layout! {
    GroupPublicParams[97] -> Vec<u8> = "00 || group id || A || B", version 0;
    group_id, uid_key, profile_key
}

impl GroupPublicParams {
    /// Returns the group's id.
    #[must_use]
    pub const fn group_id(&self) -> &[u8; 32] {
        &self.group_id
    }

    /// Returns the statement that member ids are encrypted under these params.
    pub(crate) fn presentation_context<'a>(
        &'a self,
        members: &'a [Ciphertext],
    ) -> PresentationContext<'a> {
        PresentationContext {
            domain: &UID_DOMAIN,
            key: &self.uid_key,
            ciphertexts: members,
            message: &[],
        }
    }
}
