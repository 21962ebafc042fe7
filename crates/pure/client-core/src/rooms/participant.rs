//! The devices of a call, as the room service lists them.

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::media::PerSource;
use anteroom_wire::rooms::{ParticipantBody, socket::DeviceBody};

use crate::{DemuxId, EraId, MemberKey, OpaqueUserId, TransportFailure, call::hello::HelloCodec};

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
    /// Whether the device has the rights of an admin for the rest of the era, without the passkey.
    pub is_co_admin: bool,
    /// Whether the user has a guest account, if the room service reveals it.
    pub is_guest: bool,
    /// The sources that the device sends, if the room service reveals them.
    pub media: PerSource<bool>,
    /// The name that the device gave itself when it joined a call. A holder of the link can choose any name;
    /// the room service can neither forge a name nor attribute one to another user.
    pub name: Option<String>,
    /// The device's public key in the room, as the room service states it: `None` for a device that named
    /// none, and in a peek.
    pub member: Option<MemberKey>,
    /// The member key in the device's hello. A holder of the link can state any key; the room service can
    /// neither forge one nor attribute one to another user.
    pub stated_key: Option<MemberPublicKey>,
}

impl Participant {
    /// Returns the member key of the device, if the device and the room service state the same.
    #[must_use]
    pub fn member_key(&self) -> Option<MemberPublicKey> {
        self.stated_key
            .filter(|key| self.member == Some(key.named()))
    }
}

pub(crate) fn parse_era(text: &str) -> Result<EraId, TransportFailure> {
    EraId::parse(text).map_err(|_| TransportFailure::Malformed("no era id"))
}

pub(crate) fn parse_demux(number: u32) -> Result<DemuxId, TransportFailure> {
    DemuxId::new(number).ok_or(TransportFailure::Malformed("a device without a number"))
}

fn parse_user(text: &str) -> Result<OpaqueUserId, TransportFailure> {
    let user = OpaqueUserId::parse(text);
    let user = user.and_then(|user| user.ciphertext().map(|_| user));
    user.map_err(|_| TransportFailure::Malformed("a user id does not parse"))
}

/// Reads the devices that a peek shows.
pub(crate) fn peeked(bodies: &[ParticipantBody]) -> Result<Vec<Participant>, TransportFailure> {
    let participant = |body: &ParticipantBody| {
        let user = body.opaque_user_id.as_deref();
        Ok(Participant {
            demux: parse_demux(body.demux_id)?,
            user: user.map(parse_user).transpose()?,
            name: None,
            member: None,
            stated_key: None,
            hand_raised_at: None,
            is_lost: false,
            is_admin: false,
            is_co_admin: false,
            is_guest: false,
            media: PerSource::default(),
        })
    };
    bodies.iter().map(participant).collect()
}

/// Reads the devices of a roster.
pub(crate) fn participants(
    bodies: &[DeviceBody<'_>],
    hellos: &HelloCodec,
) -> Result<Vec<Participant>, TransportFailure> {
    let participant = |body| participant(body, hellos);
    bodies.iter().map(participant).collect()
}

/// Reads a device of a roster.
pub(crate) fn participant(
    body: &DeviceBody<'_>,
    hellos: &HelloCodec,
) -> Result<Participant, TransportFailure> {
    let user = body.opaque_user_id.as_deref();
    let user = user.map(parse_user).transpose()?;
    let hello = body.hello.as_deref().and_then(|hello| {
        let user = user.as_ref()?.ciphertext().ok()?;
        hellos.open(&user, hello)
    });
    let hello = hello.unwrap_or_default();
    Ok(Participant {
        demux: parse_demux(body.demux_id)?,
        user,
        name: hello.name,
        member: body.member,
        stated_key: hello.member_key,
        hand_raised_at: body.hand_raised_at,
        is_lost: body.lost,
        is_admin: body.admin,
        is_co_admin: body.coadmin,
        is_guest: body.guest,
        media: body.media.map(Into::into).unwrap_or_default(),
    })
}
