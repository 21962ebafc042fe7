//! Sealing of the frames that a device sends.

use core::time::Duration;
use std::collections::VecDeque;

use anteroom_protocol::{EraId, GroupEpoch, redacted_debug};
use sframe::{
    CipherSuite,
    frame::{MediaFrameView, MonotonicCounter},
    key::EncryptionKey,
};

use super::{
    context::FrameContext,
    epoch::{EpochKey, OldEpoch},
    key_id::{FrameKeyId, MAX_LEAVES},
    metadata::{PREFIX_LENGTH, metadata},
};
use crate::Moment;

/// The time after which a sender uses a new epoch, so that the others have its commit.
pub const CHANGE_DELAY: Duration = Duration::from_millis(300);

/// The minimum time between two key frames that new members ask for.
const KEY_FRAME_INTERVAL: Duration = Duration::from_secs(1);

/// The number of frames that one key seals at most. A camera with three layers needs a day for 2^24.
const MAX_COUNTER: u64 = 1 << 32;

/// The reason for which a frame cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There is no epoch yet.
    #[error("this device is in no group yet")]
    NoEpoch,
    /// The leaf of the epoch has no key id.
    #[error("the group has more members than frames can name")]
    TooManyMembers,
    /// The epoch is not later than the last one.
    #[error("{0}")]
    OldEpoch(OldEpoch),
    /// The key has sealed as many frames as it may.
    #[error("a new epoch is needed before more frames are sealed")]
    Exhausted,
}

/// Seals the frames of a device. There must be one for a device: its counters are never set back and never
/// stored.
#[derive(Default)]
pub struct FrameSealer {
    present: Option<SealingEpoch>,
    /// The epochs that were added and are not in use yet, each with the moment of its use.
    next: VecDeque<(Moment, SealingEpoch)>,
    is_key_frame_due: bool,
    last_key_frame: Option<Moment>,
}

redacted_debug!(FrameSealer);

struct SealingEpoch {
    era: EraId,
    epoch: GroupEpoch,
    /// One key and counter for each context, in the order of their numbers.
    keys: Vec<(EncryptionKey, MonotonicCounter)>,
    has_new_members: bool,
}

impl FrameSealer {
    /// Creates a sealer without an epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an epoch, right after its commit was merged or the group was joined. The first one of an era is used
    /// at once, later ones after [`CHANGE_DELAY`]. The epochs of another era begin anew, and those of the last one
    /// are over.
    ///
    /// # Errors
    /// [`SealError::OldEpoch`], [`SealError::TooManyMembers`].
    pub fn add_epoch(
        &mut self,
        key: &EpochKey,
        own_leaf: u32,
        has_new_members: bool,
        now: Moment,
    ) -> Result<(), SealError> {
        self.change_epoch(now);
        let pending = self.next.back().map(|(_, next)| next);
        let last = pending.or(self.present.as_ref());
        let last = last.filter(|last| last.era == key.era());
        if last.is_some_and(|last| last.epoch >= key.epoch()) {
            return Err(SealError::OldEpoch(OldEpoch));
        }
        let is_first = last.is_none();
        let mut next = SealingEpoch::new(key, own_leaf)?;
        next.has_new_members = has_new_members;
        if is_first {
            self.next.clear();
            self.present = Some(next);
        } else {
            self.next.push_back((now.plus(CHANGE_DELAY), next));
        }
        Ok(())
    }

    /// Seals a frame whose first `clear_length` bytes stay clear.
    ///
    /// # Errors
    /// [`SealError::NoEpoch`], [`SealError::Exhausted`].
    pub fn seal(
        &mut self,
        context: FrameContext,
        frame: &[u8],
        clear_length: usize,
        now: Moment,
    ) -> Result<Vec<u8>, SealError> {
        self.change_epoch(now);
        let present = self.present.as_mut().ok_or(SealError::NoEpoch)?;
        let keys = present.keys.get_mut(usize::from(context.number()));
        let (key, counter) = keys.ok_or(SealError::NoEpoch)?;
        let (clear, payload) = frame.split_at(clear_length.min(frame.len()));
        let metadata = metadata(context, clear);
        let exhausted = |_| SealError::Exhausted;
        let frame = MediaFrameView::try_with_meta_data(counter, payload, &metadata);
        let frame = frame.map_err(exhausted)?;
        let mut sealed = Vec::new();
        frame.encrypt_into(key, &mut sealed).map_err(exhausted)?;
        // The clear bytes are the end of the metadata, which stand before the sealed frame.
        sealed.drain(..PREFIX_LENGTH);
        Ok(sealed)
    }

    /// Returns whether the encoders of pictures have to make a key frame, because somebody was added with the
    /// epoch in use: at most once a second.
    #[must_use]
    pub fn take_key_frame_request(&mut self, now: Moment) -> bool {
        self.change_epoch(now);
        let next = self
            .last_key_frame
            .map(|last| last.plus(KEY_FRAME_INTERVAL));
        let is_due = self.is_key_frame_due && next.is_none_or(|next| now >= next);
        if is_due {
            self.is_key_frame_due = false;
            self.last_key_frame = Some(now);
        }
        is_due
    }

    /// Returns the epoch in use.
    #[must_use]
    pub fn epoch(&self) -> Option<GroupEpoch> {
        self.present.as_ref().map(|present| present.epoch)
    }

    fn change_epoch(&mut self, now: Moment) {
        while let Some((_, next)) = self.next.pop_front_if(|(from, _)| now >= *from) {
            self.is_key_frame_due |= next.has_new_members;
            self.present = Some(next);
        }
    }
}

impl SealingEpoch {
    fn new(key: &EpochKey, leaf: u32) -> Result<Self, SealError> {
        if leaf >= MAX_LEAVES {
            return Err(SealError::TooManyMembers);
        }
        let keys = FrameContext::ALL.into_iter().map(|context| {
            let id = FrameKeyId {
                short_epoch: FrameKeyId::short_epoch(key.epoch().epoch),
                leaf,
                context,
            };
            let suite = CipherSuite::AesGcm128Sha256;
            let derived = EncryptionKey::derive_from(suite, id.number(), key.as_bytes());
            let derived = derived.map_err(|_| SealError::NoEpoch)?;
            Ok((derived, MonotonicCounter::new(MAX_COUNTER)))
        });
        Ok(Self {
            era: key.era(),
            epoch: key.epoch(),
            keys: keys.collect::<Result<_, _>>()?,
            has_new_members: false,
        })
    }
}
