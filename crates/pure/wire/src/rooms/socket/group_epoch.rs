//! The epoch of a group in messages of both directions.

use anteroom_protocol::GroupEpoch;
use serde::{Deserialize, Serialize};

/// An epoch of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupEpochBody {
    /// The number of the group in its era, from 1; 0 until one has started.
    pub group: u32,
    /// The epoch of the group.
    pub epoch: u64,
}

impl From<GroupEpoch> for GroupEpochBody {
    fn from(GroupEpoch { group, epoch }: GroupEpoch) -> Self {
        Self { group, epoch }
    }
}

impl From<GroupEpochBody> for GroupEpoch {
    fn from(GroupEpochBody { group, epoch }: GroupEpochBody) -> Self {
        Self { group, epoch }
    }
}
