//! The verification words that a person looks at.

use anteroom_e2ee::VerificationWord;
use anteroom_protocol::{GroupEpoch, Timestamp};

use crate::event::MemberStatus;

/// The verification words of an epoch, frozen with their time and the members.
#[derive(Clone, Debug)]
pub struct ShownWords {
    /// The epoch.
    pub epoch: GroupEpoch,
    /// The time at which they were computed.
    pub time: Timestamp,
    /// The words.
    pub words: [VerificationWord; 6],
    /// The members in the epoch.
    pub members: Vec<MemberStatus>,
}
