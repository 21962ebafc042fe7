//! The tables of static points, which make their multiples fast.

use crate::uid::UID_DOMAIN;

/// Returns the bytes of all tables of static points together. In addition, server params in use have tables
/// of 40 KiB for each kind of credential that is presented.
#[must_use]
pub fn static_table_bytes() -> usize {
    anteroom_kvac::static_table_bytes() + UID_DOMAIN.table_bytes()
}
