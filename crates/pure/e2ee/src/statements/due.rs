//! The times from which statements count that can be of a later time than a clock shows.

use anteroom_protocol::Timestamp;

use crate::{MemberPublicKey, Signer, time::CLOCK_TOLERANCE};

/// Returns the time from which a device takes a statement of this time from others, commits it, and starts groups
/// with it. Members merge one that is up to [`CLOCK_TOLERANCE`] ahead; one of a co-admin has to be half as near,
/// so that they merge by their clocks what a device makes by its own. That of the co-admin with the member key
/// `own`, whose device it is, has not.
pub(super) fn due_from(
    signer: &Signer,
    time: Timestamp,
    own: Option<&MemberPublicKey>,
) -> Timestamp {
    let tolerance = match signer {
        Signer::CoAdmin(key) if Some(key) != own => CLOCK_TOLERANCE / 2,
        Signer::Admin | Signer::CoAdmin(_) => CLOCK_TOLERANCE,
    };
    time.minus(tolerance)
}

/// Returns the time from which a device that knows a statement of this time enters no group that lacks it. It is
/// later than [`due_from`] for one of a co-admin: a device demands by its clock what others have by theirs.
pub(super) fn demanded_from(signer: &Signer, time: Timestamp) -> Timestamp {
    let tolerance = match signer {
        Signer::Admin => CLOCK_TOLERANCE,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE / 4,
    };
    time.minus(tolerance)
}
