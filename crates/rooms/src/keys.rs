//! The server params that presentations are verified with.

use anteroom_protocol::{GenericSecretParams, ParamsId, VerifierKey, VerifierKeys};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};

/// How far the issuer's clock may be ahead, in seconds: what it issues is not refused for it.
const CLOCK_TOLERANCE: u64 = 15 * 60;

/// Stored server params that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The bytes are no params.
    #[error("the stored server params {0} cannot be read")]
    Malformed(ParamsId),
    /// The params are other ones than their id says.
    #[error("the stored server params {0} have another id")]
    Mismatch(ParamsId),
    /// Params that are none of the rooms' business.
    #[error("the stored server params {0} are not generic ones")]
    Foreign(ParamsId),
}

/// The verifier's keys from what the rooms' database holds.
///
/// # Errors
/// Params that do not parse, have another id than the one they are stored under, or are not generic.
pub fn verifier_keys(records: &[ServerParamsRecord]) -> Result<VerifierKeys, KeysError> {
    let keys = records.iter().map(|record| {
        if record.kind != ServerParamsKind::Generic {
            return Err(KeysError::Foreign(record.id));
        }
        let params = GenericSecretParams::from_bytes(&record.secret)
            .map_err(|_| KeysError::Malformed(record.id))?;
        if params.public_params().id() != record.id {
            return Err(KeysError::Mismatch(record.id));
        }
        Ok(VerifierKey {
            params,
            not_before: record.not_before.minus(CLOCK_TOLERANCE),
            not_after: record.not_after,
        })
    });
    keys.collect::<Result<_, _>>().map(VerifierKeys::new)
}
