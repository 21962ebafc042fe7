//! The claim of a request under `/v2/conference`, from its headers.

use anteroom_http_server::Problem;
use anteroom_store::LinkAddress;
use http::HeaderMap;

use super::{
    authorization::Authorization,
    problems::{ROOM_ID_INVALID, unauthorized},
    room_headers::{epoch_of_headers, room_of_headers},
};
use crate::{domain::authorization::Claim, state::RoomsState};

/// Parses the headers. A group's token names the room; `X-Room-Id` may repeat it.
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
            Ok(Claim::Link(LinkAddress { room, epoch }, presentation))
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
