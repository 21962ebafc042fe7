//! A member's state of a group.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::redacted_debug;
use openmls::prelude::{
    LeafNodeIndex, MlsGroup, MlsMessageOut, PreSharedKeyProposal, ProcessedMessageContent,
    Proposal, ProtocolMessage, ProtocolVersion, Sender,
};
use openmls_traits::OpenMlsProvider as _;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    change::{EpochChange, EpochFrames, GroupChange, MAX_ADDS, OutgoingCommit},
    error::{CommitError, GroupFailure},
    handshake::HandshakeKind,
    history::EraHistory,
    leaf::MemberLeaf,
    link::GroupLink,
    mls::{MemberSigner, context_extensions, parse_message, psk_id},
    provider::{Provider, Storage},
    verdict::{CommitEffect, GroupView, Surroundings, verdict},
    view::{commit_view, group_view, leaves},
};
use crate::{
    EPOCH_RETENTION, EpochKey, GroupEpoch, LEAVER_RETENTION, MemberKey, Moment, RoomContext,
};

/// A member's state of a group.
pub struct Group {
    pub(super) parts: GroupParts,
    history: EraHistory,
    pending: Option<PendingCommit>,
    /// The moment at which the keys of the epochs before this one are dropped.
    pub(super) past_until: Option<Moment>,
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
}

struct PendingCommit {
    sealed: Vec<u8>,
    effect: CommitEffect,
}

impl Group {
    pub(super) fn from_parts(parts: GroupParts, view: &GroupView) -> Self {
        let mut group = Self {
            parts,
            history: view.history.clone(),
            pending: None,
            past_until: None,
            leavers: Vec::new(),
        };
        group.see(&view.leaves);
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
        group_view(&self.parts.mls, self.history.clone()).map_err(GroupFailure::Refused)
    }

    /// Returns the member keys that were in, for the next group of the era.
    #[must_use]
    pub const fn history(&self) -> &EraHistory {
        &self.history
    }

    /// Returns the own leaf.
    #[must_use]
    pub fn own_leaf(&self) -> u32 {
        self.parts.mls.own_leaf_index().u32()
    }

    /// Returns the link of the group.
    #[must_use]
    pub const fn link(&self) -> &GroupLink {
        &self.parts.link
    }

    /// Returns the keys and leaves of the present epoch, as they are after the group was started or joined.
    ///
    /// # Errors
    /// This member was taken out.
    pub fn frames(&self) -> Result<EpochFrames, GroupFailure> {
        let leaves = leaves(&self.parts.mls).map_err(GroupFailure::Refused)?;
        Ok(EpochFrames {
            key: self.epoch_key()?,
            own_leaf: self.own_leaf(),
            leaves: leaves.keys().copied().collect(),
            stayed: BTreeSet::new(),
            has_new_members: true,
        })
    }

    /// Returns the secret that the members of the epoch share and nobody else has (RFC 9420, section 8.7).
    pub(crate) fn authenticator(&self) -> &[u8] {
        self.parts.mls.epoch_authenticator().as_slice()
    }

