//! The index of the zkparams of links that were stored before the index existed.

use anteroom_store::RoomsStorageKeys;

use super::row::{self, link_columns};
use crate::{error::Result, file::KeyedTransaction, statement::Statement as _};

/// Adds the [`RoomsStorageKeys::zkparams_index`] of links without one. Of several links with the
/// same zkparams one gets the index. A row that cannot be unsealed gets none.
pub(super) async fn index(keyed: &mut KeyedTransaction) -> Result<u64> {
    const SELECT: &str = concat!(
        "SELECT ",
        link_columns!(),
        " FROM call_links WHERE zkparams_index IS NULL"
    );
    let keys = RoomsStorageKeys::of(&keyed.keyring);
    let rows = sqlx::query(SELECT).rows(&mut keyed.transaction).await?;
    let mut indexed = 0;
    for row in &rows {
        let sealed = row::link(row)?;
        let Ok(link) = sealed.open(&keyed.keyring) else {
            continue;
        };
        indexed += sqlx::query(
            "UPDATE OR IGNORE call_links SET zkparams_index = ?2 WHERE room_index = ?1",
        )
        .bind(sealed.index.as_bytes().to_vec())
        .bind(keys.zkparams_index(&link.zkparams).as_bytes().to_vec())
        .changes(&mut keyed.transaction)
        .await?;
    }
    Ok(indexed)
}
