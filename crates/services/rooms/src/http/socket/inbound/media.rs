//! The messages of clients about media, within bounds.

use anteroom_call::Command;
use anteroom_protocol::{
    DemuxId,
    media::{MuteOrder, MuteTarget, SessionDescription, SlotWish, Subject, ViewRequest},
};
use anteroom_wire::rooms::socket::{Recipients, SlotWishBody, SourceName};

use super::device::device;
use crate::http::socket::refusal::Refusal;

/// The maximum number of m-lines of an offer: 64 slots, and the four sources.
const MAX_LINES: usize = 68;

/// The maximum number of wishes in a view: one for each slot.
const MAX_WISHES: usize = 64;

/// The maximum number of devices in a list.
const MAX_DEVICES: usize = 1_024;

/// The maximum length of the name of an m-line: what a header extension of one byte can carry (RFC 8285).
const MAX_MID: usize = 16;

/// The largest number of a connection: what a JavaScript number holds exactly.
const MAX_SESSION: u64 = (1 << 53) - 1;

pub(super) fn offer(session: u64, offer: String) -> Result<Command, Refusal> {
    if session > MAX_SESSION {
        return Err(Refusal::Invalid);
    }
    let lines = offer.lines().filter(|line| line.starts_with("m="));
    if lines.count() > MAX_LINES {
        return Err(Refusal::TooManySlots);
    }
    Ok(Command::Offer {
        session,
        offer: SessionDescription::new(offer),
    })
}

pub(super) fn view(slots: Vec<SlotWishBody>, audio_without: Vec<u32>) -> Result<Command, Refusal> {
    if slots.len() > MAX_WISHES {
        return Err(Refusal::TooManySlots);
    }
    Ok(Command::View(ViewRequest {
        slots: slots.into_iter().map(wish).collect::<Result<_, _>>()?,
        audio_without: devices(audio_without)?,
    }))
}

pub(super) fn mute(
    target: Recipients,
    but: Vec<u32>,
    source: SourceName,
    hold: Option<bool>,
) -> Result<Command, Refusal> {
    let target = match target {
        Recipients::One(id) if but.is_empty() => MuteTarget::One(device(id)?),
        // Devices are left out of all, and of nothing else.
        Recipients::One(_) => return Err(Refusal::Invalid),
        Recipients::Named(_) => MuteTarget::AllBut(devices(but)?),
    };
    Ok(Command::Mute {
        target,
        source: source.into(),
        order: match hold {
            None => MuteOrder::Mute,
            Some(true) => MuteOrder::Hold,
            Some(false) => MuteOrder::Release,
        },
    })
}

fn wish(body: SlotWishBody) -> Result<SlotWish, Refusal> {
    let is_mid = (1..=MAX_MID).contains(&body.mid.len())
        && body.mid.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_mid {
        return Err(Refusal::Invalid);
    }
    let subject = match (body.demux_id, body.speaker) {
        (Some(id), None) => Subject::Device(device(id)?),
        (None, Some(rank)) => {
            Subject::Speaker(usize::try_from(rank).map_err(|_| Refusal::Invalid)?)
        }
        (None, None) | (Some(_), Some(_)) => return Err(Refusal::Invalid),
    };
    Ok(SlotWish {
        mid: body.mid,
        subject,
        source: body.source.into(),
        height: body.height,
    })
}

fn devices(ids: Vec<u32>) -> Result<Vec<DemuxId>, Refusal> {
    if ids.len() > MAX_DEVICES {
        return Err(Refusal::Invalid);
    }
    ids.into_iter().map(device).collect()
}
