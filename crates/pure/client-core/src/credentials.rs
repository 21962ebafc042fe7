//! Verified credentials.

use anteroom_protocol::{AuthCredential, GroupAuthCredential, ParamsId, Timestamp};

/// A verified credential with the data that a presentation needs.
#[derive(Clone, Debug)]
pub struct IssuedCredential<C> {
    /// The credential.
    pub credential: C,
    /// The midnight of the day for which it is valid.
    pub redemption: Timestamp,
    /// The id of the params it was issued under.
    pub params: ParamsId,
}

/// One day's credentials of one account.
#[derive(Debug)]
pub struct DayCredentials {
    /// The day's midnight.
    pub day: Timestamp,
    /// The credential for call links.
    pub auth: IssuedCredential<AuthCredential>,
    /// The credential for groups; `None` while the issuer works without its group params.
    pub group: Option<IssuedCredential<GroupAuthCredential>>,
}
