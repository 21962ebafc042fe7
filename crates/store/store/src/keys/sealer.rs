//! The sealing of values, bound to their table, column and row.

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

/// The only format of sealed values: `format (1) || key id (4, big-endian) || nonce (12) ||
/// ciphertext || tag (16)`.
const FORMAT: u8 = 1;
const CELL_LABEL: &str = "anteroom sealed value v1";
const KEY_ID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 12;

/// A column of a table, to which a sealed value is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    table: &'static str,
    name: &'static str,
}

impl Column {
    /// Creates the column. Its names must never change once a value is sealed for it.
    #[must_use]
    pub const fn new(table: &'static str, name: &'static str) -> Self {
        Self { table, name }
    }

    /// Returns the table's name.
    #[must_use]
    pub const fn table(self) -> &'static str {
        self.table
    }

    /// Returns the column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// The sealed form of a sensitive value, as a database stores it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue(Vec<u8>);

impl SealedValue {
    /// Creates the value from stored bytes. Only [`Sealer::open`] tells whether they are valid.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the common prefix of all values under a data key.
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

/// The data keys. The first seals, and all unseal.
///
/// AES-256-GCM-SIV reveals no more than equality if a nonce repeats. The associated data are the
/// label, the format and key id, then table, column and row, each preceded by its length.
pub struct Sealer {
    first: DataKey,
    older: Vec<DataKey>,
}

struct DataKey {
    id: KeyId,
    cipher: Aes256GcmSiv,
}

impl Sealer {
    /// Creates the sealer from the first key and the older ones.
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

    /// Returns the id of the key that seals.
    #[must_use]
    pub const fn first(&self) -> KeyId {
        self.first.id
    }

    /// Seals a value for a column of a row. `row` is the row's key: it must be unique in the table
    /// and never change.
    ///
    /// # Errors
    /// For values of more than 64 GiB.
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

    /// Unseals a value of a column of a row.
    ///
    /// # Errors
    /// For a value that was not sealed by these keys for exactly this row and column.
    pub fn open(
        &self,
        column: Column,
        row: &[u8],
        sealed: &SealedValue,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let header = sealed
            .0
            .split_first_chunk::<{ SealedValue::PREFIX_LENGTH }>();
        let (header, rest) = header.ok_or(SealError)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealError)?;
        let [FORMAT, id @ ..] = *header else {
            return Err(SealError);
        };
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
