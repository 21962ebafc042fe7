//! Sealing of values, bound to where they stand.

use std::{fmt, iter};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    KeyId, SealError,
    mac::{FRAME_LENGTH, HashKey, put_framed},
};

/// The one format of sealed values so far:
/// `format (1) || key id (4, big-endian) || nonce (12) || ciphertext || tag (16)`.
const FORMAT: u8 = 1;
const CELL_LABEL: &str = "anteroom sealed value v1";
const KEY_ID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 12;

/// A table's column, as a sealed value is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    table: &'static str,
    name: &'static str,
}

impl Column {
    /// From the names, which never change once something is sealed under them.
    #[must_use]
    pub const fn new(table: &'static str, name: &'static str) -> Self {
        Self { table, name }
    }

    /// The table's name.
    #[must_use]
    pub const fn table(self) -> &'static str {
        self.table
    }

    /// The column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// What a database holds of a sensitive value.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue(Vec<u8>);

impl SealedValue {
    /// From stored bytes; whether they can be opened shows when it is tried.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What all values under a data key begin with.
    #[must_use]
    pub fn prefix(key: KeyId) -> [u8; SealedValue::PREFIX_LENGTH] {
        let [a, b, c, d] = key.as_u32().to_be_bytes();
        [FORMAT, a, b, c, d]
    }

    /// The length of [`Self::prefix`], in bytes.
    pub const PREFIX_LENGTH: usize = 1 + KEY_ID_LENGTH;
}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedValue({} bytes)", self.0.len())
    }
}

/// The data keys: the first seals, all open.
///
/// AES-256-GCM-SIV gives away no more than equality if a nonce ever repeats. The associated data
/// are the label, the format and key id, then table, column and row, each after its length.
pub struct Sealer {
    first: DataKey,
    older: Vec<DataKey>,
}

struct DataKey {
    id: KeyId,
    cipher: Aes256GcmSiv,
}

impl Sealer {
    /// From the first key and the older ones.
    pub(super) fn new(
        first: (KeyId, HashKey),
        older: impl IntoIterator<Item = (KeyId, HashKey)>,
    ) -> Self {
        let data_key = |(id, key): (KeyId, HashKey)| DataKey {
            id,
            cipher: Aes256GcmSiv::new((&*key).into()),
        };
        Self {
            first: data_key(first),
            older: older.into_iter().map(data_key).collect(),
        }
    }

    /// The key that seals.
    #[must_use]
    pub const fn first(&self) -> KeyId {
        self.first.id
    }

    /// Seals a value for a column of a row. `row` is the row's key: it must be unique in the table
    /// and never change.
    ///
    /// # Errors
    /// Values of more than 64 GiB.
    pub fn seal(
        &self,
        column: Column,
        row: &[u8],
        value: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<SealedValue, SealError> {
        let mut nonce = [0; NONCE_LENGTH];
        rng.fill_bytes(&mut nonce);
        let mut sealed = SealedValue::prefix(self.first.id).to_vec();
        let payload = Payload {
            msg: value,
            aad: &associated_data(&sealed, column, row),
        };
        let ciphertext = self
            .first
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(SealedValue(sealed))
    }

    /// Opens a value that stands in a column of a row.
    ///
    /// # Errors
    /// A value that was not sealed by these keys for exactly this place.
    pub fn open(
        &self,
        column: Column,
        row: &[u8],
        sealed: &SealedValue,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, rest) = sealed
            .0
            .split_at_checked(1 + KEY_ID_LENGTH)
            .ok_or(SealError)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealError)?;
        let Some((&FORMAT, id)) = header.split_first() else {
            return Err(SealError);
        };
        let id = <[u8; KEY_ID_LENGTH]>::try_from(id).map_err(|_| SealError)?;
        let id = KeyId::new(u32::from_be_bytes(id));
        let key = iter::once(&self.first)
            .chain(&self.older)
            .find(|key| key.id == id)
            .ok_or(SealError)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &associated_data(header, column, row),
        };
        key.cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SealError)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} keys)", 1 + self.older.len())
    }
}

fn associated_data(header: &[u8], column: Column, row: &[u8]) -> Vec<u8> {
    let parts = [
        CELL_LABEL.as_bytes(),
        header,
        column.table.as_bytes(),
        column.name.as_bytes(),
        row,
    ];
    let length = parts.iter().map(|part| FRAME_LENGTH + part.len()).sum();
    let mut data = Vec::with_capacity(length);
    for part in parts {
        put_framed(&mut data, part);
    }
    data
}
