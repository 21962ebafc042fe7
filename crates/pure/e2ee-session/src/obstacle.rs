//! The reasons for which a device is in no group, as far as its person was told.

use anteroom_e2ee::AdmissionError;
use anteroom_protocol::DemuxId;

/// A reason for which a device neither asks to be added nor starts a group, or would start it in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It may not be in.
    Admission(AdmissionError),
    /// This device of the same user and member key is in the call already.
    Elsewhere(DemuxId),
}
