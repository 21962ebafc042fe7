//! The client of the room service over HTTP.

mod error;
mod link;
mod pass;
pub(crate) mod wire;

use std::sync::Arc;

use anteroom_protocol::{AdminPasskey, RootKey, Timestamp};
use http::{StatusCode, header};
use rand_core::CryptoRng;
use reqwest::{Method, RequestBuilder};
use url::Url;
use zeroize::Zeroizing;

use self::wire::{DeviceBody, LinkBody, PeekBody, ReasonBody, StateBody};
pub use self::{
    error::RoomsError,
    link::{Approval, LinkChange, LinkState, RoomName},
    pass::{CreatePass, Pass},
};
use crate::{
    DemuxId, EraId, OpaqueUserId, ReplayStore, Service, ServiceAddress, Timeouts,
    call::{HelloCodec, ReplayMemory},
    transport::{Answer, MAX_ROOMS_ANSWER, Transport, sensitive},
    wire as bytes,
};

const LIVE: &[&str] = &["health", "live"];
const LINK: &[&str] = &["v1", "call-link"];
const PARTICIPANTS: &[&str] = &["v2", "conference", "participants"];
const ROOM_ID: &str = "x-room-id";
const EPOCH: &str = "x-epoch";

/// A client of the room service. Every request carries a presentation made for it alone, and no other data
/// that identifies the user.
#[derive(Clone, Debug)]
pub struct RoomsClient {
    transport: Transport,
    pub(crate) sockets: Transport,
    pub(crate) timeouts: Timeouts,
    pub(crate) replays: ReplayMemory,
}

/// A newly created link.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedLink {
    /// The root key for the link's members, completed with the room service's epoch if it has one.
    pub root_key: RootKey,
    /// The state of the link.
    pub state: LinkState,
}

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

/// One device of a call or its lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The device's number in the call.
    pub demux: DemuxId,
    /// The user, if the room service reveals it.
    pub user: Option<OpaqueUserId>,
    /// The time at which the device raised its hand, in milliseconds since 1970; `None` if it is not raised.
    pub hand_raised_at: Option<u64>,
    /// Whether the device's connection is lost and its seat is reserved.
    pub is_lost: bool,
    /// Whether the device may admit, deny, remove and block others, if the room service reveals it.
    pub is_admin: bool,
    /// The name that the device gave itself when it joined a call. A holder of the link can choose any name;
    /// the room service can neither forge a name nor attribute one to another user.
    pub name: Option<String>,
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

impl RoomsClient {
    /// Creates a client of the room service at `base_url`, such as `https://rooms.example`.
    ///
    /// # Errors
    /// The URL cannot be used, or the TLS certificates of the system cannot be read.
    pub fn new(
        base_url: impl Into<ServiceAddress>,
        timeouts: Timeouts,
    ) -> Result<Self, RoomsError> {
        let address = base_url.into();
        Ok(Self {
            transport: Transport::new(&address, timeouts, MAX_ROOMS_ANSWER)?,
            sockets: Transport::lasting(&address, timeouts)?,
            timeouts,
            replays: ReplayMemory::default(),
        })
    }

    /// Sets the store that holds the counters of received messages beyond the life of the process.
    #[must_use]
    pub fn with_replay_store(mut self, store: Arc<dyn ReplayStore>) -> Self {
        self.replays = ReplayMemory::with_store(store);
        self
    }

    /// Returns the room service's address.
    #[must_use]
    pub const fn base_url(&self) -> &Url {
        self.transport.base()
    }

