//! Changes of a group: the wish of a member, the messages to send, and the effect.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::{DemuxId, redacted_debug};

use super::{applicant::Applicant, verdict::CommitEffect};
use crate::{ContextChange, EpochKey, GroupEpoch};

/// The maximum number of devices that one commit adds. A commit of 32 devices with the longest leaves has 39 KB
/// in a group of 97, and the Welcome 96 KB; alone, a Welcome of 112 KiB holds a tree of 119 such leaves.
pub const MAX_ADDS: usize = 32;

/// A change that a member wants to commit.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// The devices to add, at most [`MAX_ADDS`].
    pub add: Vec<Applicant>,
    /// The leaves to take out.
    pub remove: BTreeSet<u32>,
    /// Statements that change the context.
    pub context: ContextChange,
}

/// A commit to be sent to the room service.
#[derive(Clone)]
pub struct OutgoingCommit {
    /// The epoch that it ends.
    pub epoch: GroupEpoch,
    /// The sealed commit.
    pub body: Vec<u8>,
    /// The devices that it adds, and the sealed Welcome for them.
    pub welcome: Option<(Vec<DemuxId>, Vec<u8>)>,
}

redacted_debug!(OutgoingCommit);

/// The new epoch of a group after a commit.
#[derive(Debug)]
pub struct EpochChange {
    /// The effect of the commit.
    pub effect: CommitEffect,
    /// Whether this member made the commit.
    pub is_own: bool,
    /// The frames of the new epoch; `None` if this member was taken out.
    pub frames: Option<EpochFrames>,
}

/// The keys and leaves of an epoch, for the frames.
#[derive(Clone, Debug)]
pub struct EpochFrames {
    /// The key.
    pub key: EpochKey,
    /// The own leaf.
    pub own_leaf: u32,
    /// The leaves.
    pub leaves: BTreeSet<u32>,
    /// The devices of the leaves, by which a frame of this epoch tells whose it is: a leaf can be another device's in
    /// the next epoch.
    pub devices: BTreeMap<u32, DemuxId>,
    /// The leaves that are the same devices as in the epoch before.
    pub stayed: BTreeSet<u32>,
    /// Whether somebody came in with this epoch.
    pub has_new_members: bool,
}
