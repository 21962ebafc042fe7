//! The requests about a link.

use anteroom_protocol::{AdminPasskey, AdminStatement, RootKey};
use anteroom_wire::rooms::{ChangeBody, DeleteBody, GuestsBody, LinkStateBody};
use http::{Method, StatusCode};
use rand_core::CryptoRng;

use super::{
    error::RoomsError,
    link::{Approval, LinkChange, LinkState, encrypt_name},
    pass::{CreatePass, Pass},
    request::{creating, presenting, success},
};
use crate::{Answer, Request, Service, wire};

const LINK: &[&str] = &["v1", "call-link"];

/// A newly created link.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedLink {
    /// The root key for the link's members, completed with the room service's epoch if it has one.
    pub root_key: RootKey,
    /// The state of the link.
    pub state: LinkState,
}

/// The treatment of a running call when the link of its room is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OngoingCall {
    /// The link is not deleted while the call is running.
    #[default]
    Keep,
    /// All devices are removed.
    End,
}

/// Returns the request to create the link of a room, without a name: the key that encrypts a name depends on
/// the completed root key. Repeating it with the same key and passkey changes nothing. A room service without
/// the feature `statements` refuses one with 422.
pub fn create<R: CryptoRng + ?Sized>(
    room: &RootKey,
    pass: &CreatePass,
    passkey: &AdminPasskey,
    approval: Approval,
    statement: Option<&AdminStatement>,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    let body = ChangeBody {
        admin_passkey: passkey.as_bytes().as_slice().into(),
        zkparams: Some(wire::encode(
            &room.secret_params().public_params().to_bytes(),
        )),
        restrictions: Some(approval.restrictions()),
        name: None,
        revoked: None,
        guests: None,
        admin_statement: statement.map(|statement| statement.as_bytes().into()),
        end_call: None,
    };
    Ok(creating(Method::PUT, LINK, room, pass, rng)?.with_json(&body))
}

/// Reads the answer to [`create`].
///
/// # Errors
/// [`RoomsError::Problem`] with 409 if the room has a link of another passkey; the answer is malformed.
pub fn read_created(answer: &Answer, room: &RootKey) -> Result<CreatedLink, RoomsError> {
    let body: LinkStateBody = success(answer)?.json()?;
    let root_key = room.clone().complete(body.epoch);
    let state = LinkState::new(&body, &root_key);
    Ok(CreatedLink { root_key, state })
}

/// Returns the request for the state of a link.
pub fn state<R: CryptoRng + ?Sized>(
    room: &RootKey,
    pass: &Pass,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    presenting(Method::GET, LINK, room, pass, rng)
}

/// Reads the answer to [`state`].
///
/// # Errors
/// [`RoomsError::NoSuchLink`]; the answer is malformed.
pub fn read_state(answer: &Answer, room: &RootKey) -> Result<LinkState, RoomsError> {
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(unknown_link(answer));
    }
    Ok(LinkState::new(&success(answer)?.json()?, room))
}

/// Returns the request to change a link.
///
/// # Errors
/// The name is too long, or the credential cannot be presented.
pub fn update<R: CryptoRng + ?Sized>(
    room: &RootKey,
    pass: &Pass,
    passkey: &AdminPasskey,
    change: &LinkChange,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    let name = change.name.as_deref();
    let statement = change.admin_statement.as_ref();
    let body = ChangeBody {
        admin_passkey: passkey.as_bytes().as_slice().into(),
        zkparams: None,
        restrictions: change.approval.map(Approval::restrictions),
        name: name.map(|name| encrypt_name(name, room, rng)).transpose()?,
        revoked: change.revoked,
        guests: change.guests.map(GuestsBody::from),
        admin_statement: statement.map(|statement| statement.as_bytes().into()),
        end_call: change.end_call.then_some(true),
    };
    Ok(presenting(Method::PUT, LINK, room, pass, rng)?.with_json(&body))
}

/// Reads the answer to [`update`].
///
/// # Errors
/// [`RoomsError::NoSuchLink`]; [`RoomsError::Problem`] with 403 for a wrong passkey and 409 if a running call
/// prevents the change; the answer is malformed.
pub fn read_updated(answer: &Answer, room: &RootKey) -> Result<LinkState, RoomsError> {
    // A holder of the root key is refused with 401 only for an unknown room.
    if answer.status() == StatusCode::UNAUTHORIZED {
        return Err(unknown_link(answer));
    }
    Ok(LinkState::new(&success(answer)?.json()?, room))
}

/// Returns the request to delete a link.
pub fn delete<R: CryptoRng + ?Sized>(
    room: &RootKey,
    pass: &Pass,
    passkey: &AdminPasskey,
    call: OngoingCall,
    rng: &mut R,
) -> Result<Request, RoomsError> {
    let body = DeleteBody {
        admin_passkey: passkey.as_bytes().as_slice().into(),
        end_call: (call == OngoingCall::End).then_some(true),
    };
    Ok(presenting(Method::DELETE, LINK, room, pass, rng)?.with_json(&body))
}

/// Reads the answer to [`delete`].
///
/// # Errors
/// [`RoomsError::Problem`] with 403 for a wrong passkey and 409 for a running call under
/// [`OngoingCall::Keep`].
pub fn read_deleted(answer: &Answer) -> Result<(), RoomsError> {
    success(answer).map(drop)
}

/// Returns the error of a 404. A program that is no room service sends no code of a missing link either.
fn unknown_link(answer: &Answer) -> RoomsError {
    let problem = answer.problem(Service::Rooms);
    let is_elsewhere = match problem.code.as_str() {
        "" => !answer.is_empty(),
        code => code == "NOT_FOUND",
    };
    if is_elsewhere {
        RoomsError::Problem(problem)
    } else {
        RoomsError::NoSuchLink
    }
}
