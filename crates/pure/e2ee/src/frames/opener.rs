//! Opening of the frames that a device receives.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_protocol::{EraId, GroupEpoch, redacted_debug};
use sframe::{CipherSuite, frame::EncryptedFrameView, header::SframeHeader, key::DecryptionKey};
use zeroize::Zeroizing;

use super::{
    context::FrameContext,
    epoch::{EpochKey, OldEpoch},
    key_id::FrameKeyId,
    metadata::{PREFIX_LENGTH, metadata},
    replay_window::ReplayWindow,
};
use crate::Moment;

/// The time for which frames of an epoch are opened after the next one began.
pub const EPOCH_RETENTION: Duration = Duration::from_secs(10);
/// The same for frames of leaves that the next epoch does not have.
pub const LEAVER_RETENTION: Duration = Duration::from_secs(2);
/// The time for which frames of an epoch that has yet to begin are held.
pub const HOLD_TIME: Duration = Duration::from_millis(300);
/// The maximum number of epochs whose frames are opened.
pub const MAX_EPOCHS: usize = 64;

/// The number of epochs after the present one whose frames are held.
const MAX_AHEAD: u8 = 4;
/// The maximum number of frames that are held, and of their bytes.
const MAX_HELD: usize = 256;
const MAX_HELD_BYTES: usize = 4 * 1024 * 1024;

/// The caller's number of a frame, by which it recognizes one that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameTag(pub u64);

/// A frame that a member of the group has sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedFrame {
    /// The era.
    pub era: EraId,
    /// The epoch.
    pub epoch: GroupEpoch,
    /// The leaf in the tree of that epoch.
    pub leaf: u32,
    /// The context.
    pub context: FrameContext,
    /// The clear bytes and the payload.
    pub frame: Zeroizing<Vec<u8>>,
}

redacted_debug!(OpenedFrame);

/// The reason for which a frame is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameRefusal {
    /// It is no sealed frame.
    #[error("it is no sealed frame")]
    Malformed,
    /// Its epoch is not open yet. [`FrameOpener::take_held`] returns it if the epoch begins in time.
    #[error("its epoch has not begun yet")]
    Held,
    /// Its epoch is over, or was never one.
    #[error("its epoch is not known")]
    UnknownEpoch,
    /// Its leaf is not in the tree of its epoch, or no longer opened.
    #[error("its sender is not in the group")]
    UnknownLeaf,
    /// It was opened before, or is older than the last 1,024 frames of its key.
    #[error("it was opened before, or is too old")]
    Replayed,
    /// Nobody with the key of the epoch sealed it.
    #[error("it was not sealed by the group")]
    Forged,
}

/// Opens the frames that a device receives.
#[derive(Default)]
pub struct FrameOpener {
    /// The epochs in the order in which they began: those of an era ascend. The last one is the present one.
    epochs: VecDeque<OpeningEpoch>,
    held: VecDeque<HeldFrame>,
}

redacted_debug!(FrameOpener);

struct OpeningEpoch {
    key: EpochKey,
    leaves: BTreeSet<u32>,
    /// The leaves that the next epoch does not have, and the end of their frames.
    leavers: (BTreeSet<u32>, Option<Moment>),
    /// The end of all frames; `None` while no next epoch began.
    until: Option<Moment>,
    senders: BTreeMap<FrameKeyId, (DecryptionKey, ReplayWindow)>,
}

struct HeldFrame {
    tag: FrameTag,
    frame: Vec<u8>,
    clear_length: usize,
    until: Moment,
}

impl FrameOpener {
    /// Creates an opener without an epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an epoch with the leaves of its tree, right after its commit was merged or the group was joined.
    /// `stayed` are the leaves of the epoch before that are still the same devices: the frames of the others end
    /// after [`LEAVER_RETENTION`], those of the whole epoch after [`EPOCH_RETENTION`]. The epochs of another era begin
    /// anew, and nobody of the last one has stayed.
    ///
    /// # Errors
    /// [`OldEpoch`], of the same era: it is left out.
    pub fn add_epoch(
        &mut self,
        key: EpochKey,
        leaves: BTreeSet<u32>,
        stayed: &BTreeSet<u32>,
        now: Moment,
    ) -> Result<(), OldEpoch> {
        if let Some(last) = self.epochs.back_mut() {
            let is_same_era = last.key.era() == key.era();
            if is_same_era && last.key.epoch() >= key.epoch() {
                return Err(OldEpoch);
            }
            let leaves = last.leaves.iter().copied();
            let leavers = leaves.filter(|leaf| !is_same_era || !stayed.contains(leaf));
            let leavers = leavers.collect();
            last.leavers = (leavers, Some(now.plus(LEAVER_RETENTION)));
            last.until = Some(now.plus(EPOCH_RETENTION));
        }
        self.epochs.push_back(OpeningEpoch {
            key,
            leaves,
            leavers: (BTreeSet::new(), None),
            until: None,
            senders: BTreeMap::new(),
        });
        if self.epochs.len() > MAX_EPOCHS {
            self.epochs.pop_front();
        }
        self.expire(now);
        Ok(())
    }

