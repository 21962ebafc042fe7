//! The account whose devices a request is about.

use anteroom_protocol::Aci;
use anteroom_store::{AccountRole, DeviceId};

use crate::domain::callers::caller::Caller;

/// The account that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedAccount {
    /// None: the caller's own.
    Own,
    /// The account of this id.
    Account(Aci),
    /// A text that is no account id.
    Malformed,
    /// Several, or an unreadable query.
    Unreadable,
}

/// The reason why a request has no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnerError {
    /// The caller may not manage another account.
    NotAllowed,
    /// The account's name in the request is malformed or unreadable.
    NotFound,
}

/// Returns the account: the caller's own, or for an administrator any.
pub(crate) fn owner_of(caller: &Caller, named: NamedAccount) -> Result<Aci, OwnerError> {
    let own = caller.account.aci;
    match (caller.account.role, named) {
        (_, NamedAccount::Own) => Ok(own),
        (_, NamedAccount::Unreadable) => Err(OwnerError::NotFound),
        (_, NamedAccount::Account(aci)) if aci == own => Ok(own),
        (AccountRole::Member, _) => Err(OwnerError::NotAllowed),
        (AccountRole::Administrator, NamedAccount::Account(aci)) => Ok(aci),
        (AccountRole::Administrator, NamedAccount::Malformed) => Err(OwnerError::NotFound),
    }
}

/// Returns whether a device is the calling one.
pub(crate) fn is_own_device(caller: &Caller, owner: &Aci, device: DeviceId) -> bool {
    caller.account.aci == *owner && caller.device == device
}
