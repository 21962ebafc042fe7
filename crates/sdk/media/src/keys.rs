//! The keys of frames: sealing, opening, and whose a frame is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_e2ee::{
    Codec, EpochFrames, FrameContext, FrameOpener, FrameRefusal, FrameSealer, FrameTag, HOLD_TIME,
    MAX_EPOCHS, Moment, OpenedFrame, SealError,
};
use anteroom_protocol::{DemuxId, EraId, GroupEpoch, media::Source, redacted_debug};

use crate::{
    connection_output::SealedFrame,
    event::FrameCounts,
    frame::{AudioLevel, ReceivedFrame},
    lines::{SlotKind, SlotNumber},
};

/// The keys of a device's frames in a call. There is one for a device, which outlives its connections: the counters
/// are never set back.
#[derive(Default)]
pub(crate) struct FrameKeys {
    sealer: FrameSealer,
    /// Whether the frames of this device cannot be named in the latest epoch. Those of earlier ones are over then.
    is_unnamed: bool,
    opener: FrameOpener,
    /// The devices of the leaves of the latest epochs.
    epochs: VecDeque<(EraId, GroupEpoch, BTreeMap<u32, DemuxId>)>,
    next_tag: u64,
    /// The frames whose epoch has not begun yet, and the moment until which the oldest waits.
    held: BTreeMap<FrameTag, HeldFrame>,
    /// The slots whose last frame did not open.
    gaps: BTreeSet<SlotNumber>,
    pub(crate) counts: FrameCounts,
}

redacted_debug!(FrameKeys);

/// The facts of a frame that is held.
struct HeldFrame {
    facts: FrameFacts,
    until: Moment,
}

/// The facts of a frame without its bytes.
struct FrameFacts {
    slot: SlotNumber,
    kind: SlotKind,
    time: core::time::Duration,
    lost: u64,
    level: Option<AudioLevel>,
}

impl FrameKeys {
    /// Takes the keys of an epoch. One that is older than the last one is left out.
    pub(crate) fn add_epoch(&mut self, frames: EpochFrames, now: Moment) {
        let (era, epoch) = (frames.key.era(), frames.key.epoch());
        let own_leaf = frames.own_leaf;
        let sealed = self
            .sealer
            .add_epoch(&frames.key, own_leaf, frames.has_new_members, now);
        match sealed {
            Ok(()) => self.is_unnamed = false,
            Err(SealError::TooManyMembers) => self.is_unnamed = true,
            Err(_) => {}
        }
        let added = self
            .opener
            .add_epoch(frames.key, frames.leaves, &frames.stayed, now);
        if added.is_ok() {
            self.epochs.push_back((era, epoch, frames.devices));
            if self.epochs.len() > MAX_EPOCHS {
                self.epochs.pop_front();
            }
        }
    }

    /// Seals a frame.
    pub(crate) fn seal(
        &mut self,
        source: Source,
        frame: &[u8],
        now: Moment,
    ) -> Result<Vec<u8>, SealError> {
        if self.is_unnamed {
            return Err(SealError::TooManyMembers);
        }
        let codec = match source.is_video() {
            true => Codec::Vp8,
            false => Codec::Opus,
        };
        self.sealer
            .seal(context(source), frame, codec.clear_length(frame), now)
    }

    /// Returns whether the device is in a group.
    pub(crate) fn is_in_group(&self) -> bool {
        self.sealer.epoch().is_some()
    }

    /// Returns whether encoders of pictures have to make a key frame for new members.
    pub(crate) fn take_key_frame_request(&mut self, now: Moment) -> bool {
        self.sealer.take_key_frame_request(now)
    }

    /// Opens a frame; `None` if it is not to be shown, or held.
    pub(crate) fn open(&mut self, sealed: &SealedFrame, now: Moment) -> Option<ReceivedFrame> {
        self.counts.lost += sealed.lost;
        let facts = FrameFacts {
            slot: sealed.slot,
            kind: sealed.kind,
            time: sealed.time,
            lost: sealed.lost,
            level: sealed.level,
        };
        let clear = match sealed.kind {
            SlotKind::Audio => 0,
            SlotKind::Video => Codec::Vp8.clear_length(&sealed.data),
        };
        let tag = FrameTag(self.next_tag);
        self.next_tag += 1;
        match self.opener.open(tag, &sealed.data, clear, now) {
            Err(FrameRefusal::Held) => {
                let until = now.plus(HOLD_TIME);
                self.held.insert(tag, HeldFrame { facts, until });
                None
            }
            opened => self.received(&facts, opened),
        }
    }

    /// Returns the frames that were held and can be decided now.
    pub(crate) fn take_held(&mut self, now: Moment) -> Vec<ReceivedFrame> {
        let mut frames = Vec::new();
        if self.held.is_empty() {
            return frames;
        }
        for (tag, opened) in self.opener.take_held(now) {
            if let Some(held) = self.held.remove(&tag) {
                frames.extend(self.received(&held.facts, opened));
            }
        }
        frames
    }

    /// Returns the moment at which a held frame is given up.
    pub(crate) fn held_until(&self) -> Option<Moment> {
        self.held.values().next().map(|held| held.until)
    }

    fn received(
        &mut self,
        facts: &FrameFacts,
        opened: Result<OpenedFrame, FrameRefusal>,
    ) -> Option<ReceivedFrame> {
        let sender = opened.and_then(|opened| {
            let mut epochs = self.epochs.iter().rev();
            let epoch = epochs.find(|(era, epoch, _)| (*era, *epoch) == (opened.era, opened.epoch));
            let device = epoch.and_then(|(.., devices)| devices.get(&opened.leaf));
            let device = device.copied().ok_or(FrameRefusal::UnknownLeaf)?;
            Ok((opened, device))
        });
        let Ok((opened, sender)) = sender else {
            self.counts.refused += 1;
            self.gaps.insert(facts.slot);
            return None;
        };
        let source = source(opened.context);
        if !facts.kind.fits(source) {
            self.counts.misplaced += 1;
            self.gaps.insert(facts.slot);
            return None;
        }
        self.counts.opened += 1;
        Some(ReceivedFrame {
            sender,
            leaf: opened.leaf,
            epoch: opened.epoch,
            source,
            slot: facts.slot,
            time: facts.time,
            lost: facts.lost,
            has_gap: self.gaps.remove(&facts.slot) || facts.lost > 0,
            level: facts.level,
            data: opened.frame,
        })
    }
}

/// Returns the context in which the frames of a source are sealed.
const fn context(source: Source) -> FrameContext {
    match source {
        Source::Audio => FrameContext::Audio,
        Source::Camera => FrameContext::Camera,
        Source::Screen => FrameContext::Screen,
        Source::ScreenAudio => FrameContext::ScreenAudio,
    }
}

/// Returns the source whose frames are sealed in a context.
const fn source(context: FrameContext) -> Source {
    match context {
        FrameContext::Audio => Source::Audio,
        FrameContext::Camera => Source::Camera,
        FrameContext::Screen => Source::Screen,
        FrameContext::ScreenAudio => Source::ScreenAudio,
    }
}

#[cfg(test)]
mod tests;
