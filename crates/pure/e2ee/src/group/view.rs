//! Groups and commits of openmls as plain values.

use std::collections::{BTreeMap, btree_map::Entry};

use anteroom_protocol::ParseError;
use openmls::{
    prelude::{
        LeafNode, LeafNodeIndex, MlsGroup, PreSharedKeyProposal, Proposal, ProposalOrRefType,
        Sender, StagedCommit,
    },
    schedule::{PreSharedKeyId, Psk},
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

use super::{
    history::EraHistory,
    leaf::MemberLeaf,
    mls::context_of,
    verdict::{CommitRefusal, CommitView, GroupView, ProposalView},
};

/// Returns the members and the context of a group.
pub(super) fn group_view(mls: &MlsGroup, history: EraHistory) -> Result<GroupView, CommitRefusal> {
    let mut leaves = BTreeMap::new();
    add_leaves(mls, &mut leaves).map_err(|_| CommitRefusal::Leaf)?;
    Ok(GroupView {
        leaves,
        context: context_of(mls.extensions()).map_err(CommitRefusal::Context)?,
        history,
    })
}

/// Adds the leaves of a group that are not there yet.
pub(super) fn add_leaves(
    mls: &MlsGroup,
    leaves: &mut BTreeMap<u32, MemberLeaf>,
) -> Result<(), ParseError> {
    for (index, leaf) in mls.treesync().full_leaves() {
        if let Entry::Vacant(entry) = leaves.entry(index.u32()) {
            entry.insert(MemberLeaf::parse(leaf)?);
        }
    }
    Ok(())
}

/// Returns a commit that is staged in a group.
pub(super) fn commit_view(mls: &MlsGroup, sender: &Sender, staged: &StagedCommit) -> CommitView {
    let committer = match sender {
        Sender::Member(leaf) => Some(leaf.u32()),
        Sender::External(_) | Sender::NewMemberProposal | Sender::NewMemberCommit => None,
    };
    let before = committer.and_then(|leaf| mls.public_group().leaf(LeafNodeIndex::new(leaf)));
    let after = staged.update_path_leaf_node();
    let proposals = staged.queued_proposals().map(|queued| {
        let by_value = queued.proposal_or_ref_type() == ProposalOrRefType::Proposal;
        (proposal_view(queued.proposal()), by_value)
    });
    CommitView {
        committer,
        is_own: committer == Some(mls.own_leaf_index().u32()),
        proposals: proposals.collect(),
        keeps_leaf: after.map(|after| before.is_some_and(|before| keeps_claims(before, after))),
    }
}

fn proposal_view(proposal: &Proposal) -> ProposalView {
    match proposal {
        Proposal::Add(add) => {
            let leaf = MemberLeaf::parse(add.key_package().leaf_node());
            ProposalView::Add(leaf.ok())
        }
        Proposal::Remove(remove) => ProposalView::Remove(remove.removed().u32()),
        Proposal::GroupContextExtensions(context) => {
            ProposalView::Context(context_of(context.extensions()).ok())
        }
        Proposal::PreSharedKey(psk) => ProposalView::Psk(proposed_psk(psk)),
        _ => ProposalView::Other,
    }
}

/// Returns whether a new leaf of a committer has the credential, the key and the extensions of the old one.
fn keeps_claims(before: &LeafNode, after: &LeafNode) -> bool {
    before.credential() == after.credential()
        && before.signature_key() == after.signature_key()
        && before.extensions() == after.extensions()
        && before.capabilities() == after.capabilities()
}

/// Returns the id of an external PSK that is proposed. openmls tells it by the encoding alone.
fn proposed_psk(proposal: &PreSharedKeyProposal) -> Option<Vec<u8>> {
    let bytes = proposal.tls_serialize_detached().ok()?;
    let id = PreSharedKeyId::tls_deserialize_exact_bytes(&bytes).ok()?;
    psk_name(id.psk())
}

/// Returns the id of an external PSK.
pub(super) fn psk_name(psk: &Psk) -> Option<Vec<u8>> {
    match psk {
        Psk::External(external) => Some(external.psk_id().to_vec()),
        _ => None,
    }
}
