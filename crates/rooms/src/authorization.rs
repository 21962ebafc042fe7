//! The `Authorization` header: what a request claims.

use anteroom_protocol::{AuthPresentation, CreatePresentation};
use anteroom_service::Problem;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use zeroize::Zeroizing;

use crate::{
    group_token::GroupToken,
    problems::{AUTHORIZATION_INVALID, unauthorized},
};

/// A well-formed claim, not verified yet.
pub(crate) enum Authorization {
    /// `Bearer auth.<base64>`: a holder of a call link.
    Auth(Box<AuthPresentation>),
    /// `Bearer create.<base64>`: who may create a call link's room.
    Create(Box<CreatePresentation>),
    /// `Basic base64(<anything>:<token>)`: a member of a group.
    Group(Box<GroupToken>),
}

impl Authorization {
    /// Reads the header.
    ///
    /// # Errors
    /// 401 when it is missing, or is of the scheme `Basic` with a password that is no group token;
    /// 400 when it is repeated or cannot be read.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(unauthorized()),
            (Some(value), None) => parse(value.to_str().map_err(|_| invalid())?),
            (Some(_), Some(_)) => Err(invalid()),
        }
    }

    /// An auth presentation; any other kind of claim is none for what is asked.
    ///
    /// # Errors
    /// 401 for another kind.
    pub(crate) fn require_auth(self) -> Result<Box<AuthPresentation>, Problem> {
        match self {
            Self::Auth(presentation) => Ok(presentation),
            Self::Create(_) | Self::Group(_) => Err(unauthorized()),
        }
    }
}

fn invalid() -> Problem {
    Problem::new(&AUTHORIZATION_INVALID)
}

fn parse(value: &str) -> Result<Authorization, Problem> {
    let (scheme, credentials) = value.split_once(' ').ok_or_else(invalid)?;
    let credentials = credentials.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        parse_bearer(credentials).ok_or_else(invalid)
    } else if scheme.eq_ignore_ascii_case("basic") {
        let password = basic_password(credentials).ok_or_else(invalid)?;
        let token = GroupToken::parse(&password).ok_or_else(unauthorized)?;
        Ok(Authorization::Group(Box::new(token)))
    } else {
        Err(invalid())
    }
}

fn parse_bearer(token: &str) -> Option<Authorization> {
    let (kind, presentation) = token.split_once('.')?;
    let bytes = STANDARD.decode(presentation).ok()?;
    match kind {
        "auth" => AuthPresentation::from_bytes(&bytes)
            .ok()
            .map(|presentation| Authorization::Auth(Box::new(presentation))),
        "create" => CreatePresentation::from_bytes(&bytes)
            .ok()
            .map(|presentation| Authorization::Create(Box::new(presentation))),
        _ => None,
    }
}

/// The password of `Basic` credentials. The user name ends at the first colon.
fn basic_password(credentials: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(STANDARD.decode(credentials).ok()?);
    let (_, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}
