//! The failures of issuing.

use anteroom_accounts::Failure;
use anteroom_protocol::VerifyError;

/// Returns the failure for the case that no server params are live.
pub(crate) fn no_params() -> Failure {
    tracing::error!("no server params are live");
    Failure::Unavailable
}

/// Returns the failure for a credential that fails its own check. Such a credential is never sent.
pub(crate) fn issuing_failed(_: VerifyError) -> Failure {
    tracing::error!("a credential did not pass its own check");
    Failure::Internal
}
