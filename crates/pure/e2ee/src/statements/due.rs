//! The times from which statements count that can be of a later time than a clock shows.

use anteroom_protocol::Timestamp;

use crate::{MemberPublicKey, Signer, time::CLOCK_TOLERANCE};

/// The time by which the clocks of members may differ, in seconds: they merge by their clocks what a device commits
/// by its own, and have by theirs what it demands by its own.
const MARGIN: u64 = 60;

/// The time by which entries of the admin key may be more than [`CLOCK_TOLERANCE`] ahead, in seconds, for devices to
/// commit them: removals within one second are each of a later one than the removal before.
const SERIES: u64 = 15;

/// Returns the time from which a device takes a barred entry of this time from others, commits it, and starts groups
/// with it: as [`due_from`], but for [`SERIES`].
pub(super) fn entry_due_from(
    signer: &Signer,
    time: Timestamp,
    own: Option<&MemberPublicKey>,
) -> Timestamp {
    let due = due_from(signer, time, own);
    match signer {
        Signer::Admin => due.minus(SERIES),
        Signer::CoAdmin(_) => due,
    }
}

/// Returns the latest time of a barred entry that the device of its signer commits at `now`.
pub(super) fn latest_entry(signer: &Signer, now: Timestamp) -> Timestamp {
    now.plus(match signer {
        Signer::Admin => CLOCK_TOLERANCE + SERIES,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE - MARGIN,
    })
}

/// Returns the time from which a device takes a statement of this time from others, commits it, and starts groups
/// with it. Members merge one of the admin key that is up to [`MARGIN`] more ahead. So what an admin's client signs it
/// commits at once: a policy is to come with the entry that it goes with. One of a co-admin is taken by half of the
/// tolerance, but for that of the co-admin with the member key `own`, whose device it is, by [`MARGIN`] less.
pub(super) fn due_from(
    signer: &Signer,
    time: Timestamp,
    own: Option<&MemberPublicKey>,
) -> Timestamp {
    let tolerance = match signer {
        Signer::Admin => CLOCK_TOLERANCE,
        Signer::CoAdmin(key) if Some(key) != own => CLOCK_TOLERANCE / 2,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE - MARGIN,
    };
    time.minus(tolerance)
}

/// Returns whether a statement of this time is of a later one than members merge at `now`.
pub(super) fn is_early(signer: &Signer, time: Timestamp, now: Timestamp) -> bool {
    let tolerance = match signer {
        Signer::Admin => CLOCK_TOLERANCE + MARGIN,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE,
    };
    time > now.plus(tolerance)
}

/// Returns the time from which a device adds by an approval that was issued at this time. Members merge one that is up
/// to [`CLOCK_TOLERANCE`] ahead, so it is by [`MARGIN`] nearer; one of a co-admin by half of the tolerance.
pub(super) fn added_from(signer: &Signer, issued: Timestamp) -> Timestamp {
    let tolerance = match signer {
        Signer::Admin => CLOCK_TOLERANCE - MARGIN,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE / 2,
    };
    issued.minus(tolerance)
}

/// Returns the time at which an approval, or a policy that asks for none, has to hold yet for a device to add by it at
/// `now`: members with other clocks merge it, and newcomers look at it after that.
pub(crate) const fn holds_until(now: Timestamp) -> Timestamp {
    now.plus(CLOCK_TOLERANCE)
}

/// Returns the time at which an approval must have ended for a device to take somebody out at `now` whom it let in
/// again: members with other clocks merge it.
pub(crate) const fn ended_by(now: Timestamp) -> Timestamp {
    now.minus(MARGIN)
}

/// Returns the time from which a device that knows a statement of this time enters no group that lacks it. It is
/// later than [`due_from`]: a device demands by its clock what others have by theirs.
pub(super) fn demanded_from(signer: &Signer, time: Timestamp) -> Timestamp {
    let tolerance = match signer {
        Signer::Admin => CLOCK_TOLERANCE - 2 * MARGIN,
        Signer::CoAdmin(_) => CLOCK_TOLERANCE / 4,
    };
    time.minus(tolerance)
}
