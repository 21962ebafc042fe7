//! The goals of media.

/// Returns the maximum CPU time for a packet as a part of Janus'.
pub(super) const fn share_of_janus(estimation: bool) -> f64 {
    if estimation { 0.45 } else { 0.4 }
}

/// The maximum CPU time for a packet as a multiple of the floor, without estimation.
pub(super) const FLOORS: f64 = 5.0;

/// The bytes of memory that a participant has less than, from this number of publishers on.
pub(super) const BYTES: u64 = 1_200_000;
pub(super) const PUBLISHERS: u32 = 10;

/// The 99th percentile of delays at half of the load that a core carries, in milliseconds.
pub(super) const DELAY_AT_HALF_LOAD: f64 = 6.0;
