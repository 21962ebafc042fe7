//! Media in the messages of a call: what a device sends and sees, and what it is told.

use anteroom_e2ee::EpochFrames;
use anteroom_protocol::{
    DemuxId,
    media::{
        MuteOrder, MuteTarget, Pause, PerSource, SessionDescription, SlotReport, Source, Subject,
        ViewRequest, Wanted,
    },
};
use anteroom_wire::rooms::socket::{
    ClientMessage, MediaConfigBody, Recipients, SlotBody, SlotWishBody,
};

use crate::{TransportFailure, rooms::participant::parse_demux};

/// The feature of room services whose calls have media.
pub(crate) const MEDIA: &str = "media";

/// The media that a call has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// The number of audio slots that a device should offer.
    pub audio_slots: u32,
    /// The maximum number of video slots that a device may offer.
    pub video_slots: u32,
    /// The maximum bits a second of a device's camera, all layers together.
    pub max_bitrate: u64,
    /// The codecs that a device may send, by their names in SDP.
    pub codecs: Vec<String>,
}

/// A notice of the room service about media.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaNotice {
    /// The slots of the device that are not empty, all of them. Frames tell themselves who has sealed them: where
    /// both disagree, a picture is to be covered.
    Slots(Vec<SlotReport>),
    /// The devices that speak, loudest first.
    Speakers(Vec<DemuxId>),
    /// An admin has stopped a source of this device, or ended a hold.
    Muted {
        /// The admin's device.
        by: DemuxId,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// A command about media was not sent: the calls of this room service have none, or this device takes no part
    /// in the end-to-end encryption, without which there are none.
    Unsupported,
}

/// A command of a device about media.
#[derive(Clone, Debug)]
pub enum MediaCommand {
    /// Offers a connection.
    Offer {
        /// The number of the connection.
        session: u64,
        /// The offer.
        offer: SessionDescription,
        /// The names of its slots in their order. What the device wants to see is said again for those of another
        /// connection.
        slots: Vec<String>,
    },
    /// Says what the device sends.
    Publish(PerSource<bool>),
    /// Says what to show where.
    View(ViewRequest),
    /// Stops what others send, or ends that. For admins.
    Mute {
        /// The devices.
        target: MuteTarget,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
}

/// An effect for the connection of the device to the media server.
#[derive(Debug)]
pub enum MediaEffect {
    /// The keys of a new epoch, for the frames.
    Keys(Box<EpochFrames>),
    /// The answer to an offer.
    Answer {
        /// The number of the connection.
        session: u64,
        /// The answer.
        answer: SessionDescription,
    },
    /// The sources and layers that somebody sees or hears.
    Wanted(Wanted),
}

impl MediaConfig {
    pub(crate) fn parse(body: MediaConfigBody<'_>) -> Self {
        let codecs = body.codecs.into_iter();
        Self {
            audio_slots: body.audio_slots,
            video_slots: body.video_slots,
            max_bitrate: body.max_bitrate,
            codecs: codecs.map(std::borrow::Cow::into_owned).collect(),
        }
    }
}

impl MediaCommand {
    /// Returns the message of the command.
    pub(crate) fn into_message(self) -> ClientMessage {
        match self {
            Self::Offer { session, offer, .. } => ClientMessage::Media {
                session,
                offer: offer.into_text(),
            },
            Self::Publish(sources) => ClientMessage::Publish(sources.into()),
            Self::View(view) => {
                let slots = view.slots.into_iter().map(|wish| {
                    let (demux_id, speaker) = match wish.subject {
                        Subject::Device(device) => (Some(device.number()), None),
                        Subject::Speaker(rank) => (None, u32::try_from(rank).ok()),
                    };
                    SlotWishBody {
                        mid: wish.mid,
                        demux_id,
                        speaker,
                        source: wish.source.into(),
                        height: wish.height,
                    }
                });
                let without = view.audio_without.into_iter();
                ClientMessage::View {
                    slots: slots.collect(),
                    audio_without: without.map(DemuxId::number).collect(),
                }
            }
            Self::Mute {
                target,
                source,
                order,
            } => {
                let (demux_id, but) = match target {
                    MuteTarget::One(device) => (Recipients::One(device.number()), Vec::new()),
                    MuteTarget::AllBut(devices) => (Recipients::ALL, devices),
                };
                ClientMessage::Mute {
                    demux_id,
                    but: but.into_iter().map(DemuxId::number).collect(),
                    source: source.into(),
                    hold: match order {
                        MuteOrder::Mute => None,
                        MuteOrder::Hold => Some(true),
                        MuteOrder::Release => Some(false),
                    },
                }
            }
        }
    }
}

/// Reads the states of slots.
pub(crate) fn slots(bodies: &[SlotBody<'_>]) -> Result<MediaNotice, TransportFailure> {
    let report = |body: &SlotBody<'_>| {
        Ok(SlotReport {
            mid: body.mid.clone().into_owned(),
            device: parse_demux(body.demux_id)?,
            source: body.source.into(),
            pause: body.paused.as_deref().map(|reason| match reason {
                "bandwidth" => Pause::Bandwidth,
                "muted" => Pause::Muted,
                "codec" => Pause::Codec,
                // Nothing travels for a reason of a later version, too.
                _ => Pause::Gone,
            }),
            height: body.height,
        })
    };
    let reports = bodies.iter().map(report).collect::<Result<_, _>>()?;
    Ok(MediaNotice::Slots(reports))
}

/// Reads the devices that speak.
pub(crate) fn speakers(numbers: &[u32]) -> Result<MediaNotice, TransportFailure> {
    let devices = numbers.iter().map(|number| parse_demux(*number));
    Ok(MediaNotice::Speakers(devices.collect::<Result<_, _>>()?))
}

/// Reads an order of an admin.
pub(crate) fn muted(
    by: u32,
    source: Source,
    hold: Option<bool>,
) -> Result<MediaNotice, TransportFailure> {
    Ok(MediaNotice::Muted {
        by: parse_demux(by)?,
        source,
        order: match hold {
            None => MuteOrder::Mute,
            Some(true) => MuteOrder::Hold,
            Some(false) => MuteOrder::Release,
        },
    })
}
