//! The commits that a member makes.

use openmls::prelude::{
    LeafNodeIndex, MlsMessageOut, PreSharedKeyProposal, Proposal, ProtocolVersion, Sender,
};
use openmls_traits::OpenMlsProvider as _;
use rand_core::CryptoRng;

use super::{
    change::{GroupChange, MAX_ADDS, OutgoingCommit},
    error::GroupFailure,
    handshake::HandshakeKind,
    mls::{MemberSigner, context_extensions, psk_id},
    provider::Provider,
    state::{Group, GroupParts, PendingCommit},
    verdict::{CommitEffect, Surroundings, verdict},
    view::commit_view,
};
use crate::RoomContext;

impl Group {
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
        let next = epoch.next();
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
}
