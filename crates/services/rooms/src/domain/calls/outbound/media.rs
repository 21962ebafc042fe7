//! Messages about media that come from the media server, not from the call.

use anteroom_protocol::{
    DemuxId,
    media::{Pause, SessionDescription, SlotReport, Wanted},
};
use anteroom_wire::rooms::socket::{MediaConfigBody, ServerMessage, SlotBody, WantedBody};
use zeroize::Zeroizing;

use super::{OutboundMessage, QueueKind, json};
use crate::MediaConfig;

impl OutboundMessage {
    /// Creates the answer to an offer.
    pub(crate) fn media_answer(session: u64, answer: SessionDescription) -> Self {
        let message = ServerMessage::Media {
            session,
            answer: Zeroizing::new(answer.into_text()),
        };
        Self {
            text: json(&message),
            kind: QueueKind::Answer,
        }
    }

    /// Creates the states of a device's slots.
    pub(crate) fn slots(slots: &[SlotReport]) -> Self {
        let slots = slots.iter().map(slot).collect();
        Self {
            text: json(&ServerMessage::Slots { slots }),
            kind: QueueKind::Slots,
        }
    }

    /// Creates the sources and layers that a device is to send.
    pub(crate) fn wanted(wanted: Wanted) -> Self {
        Self {
            text: json(&ServerMessage::Send(WantedBody::from(wanted))),
            kind: QueueKind::Wanted,
        }
    }

    /// Creates the speakers, loudest first.
    pub(crate) fn speakers(speakers: &[DemuxId]) -> Self {
        let speakers = speakers.iter().copied().map(DemuxId::number).collect();
        Self {
            text: json(&ServerMessage::Speakers { speakers }),
            kind: QueueKind::Speakers,
        }
    }
}

fn slot(report: &SlotReport) -> SlotBody<'_> {
    SlotBody {
        mid: report.mid.as_str().into(),
        demux_id: report.device.number(),
        source: report.source.into(),
        paused: report.pause.map(|pause| pause_word(pause).into()),
        height: report.height,
    }
}

const fn pause_word(pause: Pause) -> &'static str {
    match pause {
        Pause::Bandwidth => "bandwidth",
        Pause::Muted => "muted",
        Pause::Codec => "codec",
        Pause::Gone => "gone",
    }
}

impl MediaConfig {
    pub(super) fn body(&self) -> MediaConfigBody<'static> {
        MediaConfigBody {
            audio_slots: self.audio_slots,
            video_slots: self.video_slots,
            max_bitrate: self.max_bitrate,
            codecs: self.codecs.iter().map(|codec| (*codec).into()).collect(),
        }
    }
}