    /// Returns whether presentations and passkeys would cross a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.transport.is_exposed()
    }

    /// Waits for any answer of the room service, and returns its time if the answer carries it. The request
    /// carries no presentation.
    ///
    /// # Errors
    /// No answer arrived.
    pub async fn ping(&self) -> Result<Option<Timestamp>, RoomsError> {
        let request = self.transport.request(Method::GET, LIVE)?;
        Ok(self.transport.exchange(request).await?.time())
    }

    /// Creates the link of a room, without a name: the key that encrypts a name depends on the completed root
    /// key. Repeating the call with the same key and passkey changes nothing.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::Problem`] with 409 if the room has a link of another passkey.
    pub async fn create<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &CreatePass,
        passkey: &AdminPasskey,
        approval: Approval,
        rng: &mut R,
    ) -> Result<CreatedLink, RoomsError> {
        let passkey = passkey_text(passkey);
        let body = LinkBody {
            admin_passkey: &passkey,
            zkparams: Some(bytes::encode(
                &room.secret_params().public_params().to_bytes(),
            )),
            restrictions: Some(approval.as_str()),
            name: None,
            revoked: None,
            end_call: None,
        };
        let authorization = bearer("create", &pass.present(room, rng)?);
        let request = self.request(Method::PUT, LINK, room, &authorization)?;
        let answer = self.transport.exchange(with_json(request, &body)?).await?;
        let body: StateBody = success(answer)?.json()?;
        let root_key = room.clone().complete(body.epoch);
        let state = LinkState::parse(&body, &root_key)?;
        Ok(CreatedLink { root_key, state })
    }

    /// Fetches the state of a link.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`].
    pub async fn link<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        rng: &mut R,
    ) -> Result<LinkState, RoomsError> {
        let request = self.request_as(Method::GET, LINK, room, pass, rng)?;
        let answer = self.transport.exchange(request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(unknown_link(&answer));
        }
        LinkState::parse(&success(answer)?.json()?, room)
    }

    /// Changes a link, and returns its new state.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`]; [`RoomsError::Problem`] with 403 for a wrong passkey
    /// and 409 if a running call prevents the change.
    pub async fn update<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        passkey: &AdminPasskey,
        change: &LinkChange,
        rng: &mut R,
    ) -> Result<LinkState, RoomsError> {
        let passkey = passkey_text(passkey);
        let name = change.name.as_deref();
        let body = LinkBody {
            admin_passkey: &passkey,
            zkparams: None,
            restrictions: change.approval.map(Approval::as_str),
            name: name
                .map(|name| link::encrypt_name(name, room, rng))
                .transpose()?,
            revoked: change.revoked,
            end_call: change.end_call.then_some(true),
        };
        let request = self.request_as(Method::PUT, LINK, room, pass, rng)?;
        let answer = self.transport.exchange(with_json(request, &body)?).await?;
        // A holder of the root key is refused with 401 only for an unknown room.
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(unknown_link(&answer));
        }
        LinkState::parse(&success(answer)?.json()?, room)
    }

    /// Deletes a link. Deleting an absent link succeeds.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::Problem`] with 403 for a wrong passkey and 409 for a running call
    /// under [`OngoingCall::Keep`].
    pub async fn delete<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        passkey: &AdminPasskey,
        call: OngoingCall,
        rng: &mut R,
    ) -> Result<(), RoomsError> {
        let passkey = passkey_text(passkey);
        let body = LinkBody {
            admin_passkey: &passkey,
            zkparams: None,
            restrictions: None,
            name: None,
            revoked: None,
            end_call: (call == OngoingCall::End).then_some(true),
        };
        let request = self.request_as(Method::DELETE, LINK, room, pass, rng)?;
        let answer = self.transport.exchange(with_json(request, &body)?).await?;
        success(answer).map(drop)
    }

    /// Fetches the state of a room's call; `None` if no call is running.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`], [`RoomsError::Closed`].
    pub async fn peek<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        rng: &mut R,
    ) -> Result<Option<Peek>, RoomsError> {
        let request = self.request_as(Method::GET, PARTICIPANTS, room, pass, rng)?;
        let answer = self.transport.exchange(request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            if answer.is_empty() {
                return Ok(None);
            }
            let body: ReasonBody = answer.json()?;
            return Err(match body.reason.as_str() {
                "invalid" => RoomsError::NoSuchLink,
                "expired" => RoomsError::Closed,
                _ => RoomsError::Malformed("the reason is unknown"),
            });
        }
        let body: PeekBody = success(answer)?.json()?;
        let link = body.call_link_state.as_ref();
        Ok(Some(Peek {
            era: parse_era(&body.conference_id)?,
            max_devices: body.max_devices,
            active_count: body.participant_count.unwrap_or(body.participants.len()),
            pending_count: body.pending_count.unwrap_or(body.pending_clients.len()),
            active: participants(&body.participants, None)?,
            pending: participants(&body.pending_clients, None)?,
            link: link.map(|link| LinkState::parse(link, room)).transpose()?,
        }))
    }

    fn request_as<R: CryptoRng + ?Sized>(
        &self,
        method: Method,
        path: &[&str],
        room: &RootKey,
        pass: &Pass,
        rng: &mut R,
    ) -> Result<RequestBuilder, RoomsError> {
        let authorization = bearer("auth", &pass.present(room, rng)?);
        self.request(method, path, room, &authorization)
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        room: &RootKey,
        authorization: &str,
    ) -> Result<RequestBuilder, RoomsError> {
        let mut request = self
            .transport
            .request(method, path)?
            .header(ROOM_ID, sensitive(&room.room_id().to_hex())?)
            .header(header::AUTHORIZATION, sensitive(authorization)?);
        if let Some(epoch) = room.epoch() {
            request = request.header(EPOCH, epoch);
        }
        Ok(request)
    }
}

