//! The server params that verify presentations.

use anteroom_protocol::{GenericSecretParams, ParamsId, VerifyingParams, VerifyingParamsEntry};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};

/// The tolerance, in seconds, for an issuer's clock that is ahead. Presentations within it are
/// accepted.
const CLOCK_TOLERANCE: u64 = 15 * 60;

/// Stored server params that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The bytes are not server params.
    #[error("the stored server params {0} cannot be read")]
    Malformed(ParamsId),
    /// The params do not have the id under which they are stored.
    #[error("the stored server params {0} have another id")]
    Mismatch(ParamsId),
    /// The params are not generic ones, so that the room service has no use for them.
    #[error("the stored server params {0} are not generic ones")]
    Foreign(ParamsId),
}

/// Creates the verifier's keys from the rows of the rooms' database.
///
/// # Errors
/// Params that do not parse, do not have the id under which they are stored, or are not generic.
pub fn verifier_keys(records: &[ServerParamsRecord]) -> Result<VerifyingParams, KeysError> {
    let keys = records.iter().map(|record| {
        if record.kind != ServerParamsKind::Generic {
            return Err(KeysError::Foreign(record.id));
        }
        let params = GenericSecretParams::from_bytes(&record.secret)
            .map_err(|_| KeysError::Malformed(record.id))?;
        if params.public_params().id() != record.id {
            return Err(KeysError::Mismatch(record.id));
        }
        Ok(VerifyingParamsEntry {
            params,
            not_before: record.not_before.minus(CLOCK_TOLERANCE),
            not_after: record.not_after,
        })
    });
    keys.collect::<Result<_, _>>().map(VerifyingParams::new)
}
