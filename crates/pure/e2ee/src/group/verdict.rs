//! The checks of a commit, by the committer before it sends it and by every member before it merges it, and
//! those of a newcomer over the whole tree.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::{DemuxId, OpaqueUserId, Timestamp};

use super::{history::EraHistory, leaf::MemberLeaf, roster::RosterHistory};
use crate::{
    AdmissionError, AdmissionReason, ContextError, EraPsk, MemberPublicKey, Moment, Presence,
    RoomContext,
};

/// The world around a group at the time of a decision.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// Returns whether a user id decrypts to an account of the room (or is a member of the group).
    pub is_account: &'s dyn Fn(&OpaqueUserId) -> bool,
    /// The maximum number of devices of a user in the call.
    pub max_devices: usize,
    /// The rosters of the room service.
    pub roster: &'s RosterHistory,
    /// The time of day.
    pub now: Timestamp,
    /// The moment of the monotonic clock.
    pub moment: Moment,
}

/// The state of a group that a commit changes.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The members by their leaves.
    pub leaves: BTreeMap<u32, MemberLeaf>,
    /// The context.
    pub context: RoomContext,
    /// The member keys that the own member has seen in the groups of the era.
    pub history: EraHistory,
}

impl GroupView {
    /// Returns the leaf of a member key with its index.
    #[must_use]
    pub fn leaf_of_key(&self, key: &MemberPublicKey) -> Option<(u32, &MemberLeaf)> {
        self.find(|leaf| leaf.member_key == *key)
    }

    /// Returns the leaf of a device with its index.
    #[must_use]
    pub fn leaf_of_device(&self, device: DemuxId) -> Option<(u32, &MemberLeaf)> {
        self.find(|leaf| leaf.demux_id == device)
    }

    fn find(&self, is_it: impl Fn(&MemberLeaf) -> bool) -> Option<(u32, &MemberLeaf)> {
        let mut leaves = self.leaves.iter();
        let (index, leaf) = leaves.find(|(_, leaf)| is_it(leaf))?;
        Some((*index, leaf))
    }

    /// Decides whether a device could be added: checks 2 and 3 of [`verdict`], as a committer makes them.
    ///
    /// # Errors
    /// [`CommitRefusal`].
    pub fn admits(
        &self,
        leaf: &MemberLeaf,
        surroundings: &Surroundings<'_>,
    ) -> Result<AdmissionReason, CommitRefusal> {
        let after = self.leaves.values().chain([leaf]);
        check_members(after, [leaf], surroundings)?;
        let presence = self.presence(leaf, true);
        let admitted = self
            .context
            .may_add(&leaf.claim(), presence, surroundings.now);
        admitted.map_err(CommitRefusal::Admission)
    }

    /// Returns whether a device was in before. A committer adds under a lock only whom it has seen itself. The
    /// others cannot know who left before they came: they give the benefit of the doubt, unless they have
    /// seen all.
    fn presence(&self, leaf: &MemberLeaf, is_committer: bool) -> Presence {
        let is_known = is_committer || self.history.has_seen_all();
        if is_known && !self.history.has_seen(&leaf.member_key) {
            Presence::New
        } else {
            Presence::Returning
        }
    }
}

/// A proposal of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposalView {
    /// Adds a device; `None` for a leaf that does not parse.
    Add(Option<MemberLeaf>),
    /// Takes out a leaf.
    Remove(u32),
    /// Changes the context; `None` for other extensions than the room's.
    Context(Option<RoomContext>),
    /// Mixes in an external PSK with this id; `None` for a PSK of another kind.
    Psk(Option<Vec<u8>>),
    /// Anything else.
    Other,
}

/// A commit before it is merged.
#[derive(Clone, Debug)]
pub struct CommitView {
    /// The leaf of the committer; `None` if it is no member.
    pub committer: Option<u32>,
    /// Whether the own member makes the commit.
    pub is_own: bool,
    /// The proposals, and whether each stands in the commit itself.
    pub proposals: Vec<(ProposalView, bool)>,
    /// Whether the committer's new leaf keeps credential, signature key and extensions; `None` without a new
    /// leaf.
    pub keeps_leaf: Option<bool>,
}

/// The effect of a commit that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitEffect {
    /// The leaf of the committer.
    pub committer: u32,
    /// The devices that come in, and why they may.
    pub added: Vec<(MemberLeaf, AdmissionReason)>,
    /// The leaves that go, and why they may be taken out.
    pub removed: Vec<(u32, RemovalReason)>,
    /// The context afterwards.
    pub context: RoomContext,
}

