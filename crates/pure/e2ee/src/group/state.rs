//! A member's state of a group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anteroom_protocol::{DemuxId, redacted_debug};
use openmls::prelude::{MlsGroup, ProcessedMessageContent, Sender, StagedCommit};
use openmls_traits::OpenMlsProvider as _;
use zeroize::Zeroizing;

use super::{
    applicant::Applicant,
    change::{EpochChange, EpochFrames},
    error::{CommitError, GroupFailure},
    handshake::HandshakeKind,
    history::EraHistory,
    leaf::MemberLeaf,
    link::GroupLink,
    mls::{PAST_EPOCHS, context_of, parse_message},
    provider::Provider,
    storage::Storage,
    verdict::{CommitEffect, CommitRefusal, GroupView, Surroundings, verdict},
    view::{add_leaves, commit_view},
};
use crate::{EPOCH_RETENTION, EpochKey, GroupEpoch, LEAVER_RETENTION, MemberKey, Moment};

/// A member's state of a group.
pub struct Group {
    pub(super) parts: GroupParts,
    /// The leaves of the present epoch. Each is parsed once: it has three keys, which are points to decompress.
    leaves: BTreeMap<u32, MemberLeaf>,
    history: EraHistory,
    pub(super) pending: Option<PendingCommit>,
    early: Option<EarlyCommit>,
    /// The epochs before this one whose messages are opened, the latest last, with the moments until which.
    pub(super) past: VecDeque<(u64, Moment)>,
    pub(super) leavers: Vec<Leaver>,
}

redacted_debug!(Group);

/// A leaf that was taken out.
pub(super) struct Leaver {
    pub(super) leaf: u32,
    pub(super) last_epoch: u64,
    /// The moment at which its messages of that epoch and earlier ones are no longer opened.
    pub(super) until: Moment,
}

/// The parts that a group is made from.
pub(super) struct GroupParts {
    pub(super) mls: MlsGroup,
    pub(super) storage: Storage,
    pub(super) link: GroupLink,
    pub(super) member_key: MemberKey,
    pub(super) number: u32,
    /// The leaf that signed the Welcome.
    pub(super) welcomed_by: Option<u32>,
}

/// A commit of one's own that has yet to come back.
pub(super) struct PendingCommit {
    pub(super) sealed: Vec<u8>,
    pub(super) effect: CommitEffect,
}

/// A commit whose Remove did not hold when it came. MLS opens it once.
struct EarlyCommit {
    sealed: Vec<u8>,
    sender: Sender,
    staged: Box<StagedCommit>,
}

impl Group {
    pub(super) fn from_parts(parts: GroupParts, view: GroupView) -> Self {
        let mut group = Self {
            parts,
            leaves: view.leaves,
            history: view.history,
            pending: None,
            early: None,
            past: VecDeque::new(),
            leavers: Vec::new(),
        };
        group.see_leaves();
        group
    }

    /// Returns the present epoch.
    #[must_use]
    pub fn epoch(&self) -> GroupEpoch {
        GroupEpoch {
            group: self.parts.number,
            epoch: self.parts.mls.epoch().as_u64(),
        }
    }

    /// Returns the members by their leaves, and the context.
    ///
    /// # Errors
    /// The state is damaged.
    pub fn view(&self) -> Result<GroupView, GroupFailure> {
        self.checked_view().map_err(GroupFailure::Refused)
    }

    /// Returns the member keys that were in, for the next group of the era.
    #[must_use]
    pub const fn history(&self) -> &EraHistory {
        &self.history
    }

    /// Adds what the device has seen in another group of the era.
    pub fn remember(&mut self, history: &EraHistory) {
        self.history.merge(history);
    }

    /// Returns whether MLS refuses to add a device, since a member has one of its keys.
    #[must_use]
    pub fn shares_key(&self, applicant: &Applicant) -> bool {
        let keys = applicant.keys();
        let mut members = self.parts.mls.members();
        members.any(|member| keys.contains(&member.encryption_key))
    }

    /// Returns the own leaf.
    #[must_use]
    pub fn own_leaf(&self) -> u32 {
        self.parts.mls.own_leaf_index().u32()
    }

    /// Returns the leaf that has signed the Welcome by which this device came in, and so knows its epoch; `None`
    /// for who has started the group. Whoever starts a group chooses all of its leaves, the first one too.
    #[must_use]
    pub const fn welcomed_by(&self) -> Option<u32> {
        self.parts.welcomed_by
    }

    /// Returns the keys and leaves of the present epoch, as they are after the group was started or joined.
    ///
    /// # Errors
    /// This member was taken out.
    pub fn frames(&self) -> Result<EpochFrames, GroupFailure> {
        Ok(EpochFrames {
            key: self.epoch_key()?,
            own_leaf: self.own_leaf(),
            leaves: self.leaves.keys().copied().collect(),
            devices: self.devices(),
            stayed: BTreeSet::new(),
            has_new_members: true,
        })
    }

    /// Returns the secret that the members of the epoch share and nobody else has (RFC 9420, section 8.7).
    pub(crate) fn authenticator(&self) -> &[u8] {
        self.parts.mls.epoch_authenticator().as_slice()
    }

