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
    /// 401 when it is missing, 400 when it is repeated or cannot be read.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(unauthorized()),
            (Some(value), None) => value.to_str().ok().and_then(parse).ok_or_else(invalid),
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

fn parse(value: &str) -> Option<Authorization> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
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
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = Zeroizing::new(STANDARD.decode(token).ok()?);
        let (_, token) = str::from_utf8(&decoded).ok()?.split_once(':')?;
        GroupToken::parse(token).map(|token| Authorization::Group(Box::new(token)))
    } else {
        None
    }
}
