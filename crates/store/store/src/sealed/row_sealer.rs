//! The sealing of the values of one row, with the errors of the store.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::StoreError,
    keys::{Column, Keyring, SealedValue},
};

/// Seals and unseals the values of one row, to whose key they are bound.
pub(super) struct RowSealer<'a> {
    keyring: &'a Keyring,
    row: Vec<u8>,
}

impl<'a> RowSealer<'a> {
    /// Creates the sealer from the parts of the row's key.
    pub(super) fn new(keyring: &'a Keyring, key: &[&[u8]]) -> Self {
        let row = key.concat();
        Self { keyring, row }
    }

    pub(super) fn seal(
        &self,
        column: Column,
        value: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<SealedValue, StoreError> {
        let sealed = self.keyring.sealer().seal(column, &self.row, value, rng);
        sealed.map_err(|_| StoreError::InvalidValue {
            table: column.table(),
            column: column.name(),
        })
    }

    pub(super) fn open(
        &self,
        column: Column,
        sealed: &SealedValue,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let opened = self.keyring.sealer().open(column, &self.row, sealed);
        opened.map_err(|_| cannot_open(column))
    }

    pub(super) fn open_array<const N: usize>(
        &self,
        column: Column,
        sealed: &SealedValue,
    ) -> Result<[u8; N], StoreError> {
        let value = self.open(column, sealed)?;
        <[u8; N]>::try_from(value.as_slice()).map_err(|_| cannot_open(column))
    }

    /// Unseals a text, and parses it.
    pub(super) fn open_text<T, E>(
        &self,
        column: Column,
        sealed: &SealedValue,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        let value = self.open(column, sealed)?;
        let text = str::from_utf8(&value).map_err(|_| cannot_open(column))?;
        parse(text).map_err(|_| cannot_open(column))
    }
}

pub(super) const fn cannot_open(column: Column) -> StoreError {
    StoreError::Sealed {
        table: column.table(),
        column: column.name(),
    }
}