/// The reason for which a leaf may be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalReason {
    /// The roster has not listed the device as active, with the leaf's user and member key, for 2 s.
    Absent,
    /// An admin has put it out.
    Barred,
    /// The same commit adds the device anew.
    AddedAnew,
}

/// The reason for which a commit is not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitRefusal {
    /// Its committer is no member.
    #[error("it is from somebody outside of the group")]
    Outsider,
    /// A proposal stands outside of the commit.
    #[error("it has a proposal by reference")]
    ByReference,
    /// A proposal is of a kind that commits do not have, or stands there twice.
    #[error("it has a proposal that commits do not have")]
    Proposal,
    /// It has not exactly one PSK of the link and the era.
    #[error("it lacks the key of the link")]
    Psk,
    /// The committer's new leaf has other claims.
    #[error("it changes the claims of its committer")]
    CommitterLeaf,
    /// A leaf does not parse.
    #[error("it adds a malformed leaf")]
    Leaf,
    /// The context does not hold.
    #[error("it changes the context: {0}")]
    Context(ContextError),
    /// A user id is no account of the room.
    #[error("it adds a user who is no account of the room")]
    Account,
    /// Two leaves have one demux id or one member key.
    #[error("two leaves have one device or one key")]
    Duplicate,
    /// A user has more devices than the call allows.
    #[error("a user has too many devices")]
    TooManyDevices,
    /// A device may not be in.
    #[error("it adds a device that may not be in: {0}")]
    Admission(AdmissionError),
    /// A device may not be taken out.
    #[error("it takes out a device that may stay")]
    Removal,
    /// Nobody comes or goes, and the context stays.
    #[error("it changes nothing")]
    Nothing,
}

/// Decides about a commit:
///
/// 1. It is from a member; by value it has Add, Remove, at most one GroupContextExtensions, exactly one
///    PreSharedKey with the id of the era, and nothing else; the committer keeps its claims.
/// 2. Each user who is added is an account; afterwards no two leaves have one demux id or one member key, and
///    no user has more leaves than devices are allowed.
/// 3. The context follows from statements of admins, and each device that is added may be in under it.
/// 4. Each leaf that goes is absent from the rosters, named by an admin's statement, or added anew by a later
///    leaf of its device.
/// 5. Something changes: a commit of nothing but keys can cheat those whom it is not for, and helps nobody.
///
/// # Errors
/// [`CommitRefusal`]: the first check that fails.
pub fn verdict(
    view: &GroupView,
    commit: &CommitView,
    surroundings: &Surroundings<'_>,
) -> Result<CommitEffect, CommitRefusal> {
    let committer = commit.committer.ok_or(CommitRefusal::Outsider)?;
    if !view.leaves.contains_key(&committer) {
        return Err(CommitRefusal::Outsider);
    }
    let parts = parts(commit, &view.context)?;
    if commit.keeps_leaf == Some(false) {
        return Err(CommitRefusal::CommitterLeaf);
    }
    let context = match parts.context {
        None => view.context.clone(),
        Some(context) => {
            context.verify().map_err(CommitRefusal::Context)?;
            let follows = context.follows(&view.context, surroundings.now);
            follows.map_err(CommitRefusal::Context)?;
            context
        }
    };
    let staying = view.leaves.iter();
    let staying = staying.filter(|(leaf, _)| !parts.removes.contains(leaf));
    let after = staying.map(|(_, leaf)| leaf).chain(&parts.adds);
    check_members(after, &parts.adds, surroundings)?;
    let mut added = Vec::with_capacity(parts.adds.len());
    for leaf in &parts.adds {
        let presence = view.presence(leaf, commit.is_own);
        let (claim, now) = (leaf.claim(), surroundings.now);
        let reason = match commit.is_own {
            true => context.may_add(&claim, presence, now),
            false => context.admits(&claim, presence, now),
        };
        added.push((leaf.clone(), reason.map_err(CommitRefusal::Admission)?));
    }
    let mut removed = Vec::with_capacity(parts.removes.len());
    for leaf in &parts.removes {
        let gone = view.leaves.get(leaf).ok_or(CommitRefusal::Removal)?;
        let reason = removal_reason(gone, &parts.adds, &context, surroundings);
        removed.push((*leaf, reason.ok_or(CommitRefusal::Removal)?));
    }
    if added.is_empty() && removed.is_empty() && context == view.context {
        return Err(CommitRefusal::Nothing);
    }
    Ok(CommitEffect {
        committer,
        added,
        removed,
        context,
    })
}

