//! The memory of static tables.

use anteroom_protocol::static_table_bytes;

#[test]
fn static_tables_take_less_than_two_mebibytes() {
    let bytes = static_table_bytes();
    assert!(bytes < 2 << 20, "{bytes} bytes");
    // 15 points have a table, one of them the basepoint; 20 are prepared for sums.
    assert!(bytes >= 15 * 30_000 + 20 * 10_000, "{bytes} bytes");
}
