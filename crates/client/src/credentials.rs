//! Credentials that were received and verified.

use anteroom_protocol::{AuthCredential, GroupAuthCredential, ParamsId, Timestamp};

/// A verified credential with what is needed to present it.
#[derive(Clone, Debug)]
pub struct Issued<C> {
    /// The credential.
    pub credential: C,
    /// The midnight of the day it is good for.
    pub redemption: Timestamp,
    /// The params it was issued under.
    pub params: ParamsId,
}

/// One day's credentials of one account.
#[derive(Debug)]
pub struct DayCredentials {
    /// The day's midnight.
    pub day: Timestamp,
    /// Opens call links.
    pub auth: Issued<AuthCredential>,
    /// Opens groups; absent while the issuer works without its group params.
    pub group: Option<Issued<GroupAuthCredential>>,
}