    /// Takes a commit that the room service told, checks it, and merges it. One's own is merged if it comes
    /// back byte for byte.
    ///
    /// A commit that was refused with [`CommitRefusal::Removal`] can be given
    /// again: the roster by which a device is absent may have come later than the commit.
    ///
    /// # Errors
    /// [`CommitError`]. The group is unchanged.
    pub fn receive_commit(
        &mut self,
        epoch: GroupEpoch,
        body: &[u8],
        surroundings: &Surroundings<'_>,
    ) -> Result<EpochChange, CommitError> {
        let present = self.epoch();
        if epoch != present {
            return Err(CommitError::OtherEpoch { present });
        }
        if let Some(pending) = self.pending.take_if(|pending| pending.sealed == body) {
            let provider = Provider::without_rng(&self.parts.storage);
            let merged = self.parts.mls.merge_pending_commit(&provider);
            merged.map_err(|_| CommitError::Malformed)?;
            return self.change_epoch(pending.effect, true, surroundings.moment);
        }
        let EarlyCommit {
            sealed,
            sender,
            staged,
        } = match self.early.take_if(|early| early.sealed == body) {
            Some(early) => early,
            None => self.open_commit(epoch, body)?,
        };
        let commit = commit_view(&self.parts.mls, &sender, &staged);
        let refused = |refusal| CommitError::Refused {
            committer: commit.committer,
            refusal,
        };
        let view = self.checked_view().map_err(refused)?;
        let effect = match verdict(&view, &commit, surroundings) {
            Ok(effect) => effect,
            Err(refusal) => {
                let error = refused(refusal);
                self.early = (refusal == CommitRefusal::Removal).then_some(EarlyCommit {
                    sealed,
                    sender,
                    staged,
                });
                return Err(error);
            }
        };
        let provider = Provider::without_rng(&self.parts.storage);
        let merged = self.parts.mls.merge_staged_commit(&provider, *staged);
        merged.map_err(|_| CommitError::Malformed)?;
        self.pending = None;
        self.change_epoch(effect, false, surroundings.moment)
    }

    fn checked_view(&self) -> Result<GroupView, CommitRefusal> {
        let context = context_of(self.parts.mls.extensions());
        Ok(GroupView {
            leaves: self.leaves.clone(),
            context: context.map_err(CommitRefusal::Context)?,
            history: self.history.clone(),
        })
    }

    fn epoch_key(&self) -> Result<EpochKey, GroupFailure> {
        let provider = Provider::without_rng(&self.parts.storage);
        let mls = &self.parts.mls;
        let exported = mls.export_secret(provider.crypto(), "SFrame 1.0 Base Key", b"", 16);
        let exported = Zeroizing::new(exported.map_err(|_| GroupFailure::Mls)?);
        let base_key: [u8; 16] = exported
            .as_slice()
            .try_into()
            .map_err(|_| GroupFailure::Mls)?;
        let (era, base_key) = (self.parts.link.psk.era(), Zeroizing::new(base_key));
        Ok(EpochKey::new(era, self.epoch(), base_key))
    }

    /// Opens a commit of another member, which MLS then holds for valid.
    fn open_commit(&mut self, epoch: GroupEpoch, body: &[u8]) -> Result<EarlyCommit, CommitError> {
        let handshake = &self.parts.link.handshake;
        let opened = handshake.open(HandshakeKind::Commit, Some(epoch), body);
        let opened = opened.map_err(|_| CommitError::Malformed)?;
        let message = parse_message(&opened).ok_or(CommitError::Malformed)?;
        if !message.is_handshake_message() {
            return Err(CommitError::Malformed);
        }
        let provider = Provider::without_rng(&self.parts.storage);
        let processed = self.parts.mls.process_message(&provider, message);
        let processed = processed.map_err(|_| CommitError::Malformed)?;
        let sender = processed.sender().clone();
        match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(EarlyCommit {
                sealed: body.to_vec(),
                sender,
                staged,
            }),
            _ => Err(CommitError::Malformed),
        }
    }

    fn change_epoch(
        &mut self,
        effect: CommitEffect,
        is_own: bool,
        now: Moment,
    ) -> Result<EpochChange, CommitError> {
        self.early = None;
        let last_epoch = self.epoch().epoch.saturating_sub(1);
        self.past.push_back((last_epoch, now.plus(EPOCH_RETENTION)));
        while self.past.len() > PAST_EPOCHS {
            self.past.pop_front();
        }
        let first = self.past.front().map_or(last_epoch, |(epoch, _)| *epoch);
        self.leavers.retain(|leaver| leaver.last_epoch >= first);
        let leavers = effect.removed.iter().map(|(leaf, _)| Leaver {
            leaf: *leaf,
            last_epoch,
            until: now.plus(LEAVER_RETENTION),
        });
        self.leavers.extend(leavers);
        let removed: BTreeSet<u32> = effect.removed.iter().map(|(leaf, _)| *leaf).collect();
        self.leaves.retain(|leaf, _| !removed.contains(leaf));
        let stayed = self.leaves.keys().copied().collect();
        // The checks of the commit hold: the leaves that stay have the claims that they had.
        add_leaves(&self.parts.mls, &mut self.leaves).map_err(|_| CommitError::Malformed)?;
        if !self.parts.mls.is_active() {
            return Ok(EpochChange {
                effect,
                is_own,
                frames: None,
            });
        }
        self.see_leaves();
        let frames = EpochFrames {
            key: self.epoch_key().map_err(|_| CommitError::Malformed)?,
            own_leaf: self.own_leaf(),
            leaves: self.leaves.keys().copied().collect(),
            devices: self.devices(),
            stayed,
            has_new_members: !effect.added.is_empty(),
        };
        Ok(EpochChange {
            effect,
            is_own,
            frames: Some(frames),
        })
    }

    fn devices(&self) -> BTreeMap<u32, DemuxId> {
        let leaves = self.leaves.iter();
        leaves
            .map(|(leaf, claims)| (*leaf, claims.demux_id))
            .collect()
    }

    fn see_leaves(&mut self) {
        for leaf in self.leaves.values() {
            self.history.see(&leaf.member_key);
        }
    }
}

#[cfg(test)]
mod tests;
