//! The account and the device of a request.

use std::{borrow::Cow, convert::Infallible};

use anteroom_http_server::Problem;
use anteroom_protocol::Aci;
use anteroom_store::DeviceId;
use axum::extract::{FromRequestParts, Path, Query};
use http::{Uri, request::Parts};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::owner::{NamedAccount, OwnerError, owner_of},
    },
    http::devices::problems::{NOT_ALLOWED, NOT_FOUND},
};

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

/// Returns the account of a request.
///
/// # Errors
/// 403 for an account that the caller may not manage, 404 for a name that is none.
pub(crate) fn owner(caller: &Caller, uri: &Uri) -> Result<Aci, Problem> {
    owner_of(caller, named_account(uri)).map_err(|error| match error {
        OwnerError::NotAllowed => Problem::new(&NOT_ALLOWED),
        OwnerError::NotFound => Problem::new(&NOT_FOUND),
    })
}

/// Returns whether a request is about the caller's own account: it names none, or this one.
pub(crate) fn is_own(caller: &Caller, uri: &Uri) -> bool {
    owner_of(caller, named_account(uri)) == Ok(caller.account.aci)
}

/// Returns the account that `?account=` names by its id.
fn named_account(uri: &Uri) -> NamedAccount {
    let Ok(Query(members)) = Query::<Vec<(Cow<'_, str>, Cow<'_, str>)>>::try_from_uri(uri) else {
        return NamedAccount::Unreadable;
    };
    let mut named = members.iter().filter(|(name, _)| name == "account");
    match (named.next(), named.next()) {
        (None, _) => NamedAccount::Own,
        (Some((_, text)), None) => {
            Aci::parse(text).map_or(NamedAccount::Malformed, NamedAccount::Account)
        }
        (Some(_), Some(_)) => NamedAccount::Unreadable,
    }
}
