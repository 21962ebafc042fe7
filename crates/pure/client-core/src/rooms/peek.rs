//! The state of a room's call, without joining it.

use anteroom_protocol::RootKey;
use anteroom_wire::rooms::{PeekBody, Reason, ReasonBody};
use http::{Method, StatusCode};
use rand_core::CryptoRng;

use super::{
    error::RoomsError,
    link::LinkState,
    participant::{Participant, parse_era, peeked},
    pass::Pass,
    request::{presenting, success},
};
use crate::{Answer, EraId, Request};

/// The state of a running call, as a device outside it sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peek {
    /// The era.
    pub era: EraId,
    /// The maximum number of devices in the call.
    pub max_devices: u32,
    /// The devices in the call, if the room service reveals them.
    pub active: Vec<Participant>,
    /// The number of devices in the call.
    pub active_count: usize,
    /// The devices in the lobby, if the room service reveals them.
    pub pending: Vec<Participant>,
    /// The number of devices in the lobby.
    pub pending_count: usize,
    /// The link's state.
    pub link: Option<LinkState>,
}

/// Returns the request.
pub fn request<R: CryptoRng + ?Sized>(
    room: &RootKey,
    pass: &Pass,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    let path = ["v2", "conference", "participants"];
    presenting(Method::GET, &path, room, pass, rng)
}

/// Reads the answer; `None` if no call is running.
///
/// # Errors
/// [`RoomsError::NoSuchLink`], [`RoomsError::Closed`]; the answer is malformed.
pub fn read(answer: &Answer, room: &RootKey) -> Result<Option<Peek>, RoomsError> {
    if answer.status() == StatusCode::NOT_FOUND {
        if answer.is_empty() {
            return Ok(None);
        }
        let body: ReasonBody = answer.json()?;
        return Err(match body.reason {
            Reason::Invalid => RoomsError::NoSuchLink,
            Reason::Expired => RoomsError::Closed,
        });
    }
    let body: PeekBody = success(answer)?.json()?;
    let link = body.call_link_state.as_ref();
    Ok(Some(Peek {
        era: parse_era(&body.conference_id)?,
        max_devices: body.max_devices,
        active_count: body.participant_count.unwrap_or(body.participants.len()),
        pending_count: body.pending_count.unwrap_or(body.pending_clients.len()),
        active: peeked(&body.participants)?,
        pending: peeked(&body.pending_clients)?,
        link: link.map(|link| LinkState::parse(link, room)).transpose()?,
    }))
}