    /// Opens a frame whose first `clear_length` bytes are clear.
    ///
    /// # Errors
    /// [`FrameRefusal`]. The frame must not be shown.
    pub fn open(
        &mut self,
        tag: FrameTag,
        frame: &[u8],
        clear_length: usize,
        now: Moment,
    ) -> Result<OpenedFrame, FrameRefusal> {
        self.expire(now);
        let opened = self.try_open(frame, clear_length, now);
        if opened == Err(FrameRefusal::Held) && !self.hold(tag, frame, clear_length, now) {
            return Err(FrameRefusal::UnknownEpoch);
        }
        opened
    }

    /// Returns the held frames that can be decided by now: those whose epoch has begun, and those whose time
    /// is over, as [`FrameRefusal::UnknownEpoch`].
    pub fn take_held(&mut self, now: Moment) -> Vec<(FrameTag, Result<OpenedFrame, FrameRefusal>)> {
        let mut decided = Vec::new();
        for one in core::mem::take(&mut self.held) {
            match self.try_open(&one.frame, one.clear_length, now) {
                Err(FrameRefusal::Held) if now < one.until => self.held.push_back(one),
                Err(FrameRefusal::Held) => {
                    decided.push((one.tag, Err(FrameRefusal::UnknownEpoch)));
                }
                opened => decided.push((one.tag, opened)),
            }
        }
        decided
    }

    fn epoch(&self) -> Option<GroupEpoch> {
        self.epochs.back().map(|last| last.key.epoch())
    }

    fn expire(&mut self, now: Moment) {
        self.epochs
            .retain(|epoch| epoch.until.is_none_or(|until| now < until));
    }

    fn try_open(
        &mut self,
        frame: &[u8],
        clear_length: usize,
        now: Moment,
    ) -> Result<OpenedFrame, FrameRefusal> {
        let (clear, sealed) = frame
            .split_at_checked(clear_length)
            .ok_or(FrameRefusal::Malformed)?;
        let header = SframeHeader::deserialize(sealed).map_err(|_| FrameRefusal::Malformed)?;
        let id = FrameKeyId::from_number(header.key_id()).ok_or(FrameRefusal::Malformed)?;
        let metadata = metadata(id.context, clear);
        let view = EncryptedFrameView::try_with_meta_data(sealed, &metadata)
            .map_err(|_| FrameRefusal::Malformed)?;
        // Two epochs of two groups can have the same last 8 bits.
        let candidates = self.epochs.iter_mut().rev();
        let mut candidates = candidates
            .filter(|epoch| FrameKeyId::short_epoch(epoch.key.epoch().epoch) == id.short_epoch)
            .peekable();
        if candidates.peek().is_none() {
            return Err(self.refusal_of_unknown(id.short_epoch));
        }
        // The newest of them tells why.
        let mut refusal = None;
        for epoch in candidates {
            match epoch.open(id, &view, now) {
                Ok(frame) => {
                    return Ok(OpenedFrame {
                        era: epoch.key.era(),
                        epoch: epoch.key.epoch(),
                        leaf: id.leaf,
                        context: id.context,
                        frame,
                    });
                }
                Err(error) => {
                    refusal.get_or_insert(error);
                }
            }
        }
        Err(refusal.unwrap_or(FrameRefusal::UnknownLeaf))
    }

    fn refusal_of_unknown(&self, short_epoch: u8) -> FrameRefusal {
        let present = self
            .epoch()
            .map(|epoch| FrameKeyId::short_epoch(epoch.epoch));
        let ahead = present.map(|present| short_epoch.wrapping_sub(present));
        match ahead {
            None | Some(1..=MAX_AHEAD) => FrameRefusal::Held,
            Some(_) => FrameRefusal::UnknownEpoch,
        }
    }

    /// Holds a frame; returns whether there was room.
    fn hold(&mut self, tag: FrameTag, frame: &[u8], clear_length: usize, now: Moment) -> bool {
        let bytes: usize = self.held.iter().map(|one| one.frame.len()).sum();
        if self.held.len() >= MAX_HELD || bytes + frame.len() > MAX_HELD_BYTES {
            return false;
        }
        self.held.push_back(HeldFrame {
            tag,
            frame: frame.to_vec(),
            clear_length,
            until: now.plus(HOLD_TIME),
        });
        true
    }
}

impl OpeningEpoch {
    fn open(
        &mut self,
        id: FrameKeyId,
        view: &EncryptedFrameView<'_>,
        now: Moment,
    ) -> Result<Zeroizing<Vec<u8>>, FrameRefusal> {
        let (leavers, leavers_until) = &self.leavers;
        let has_left =
            leavers.contains(&id.leaf) && leavers_until.is_some_and(|until| now >= until);
        if has_left || !self.leaves.contains(&id.leaf) {
            return Err(FrameRefusal::UnknownLeaf);
        }
        let suite = CipherSuite::AesGcm128Sha256;
        let (key, window) = match self.senders.entry(id) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let key = DecryptionKey::derive_from(suite, id.number(), self.key.as_bytes());
                let key = key.map_err(|_| FrameRefusal::Forged)?;
                entry.insert((key, ReplayWindow::default()))
            }
        };
        let counter = view.header().counter();
        if !window.is_fresh(counter) {
            return Err(FrameRefusal::Replayed);
        }
        let mut opened = Zeroizing::new(Vec::new());
        view.decrypt_into(&*key, &mut *opened)
            .map_err(|_| FrameRefusal::Forged)?;
        // Only an authenticated frame takes its counter, so that nobody else can use it up.
        window.take(counter);
        opened.drain(..PREFIX_LENGTH);
        Ok(opened)
    }
}
