//! Single values, sealed and unsealed with the errors of the store.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::StoreError,
    keys::{Column, Keyring, SealedValue},
};

pub(super) fn seal(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    value: &[u8],
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SealedValue, StoreError> {
    keyring
        .sealer()
        .seal(column, row, value, rng)
        .map_err(|_| StoreError::InvalidValue {
            table: column.table(),
            column: column.name(),
        })
}

pub(super) fn open(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    sealed: &SealedValue,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    keyring
        .sealer()
        .open(column, row, sealed)
        .map_err(|_| cannot_open(column))
}

pub(super) fn open_array<const N: usize>(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    sealed: &SealedValue,
) -> Result<[u8; N], StoreError> {
    let value = open(keyring, column, row, sealed)?;
    <[u8; N]>::try_from(value.as_slice()).map_err(|_| cannot_open(column))
}

pub(super) const fn cannot_open(column: Column) -> StoreError {
    StoreError::Sealed {
        table: column.table(),
        column: column.name(),
    }
}