    /// Makes a commit, checks it as every member will, and returns it for the room service. The group changes
    /// when the same bytes come back ([`Self::receive_commit`]), not before.
    ///
    /// # Errors
    /// [`GroupFailure`]. The group is unchanged.
    pub fn commit(
        &mut self,
        change: &GroupChange,
        surroundings: &Surroundings<'_>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingCommit, GroupFailure> {
        if self.pending.is_some() {
            return Err(GroupFailure::Pending);
        }
        if change.add.len() > MAX_ADDS {
            return Err(GroupFailure::TooLong);
        }
        let view = self.view()?;
        let context = view.context.with(&change.context);
        let context = (context != view.context).then_some(context);
        if change.add.is_empty() && change.remove.is_empty() && context.is_none() {
            return Err(GroupFailure::Empty);
        }
        let made = self.make(change, context.as_ref(), rng);
        let effect = made.and_then(|messages| {
            let staged = self.parts.mls.pending_commit().ok_or(GroupFailure::Mls)?;
            let sender = Sender::Member(self.parts.mls.own_leaf_index());
            let commit = commit_view(&self.parts.mls, &sender, staged);
            let effect = verdict(&view, &commit, surroundings).map_err(GroupFailure::Refused)?;
            Ok((messages, effect))
        });
        let sealed = effect.and_then(|(messages, effect)| {
            let outgoing = self.seal_commit(&messages, &effect, rng)?;
            Ok((outgoing, effect))
        });
        match sealed {
            Ok((outgoing, effect)) => {
                self.pending = Some(PendingCommit {
                    sealed: outgoing.body.clone(),
                    effect,
                });
                Ok(outgoing)
            }
            Err(failure) => {
                self.cancel_commit();
                Err(failure)
            }
        }
    }

    /// Forgets a commit that was made and did not come back.
    pub fn cancel_commit(&mut self) {
        self.pending = None;
        let provider = Provider::without_rng(&self.parts.storage);
        // The storage in memory does not fail.
        let _cleared = self.parts.mls.clear_pending_commit(provider.storage());
    }

