//! The sealed server params, which both services have.

use anteroom_protocol::{ParamsId, Timestamp};
use rand_core::CryptoRng;

use super::{columns, row_sealer::RowSealer};
use crate::{
    error::StoreError,
    keys::{Keyring, SealedValue},
    server_params::{ServerParamsKind, ServerParamsRecord},
};

/// A row of `server_params`.
#[derive(Clone, Debug)]
pub struct SealedServerParams {
    /// The params' id, which is the row's key.
    pub id: ParamsId,
    /// The kind of the params.
    pub kind: ServerParamsKind,
    /// The time from which the params are valid.
    pub not_before: Timestamp,
    /// The time from which the params are invalid.
    pub not_after: Option<Timestamp>,
    /// The secret params.
    pub secret: SealedValue,
}

impl SealedServerParams {
    /// Seals server params.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        record: &ServerParamsRecord,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let row = server_params_row(record.id, record.kind, keyring);
        Ok(Self {
            id: record.id,
            kind: record.kind,
            not_before: record.not_before,
            not_after: record.not_after,
            secret: row.seal(columns::SERVER_PARAMS_SECRET, &record.secret, rng)?,
        })
    }

    /// Unseals the server params.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<ServerParamsRecord, StoreError> {
        let row = server_params_row(self.id, self.kind, keyring);
        Ok(ServerParamsRecord {
            id: self.id,
            kind: self.kind,
            not_before: self.not_before,
            not_after: self.not_after,
            secret: row.open(columns::SERVER_PARAMS_SECRET, &self.secret)?,
        })
    }
}

/// Returns the sealer of server params. The row's key includes the kind, so that a secret is never
/// read as one of the other kind.
fn server_params_row(id: ParamsId, kind: ServerParamsKind, keyring: &Keyring) -> RowSealer<'_> {
    RowSealer::new(keyring, &[id.as_bytes(), kind.as_str().as_bytes()])
}
