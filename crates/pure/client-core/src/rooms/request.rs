//! The headers of requests to the room service.

use anteroom_protocol::RootKey;
use http::{HeaderName, Method, StatusCode, header};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    error::RoomsError,
    pass::{CreatePass, Pass},
};
use crate::{Answer, Request, Service};

const ROOM_ID: HeaderName = HeaderName::from_static("x-room-id");
const EPOCH: HeaderName = HeaderName::from_static("x-epoch");

/// Returns a request for a room with a presentation of a pass.
pub(super) fn presenting<R: CryptoRng + ?Sized>(
    method: Method,
    path: &[&str],
    room: &RootKey,
    pass: &Pass,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    authorized(method, path, room, "auth", &pass.present(room, None, rng)?)
}

/// Returns a request for a room with a presentation of the right to create its link.
pub(super) fn creating<R: CryptoRng + ?Sized>(
    method: Method,
    path: &[&str],
    room: &RootKey,
    pass: &CreatePass,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    authorized(method, path, room, "create", &pass.present(room, rng)?)
}

fn authorized(
    method: Method,
    path: &[&str],
    room: &RootKey,
    kind: &str,
    presentation: &str,
) -> Result<Request, RoomsError> {
    let authorization = Zeroizing::new(format!("Bearer {kind}.{presentation}"));
    let request = Request::new(method, path)
        .with_secret(ROOM_ID, &room.room_id().to_hex())?
        .with_secret(header::AUTHORIZATION, &authorization)?;
    Ok(match room.epoch() {
        Some(epoch) => request.with_header(EPOCH, epoch),
        None => request,
    })
}

/// Returns the answer if its status is 200.
pub(super) fn success(answer: &Answer) -> Result<&Answer, RoomsError> {
    if answer.status() == StatusCode::OK {
        return Ok(answer);
    }
    Err(RoomsError::Problem(answer.problem(Service::Rooms)))
}