    /// Takes a commit that the room service told, checks it, and merges it. One's own is merged if it comes
    /// back byte for byte.
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
        let before = leaves(&self.parts.mls).map_err(|_| CommitError::Malformed)?;
        if let Some(pending) = self.pending.take_if(|pending| pending.sealed == body) {
            let provider = Provider::without_rng(&self.parts.storage);
            let merged = self.parts.mls.merge_pending_commit(&provider);
            merged.map_err(|_| CommitError::Malformed)?;
            return self.change_epoch(&before, pending.effect, true, surroundings.moment);
        }
        let message = self.open_commit(epoch, body)?;
        let provider = Provider::without_rng(&self.parts.storage);
        let processed = self.parts.mls.process_message(&provider, message);
        let processed = processed.map_err(|_| CommitError::Malformed)?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(CommitError::Malformed);
        };
        let commit = commit_view(&self.parts.mls, &sender, &staged);
        let refused = |refusal| CommitError::Refused {
            committer: commit.committer,
            refusal,
        };
        let view = group_view(&self.parts.mls, self.history.clone()).map_err(refused)?;
        let effect = verdict(&view, &commit, surroundings).map_err(refused)?;
        let merged = self.parts.mls.merge_staged_commit(&provider, *staged);
        merged.map_err(|_| CommitError::Malformed)?;
        self.pending = None;
        self.change_epoch(&before, effect, false, surroundings.moment)
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
        Ok(EpochKey::new(self.epoch(), Zeroizing::new(base_key)))
    }

    /// Makes the messages of a commit, which is then pending in openmls.
    fn make(
        &mut self,
        change: &GroupChange,
        context: Option<&RoomContext>,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(MlsMessageOut, Option<MlsMessageOut>), GroupFailure> {
        let GroupParts {
            mls,
            storage,
            link,
            member_key,
            ..
        } = &mut self.parts;
        let provider = Provider::new(storage, rng);
        let psk = psk_id(link.psk.era(), &provider).ok_or(GroupFailure::Mls)?;
        let psk = Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk)));
        let packages = change.add.iter().map(|one| one.key_package.clone());
        let removals = change.remove.iter().map(|leaf| LeafNodeIndex::new(*leaf));
        // Every commit has a path, so that each one also heals the committer's keys.
        let mut builder = mls
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(true)
            .propose_adds(packages)
            .propose_removals(removals)
            .add_proposal(psk);
        if let Some(context) = context {
            let extensions = context_extensions(context).ok_or(GroupFailure::Mls)?;
            builder = builder
                .propose_group_context_extensions(extensions)
                .map_err(|_| GroupFailure::Mls)?;
        }
        let bundle = builder
            .load_psks(provider.storage())
            .map_err(|_| GroupFailure::Mls)?
            .create_group_info(false)
            .build(
                provider.rand(),
                provider.crypto(),
                &MemberSigner(member_key),
                |_| true,
            )
            .map_err(|_| GroupFailure::Mls)?
            .stage_commit(&provider)
            .map_err(|_| GroupFailure::Mls)?;
        let (commit, welcome, _) = bundle.into_contents();
        let welcome =
            welcome.map(|welcome| MlsMessageOut::from_welcome(welcome, ProtocolVersion::Mls10));
        Ok((commit, welcome))
    }

    fn seal_commit(
        &self,
        (commit, welcome): &(MlsMessageOut, Option<MlsMessageOut>),
        effect: &CommitEffect,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingCommit, GroupFailure> {
        let epoch = self.epoch();
        let next = GroupEpoch {
            epoch: epoch.epoch.saturating_add(1),
            ..epoch
        };
        let mut seal = |kind, epoch, message: &MlsMessageOut| {
            let bytes = message.to_bytes().map_err(|_| GroupFailure::Mls)?;
            let sealed = self
                .parts
                .link
                .handshake
                .seal(kind, Some(epoch), &bytes, rng);
            sealed.map_err(|_| GroupFailure::TooLong)
        };
        let body = seal(HandshakeKind::Commit, epoch, commit)?;
        let welcome = welcome.as_ref();
        let welcome = welcome.map(|welcome| seal(HandshakeKind::Welcome, next, welcome));
        let to = effect.added.iter().map(|(leaf, _)| leaf.demux_id);
        Ok(OutgoingCommit {
            epoch,
            body,
            welcome: welcome.transpose()?.map(|welcome| (to.collect(), welcome)),
        })
    }

    fn open_commit(&self, epoch: GroupEpoch, body: &[u8]) -> Result<ProtocolMessage, CommitError> {
        let handshake = &self.parts.link.handshake;
        let opened = handshake.open(HandshakeKind::Commit, Some(epoch), body);
        let opened = opened.map_err(|_| CommitError::Malformed)?;
        let message = parse_message(&opened).ok_or(CommitError::Malformed)?;
        if message.is_handshake_message() {
            Ok(message)
        } else {
            Err(CommitError::Malformed)
        }
    }

    fn change_epoch(
        &mut self,
        before: &BTreeMap<u32, MemberLeaf>,
        effect: CommitEffect,
        is_own: bool,
        now: Moment,
    ) -> Result<EpochChange, CommitError> {
        self.past_until = Some(now.plus(EPOCH_RETENTION));
        let last_epoch = self.epoch().epoch.saturating_sub(1);
        let leavers = effect.removed.iter().map(|(leaf, _)| Leaver {
            leaf: *leaf,
            last_epoch,
            until: now.plus(LEAVER_RETENTION),
        });
        self.leavers.extend(leavers);
        if !self.parts.mls.is_active() {
            return Ok(EpochChange {
                effect,
                is_own,
                frames: None,
            });
        }
        let after = leaves(&self.parts.mls).map_err(|_| CommitError::Malformed)?;
        self.see(&after);
        let removed: BTreeSet<u32> = effect.removed.iter().map(|(leaf, _)| *leaf).collect();
        let stayed = before.keys().filter(|leaf| !removed.contains(leaf));
        let frames = EpochFrames {
            key: self.epoch_key().map_err(|_| CommitError::Malformed)?,
            own_leaf: self.own_leaf(),
            leaves: after.keys().copied().collect(),
            stayed: stayed.copied().collect(),
            has_new_members: !effect.added.is_empty(),
        };
        Ok(EpochChange {
            effect,
            is_own,
            frames: Some(frames),
        })
    }

    fn see(&mut self, leaves: &BTreeMap<u32, MemberLeaf>) {
        for leaf in leaves.values() {
            self.history.see(&leaf.member_key);
        }
    }
}

#[cfg(test)]
mod tests;
