//! Changes of the issuing params.

use anteroom_protocol::ParamsId;

use super::ParamsSummary;

/// A change of the params under which the issuer issues, from params that this client has used to others that
/// it trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsSwitch {
    /// The params in use at the previous request.
    pub previous: ParamsId,
    /// The params in use now.
    pub current: ParamsSummary,
}
