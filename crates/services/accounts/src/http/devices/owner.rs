//! The account and the device of a request.

use std::{borrow::Cow, convert::Infallible};

use anteroom_protocol::Aci;
use anteroom_store::{AccountRole, DeviceId};
use axum::extract::{FromRequestParts, Path, Query};
use http::{Uri, request::Parts};

use crate::domain::callers::authenticator::Caller;

/// The reason why a request has no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnerError {
    /// The caller may not manage another account.
    NotAllowed,
    /// The account's name in the request is malformed.
    NotFound,
}

/// The device in the path; `None` for a text that is not a device's number. The extractor never
/// fails, so that all such texts get the same answer.
pub(crate) struct DevicePath(pub(crate) Option<DeviceId>);

impl<S: Send + Sync> FromRequestParts<S> for DevicePath {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(head, state).await;
        let id = path.ok().and_then(|Path(text)| DeviceId::parse(&text).ok());
        Ok(Self(id))
    }
}

/// Returns whether a request is about the caller's own account: it names none, or this one.
pub(crate) fn is_own(caller: &Caller, uri: &Uri) -> bool {
    owner(caller, uri) == Ok(caller.account.aci)
}

/// Returns whether a device is the calling one.
pub(crate) fn is_own_device(caller: &Caller, owner: &Aci, device: DeviceId) -> bool {
    caller.account.aci == *owner && caller.device == device
}

/// Returns the caller's own account, or for an administrator the one that `?account=` names by its
/// id.
pub(crate) fn owner(caller: &Caller, uri: &Uri) -> Result<Aci, OwnerError> {
    let Ok(Query(members)) = Query::<Vec<(Cow<'_, str>, Cow<'_, str>)>>::try_from_uri(uri) else {
        return Err(OwnerError::NotFound);
    };
    let mut named = members.iter().filter(|(name, _)| name == "account");
    let own = caller.account.aci;
    let text = match (named.next(), named.next()) {
        (None, _) => return Ok(own),
        (Some((_, text)), None) => text,
        (Some(_), Some(_)) => return Err(OwnerError::NotFound),
    };
    match (caller.account.role, Aci::parse(text)) {
        (_, Ok(aci)) if aci == own => Ok(own),
        (AccountRole::Member, _) => Err(OwnerError::NotAllowed),
        (AccountRole::Administrator, Ok(aci)) => Ok(aci),
        (AccountRole::Administrator, Err(_)) => Err(OwnerError::NotFound),
    }
}
