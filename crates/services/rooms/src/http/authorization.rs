//! The claim of a request, from its `Authorization` header.

use anteroom_http_server::Problem;
use anteroom_protocol::{AuthPresentation, CreatePresentation};
use anteroom_store::LinkAddress;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use zeroize::Zeroizing;

use crate::{
    domain::{authorization::Claim, group_token::GroupToken},
    http::{
        problems::{ROOM_AUTHORIZATION_INVALID, ROOM_ID_INVALID, unauthorized},
        room_headers::{epoch_of_headers, room_of_headers, single},
    },
    state::RoomsState,
};

/// A well-formed claim that is not verified.
pub(crate) enum Authorization {
    /// `Bearer auth.<base64>`: a holder of a call link.
    Auth(Box<AuthPresentation>),
    /// `Bearer create.<base64>`: the right to create the room of a call link.
    Create(Box<CreatePresentation>),
    /// `Basic base64(<anything>:<token>)`: a member of a group.
    Group(Box<GroupToken>),
}

impl Authorization {
    /// Parses the header.
    ///
    /// # Errors
    /// 401 when it is missing, or has the scheme `Basic` with a password that is no group token;
    /// 400 when it is repeated or malformed.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        match single(headers, &header::AUTHORIZATION) {
            Ok(None) => Err(unauthorized()),
            Ok(Some(value)) => parse(value),
            Err(()) => Err(invalid()),
        }
    }

    /// Returns the auth presentation.
    ///
    /// # Errors
    /// 401 for a claim of another kind.
    pub(crate) fn require_auth(self) -> Result<Box<AuthPresentation>, Problem> {
        match self {
            Self::Auth(presentation) => Ok(presentation),
            Self::Create(_) | Self::Group(_) => Err(unauthorized()),
        }
    }
}

/// Parses the claim of a request under `/v2/conference`. A group's token names the room; `X-Room-Id` may repeat it.
///
/// # Errors
/// 400 for headers that are malformed, repeated or, for a call link, missing; 401 for a claim that
/// is wrong or of the wrong kind.
pub(crate) fn claim_of_headers(state: &RoomsState, headers: &HeaderMap) -> Result<Claim, Problem> {
    let room = room_of_headers(headers)?;
    let epoch = epoch_of_headers(headers)?;
    match Authorization::of_headers(headers)? {
        Authorization::Auth(presentation) => {
            let room = room.ok_or(Problem::new(&ROOM_ID_INVALID))?;
            let address = LinkAddress { room, epoch };
            Ok(Claim::Link(address, presentation, None))
        }
        Authorization::Group(token) => {
            let key = state.settings.group_calls.as_ref();
            key.and_then(|key| token.verify(key, state.context.now()))
                .filter(|member| room.is_none_or(|room| room == member.group))
                .map(Claim::Group)
                .ok_or_else(unauthorized)
        }
        Authorization::Create(_) => Err(unauthorized()),
    }
}

fn invalid() -> Problem {
    Problem::new(&ROOM_AUTHORIZATION_INVALID)
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
    Some(match kind {
        "auth" => Authorization::Auth(Box::new(AuthPresentation::from_bytes(&bytes).ok()?)),
        "create" => Authorization::Create(Box::new(CreatePresentation::from_bytes(&bytes).ok()?)),
        _ => return None,
    })
}

/// Returns the password of `Basic` credentials. The first colon ends the user name.
fn basic_password(credentials: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(STANDARD.decode(credentials).ok()?);
    let (_, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}