pub(crate) fn parse_era(text: &str) -> Result<EraId, RoomsError> {
    EraId::parse(text).map_err(|_| RoomsError::Malformed("no era id"))
}

pub(crate) fn parse_demux(number: u32) -> Result<DemuxId, RoomsError> {
    DemuxId::new(number).ok_or(RoomsError::Malformed("a device without a number"))
}

pub(crate) fn participants(
    bodies: &[DeviceBody],
    hellos: Option<&HelloCodec>,
) -> Result<Vec<Participant>, RoomsError> {
    let participant = |body| participant(body, hellos);
    bodies.iter().map(participant).collect()
}

pub(crate) fn participant(
    body: &DeviceBody,
    hellos: Option<&HelloCodec>,
) -> Result<Participant, RoomsError> {
    let user = body.opaque_user_id.as_deref().map(OpaqueUserId::parse);
    let user = user
        .transpose()
        .map_err(|_| RoomsError::Malformed("a user id does not parse"))?;
    let hello = body.hello.as_ref().and_then(serde_json::Value::as_str);
    let name = hello.and_then(|hello| {
        let user = user.as_ref()?.ciphertext().ok()?;
        hellos?.name(&user, hello)
    });
    Ok(Participant {
        demux: parse_demux(body.demux_id)?,
        user,
        name,
        hand_raised_at: body.hand_raised_at,
        is_lost: body.lost,
        is_admin: body.admin,
    })
}

pub(crate) fn passkey_text(passkey: &AdminPasskey) -> Zeroizing<String> {
    Zeroizing::new(bytes::encode(passkey.as_bytes()))
}

fn bearer(kind: &str, presentation: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("Bearer {kind}.{presentation}"))
}

fn with_json(request: RequestBuilder, body: &LinkBody<'_>) -> Result<RequestBuilder, RoomsError> {
    let text = wire::to_text(body)?;
    Ok(request
        .header(header::CONTENT_TYPE, "application/json")
        .body(text.as_bytes().to_vec()))
}

/// Returns the error of a 404. A program that is no room service sends no code of a missing link either.
fn unknown_link(answer: &Answer) -> RoomsError {
    let problem = answer.problem(Service::Rooms);
    let is_elsewhere = match problem.code.as_str() {
        "" => !answer.is_empty(),
        code => code == "NOT_FOUND",
    };
    if is_elsewhere {
        RoomsError::Problem(Box::new(problem))
    } else {
        RoomsError::NoSuchLink
    }
}

fn success(answer: Answer) -> Result<Answer, RoomsError> {
    if answer.status() == StatusCode::OK {
        return Ok(answer);
    }
    Err(RoomsError::Problem(Box::new(
        answer.problem(Service::Rooms),
    )))
}