/// Decides about a group that a newcomer was welcomed into: every leaf of the tree, and the context, which
/// must be that of the newcomer's link with no older policy than the newcomer knows.
///
/// # Errors
/// [`CommitRefusal`]: the first check that fails.
pub fn verdict_of_newcomer(
    view: &GroupView,
    surroundings: &Surroundings<'_>,
) -> Result<BTreeMap<u32, AdmissionReason>, CommitRefusal> {
    let leaves: Vec<&MemberLeaf> = view.leaves.values().collect();
    check_members(leaves.iter().copied(), leaves.iter().copied(), surroundings)?;
    let admissions = leaves.iter().map(|leaf| &leaf.admission);
    let signed = view.context.signed_approvals(admissions);
    let mut reasons = BTreeMap::new();
    for (index, leaf) in &view.leaves {
        let claim = leaf.claim();
        let admitted = view
            .context
            .admits_of(&signed, &claim, Presence::Present, surroundings.now);
        reasons.insert(*index, admitted.map_err(CommitRefusal::Admission)?);
    }
    Ok(reasons)
}

struct Parts {
    adds: Vec<MemberLeaf>,
    removes: BTreeSet<u32>,
    context: Option<RoomContext>,
}

/// The first check: the parts of a commit.
fn parts(commit: &CommitView, before: &RoomContext) -> Result<Parts, CommitRefusal> {
    let mut parts = Parts {
        adds: Vec::new(),
        removes: BTreeSet::new(),
        context: None,
    };
    let mut psks = 0;
    for (proposal, by_value) in &commit.proposals {
        if !by_value {
            return Err(CommitRefusal::ByReference);
        }
        match proposal {
            ProposalView::Add(leaf) => {
                parts.adds.push(leaf.clone().ok_or(CommitRefusal::Leaf)?);
            }
            ProposalView::Remove(leaf) => {
                if !parts.removes.insert(*leaf) {
                    return Err(CommitRefusal::Proposal);
                }
            }
            ProposalView::Context(context) => {
                let malformed = CommitRefusal::Context(ContextError::Malformed);
                let context = context.clone().ok_or(malformed)?;
                if parts.context.replace(context).is_some() {
                    return Err(CommitRefusal::Proposal);
                }
            }
            ProposalView::Psk(id) if id.as_deref() == Some(&EraPsk::id(before.era())) => psks += 1,
            ProposalView::Psk(_) => return Err(CommitRefusal::Psk),
            ProposalView::Other => return Err(CommitRefusal::Proposal),
        }
    }
    if psks == 1 {
        Ok(parts)
    } else {
        Err(CommitRefusal::Psk)
    }
}

/// The second check: accounts, devices and keys of the leaves afterwards.
fn check_members<'l>(
    after: impl Iterator<Item = &'l MemberLeaf>,
    added: impl IntoIterator<Item = &'l MemberLeaf>,
    surroundings: &Surroundings<'_>,
) -> Result<(), CommitRefusal> {
    if !added
        .into_iter()
        .all(|leaf| (surroundings.is_account)(&leaf.user))
    {
        return Err(CommitRefusal::Account);
    }
    let mut devices: BTreeSet<DemuxId> = BTreeSet::new();
    let mut keys: BTreeSet<[u8; 32]> = BTreeSet::new();
    let mut users: BTreeMap<&OpaqueUserId, usize> = BTreeMap::new();
    for leaf in after {
        let key = *MemberPublicKey::as_bytes(&leaf.member_key);
        if !devices.insert(leaf.demux_id) || !keys.insert(key) {
            return Err(CommitRefusal::Duplicate);
        }
        let number = users.entry(&leaf.user).or_default();
        *number += 1;
        if *number > surroundings.max_devices {
            return Err(CommitRefusal::TooManyDevices);
        }
    }
    Ok(())
}

/// The fourth check: the reason for which a leaf may be taken out.
fn removal_reason(
    gone: &MemberLeaf,
    added: &[MemberLeaf],
    context: &RoomContext,
    surroundings: &Surroundings<'_>,
) -> Option<RemovalReason> {
    if context.is_barred(&gone.claim(), surroundings.now) {
        return Some(RemovalReason::Barred);
    }
    if added.iter().any(|leaf| leaf.succeeds(gone)) {
        return Some(RemovalReason::AddedAnew);
    }
    let is_gone = surroundings.roster.is_gone(gone, surroundings.moment);
    is_gone.then_some(RemovalReason::Absent)
}
