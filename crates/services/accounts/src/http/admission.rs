//! The limits of client addresses, before all other checks.

use anteroom_http_server::{Problem, ProblemKind};
use anteroom_runtime::ClientAddress;

use crate::domain::{client_limits::ClientLimit, limits::Limits};

/// Admits a client under a limit.
///
/// # Errors
/// `refusal` when the limit is reached.
pub(crate) async fn admit(
    limits: &Limits,
    limit: &ClientLimit,
    client: ClientAddress,
    refusal: &'static ProblemKind,
) -> Result<(), Problem> {
    let admitted = limits.admit(limit, client).await;
    admitted.map_err(|after| Problem::new(refusal).retry_after(after))
}
