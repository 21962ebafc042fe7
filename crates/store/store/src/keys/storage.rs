//! The keyed hashes of a service.

use anteroom_protocol::{Aci, DeviceId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    TokenKey,
    hashes::{BlindIndex, PasswordHash},
    mac::{HashKey, keyed_hash},
    sealer::Column,
};
use crate::{bytes::opaque_bytes, opaque_debug::opaque_debug, sealed::columns};

const INDEX_LABEL: &str = "anteroom blind index v1";
const PASSWORD_LABEL: &str = "anteroom device password v1";

/// The keys for look-ups, device passwords, pseudonyms and access tokens.
pub struct StorageKeys {
    pub(super) index: HashKey,
    pub(super) password: HashKey,
    pub(super) event: EventKey,
    /// The newest first.
    pub(super) tokens: Vec<TokenKey>,
}

impl StorageKeys {
    /// Returns the index under which an account is found. It also names the account where the id
    /// must not appear, such as in the key of a cache or of a rate limit.
    #[must_use]
    pub fn account_index(&self, aci: &Aci) -> BlindIndex {
        self.blind_index(columns::ACCOUNT_INDEX, aci.as_bytes())
    }

    /// Returns the blind index of a value in a column. The same value has another index in another
    /// column.
    #[must_use]
    pub fn blind_index(&self, column: Column, value: &[u8]) -> BlindIndex {
        BlindIndex::from_bytes(keyed_hash(
            &self.index,
            INDEX_LABEL,
            &[column.table().as_bytes(), column.name().as_bytes(), value],
        ))
    }

    /// Returns the hash of a password for one device of one account.
    ///
    /// A fast hash is sufficient, because device passwords are long and random ([`DevicePassword`])
    /// and cannot be guessed. The hash includes the account and the device, so that a stored hash
    /// is useless in another row. Compare with [`PasswordHash::matches`].
    #[must_use]
    pub fn password_hash(&self, aci: &Aci, device: DeviceId, password: &str) -> PasswordHash {
        PasswordHash::from_bytes(self.secret_hash(
            PASSWORD_LABEL,
            &[
                aci.as_bytes(),
                &device.as_u32().to_be_bytes(),
                password.as_bytes(),
            ],
        ))
    }

    /// Returns the hash of a random secret with its label, under the password key.
    pub(super) fn secret_hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.password, label, parts)
    }

    /// Returns the key of pseudonyms in events.
    #[must_use]
    pub fn event_key(&self) -> &EventKey {
        &self.event
    }

    /// Returns the keys of access tokens, newest first. The newest signs. The issuer's database has
    /// at least one, the room service's none.
    #[must_use]
    pub fn token_keys(&self) -> &[TokenKey] {
        &self.tokens
    }
}

opaque_debug!(StorageKeys);

opaque_bytes! {
    /// The key of pseudonyms in events: 32 bytes.
    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub struct EventKey([u8; 32]);
}

/// A random device password: 24 random bytes as 32 characters of base64url.
///
/// The owner sees it once. Only its [`PasswordHash`] is stored.
pub struct DevicePassword(Zeroizing<String>);

impl DevicePassword {
    /// Draws a random password.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; 24]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

opaque_debug!(DevicePassword);
