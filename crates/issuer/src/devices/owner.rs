//! Whose devices a request is about.

use std::borrow::Cow;

use anteroom_protocol::Aci;
use anteroom_store::AccountRole;
use axum::extract::Query;
use http::Uri;

use crate::auth::Caller;

/// Why a request is about nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOwner {
    /// The caller may not manage another account.
    NotAllowed,
    /// The account is not named well.
    NotFound,
}

/// The caller's own account, or for an administrator the one that `?account=` names by its id.
pub(super) fn owner(caller: &Caller, uri: &Uri) -> Result<Aci, NoOwner> {
    let Ok(Query(members)) = Query::<Vec<(Cow<'_, str>, Cow<'_, str>)>>::try_from_uri(uri) else {
        return Err(NoOwner::NotFound);
    };
    let mut named = members.iter().filter(|(name, _)| name == "account");
    let own = caller.account.aci;
    let text = match (named.next(), named.next()) {
        (None, _) => return Ok(own),
        (Some((_, text)), None) => text,
        (Some(_), Some(_)) => return Err(NoOwner::NotFound),
    };
    match (caller.account.role, Aci::parse(text)) {
        (_, Ok(aci)) if aci == own => Ok(own),
        (AccountRole::Member, _) => Err(NoOwner::NotAllowed),
        (AccountRole::Administrator, Ok(aci)) => Ok(aci),
        (AccountRole::Administrator, Err(_)) => Err(NoOwner::NotFound),
    }
}
