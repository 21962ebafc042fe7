//! The table `calls`.

use std::num::NonZeroU32;

use anteroom_protocol::{EraId, Timestamp};
use anteroom_store::{
    BlindIndex, CallCursor, CallKey, CallPage, CallReader, CallRecord, CallRepository, NodeName,
};
use async_trait::async_trait;

use super::{
    row::{self, call_columns, live_call},
    schema::RoomsTransaction,
};
use crate::{error::Result, row::seconds, statement::Statement as _};

#[async_trait]
impl CallReader for RoomsTransaction {
    async fn call(&mut self, key: &CallKey, now: Timestamp) -> Result<Option<CallRecord>> {
        const SELECT: &str = concat!(
            "SELECT ",
            call_columns!(),
            " FROM calls WHERE call_index = ?2 AND ",
            live_call!()
        );
        sqlx::query(SELECT)
            .bind(moment(now)?)
            .bind(self.call_index(key).as_bytes().to_vec())
            .optional_row(&mut self.transaction)
            .await?
            .map(|row| row::call(&row)?.open(&self.keyring))
            .transpose()
    }

    async fn calls_of_node(&mut self, node: &NodeName) -> Result<Vec<CallRecord>> {
        const SELECT: &str = concat!("SELECT ", call_columns!(), " FROM calls WHERE node = ?");
        sqlx::query(SELECT)
            .bind(node.as_str())
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(|row| row::call(row)?.open(&self.keyring))
            .collect()
    }

    async fn lapsed_calls(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<Vec<CallRecord>> {
        const SELECT: &str = concat!(
            "SELECT ",
            call_columns!(),
            " FROM calls WHERE lease_until <= ?1 ORDER BY lease_until LIMIT ?2"
        );
        sqlx::query(SELECT)
            .bind(moment(now)?)
            .bind(i64::from(limit.get()))
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(|row| row::call(row)?.open(&self.keyring))
            .collect()
    }

    async fn calls(&mut self, after: Option<CallCursor>, limit: NonZeroU32) -> Result<CallPage> {
        const SELECT: &str = concat!(
            "SELECT ",
            call_columns!(),
            " FROM calls WHERE call_index > ?1 ORDER BY call_index LIMIT ?2"
        );
        let after = after.map_or_else(Vec::new, |cursor| cursor.index().as_bytes().to_vec());
        let sealed = sqlx::query(SELECT)
            .bind(after)
            .bind(i64::from(limit.get()))
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(row::call)
            .collect::<Result<Vec<_>, _>>()?;
        let is_full = u32::try_from(sealed.len()).is_ok_and(|length| length == limit.get());
        Ok(CallPage {
            next: sealed
                .last()
                .filter(|_| is_full)
                .map(|call| CallCursor::after(call.index)),
            calls: sealed
                .iter()
                .map(|call| call.open(&self.keyring))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[async_trait]
impl CallRepository for RoomsTransaction {
    async fn renew_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        node: &NodeName,
        lease_until: Timestamp,
    ) -> Result<bool> {
        sqlx::query(
            "UPDATE calls SET lease_until = ?1 WHERE call_index = ?2 AND era_id = ?3 AND node = ?4",
        )
        .bind(moment(lease_until)?)
        .bind(self.call_index(key).as_bytes().to_vec())
        .bind(era.as_bytes().as_slice())
        .bind(node.as_str())
        .changed(&mut self.transaction)
        .await
    }

    async fn end_era(&mut self, key: &CallKey, era: EraId) -> Result<bool> {
        sqlx::query("DELETE FROM calls WHERE call_index = ? AND era_id = ?")
            .bind(self.call_index(key).as_bytes().to_vec())
            .bind(era.as_bytes().as_slice())
            .changed(&mut self.transaction)
            .await
    }

    async fn trim_leases(&mut self, latest: Timestamp) -> Result<u64> {
        sqlx::query("UPDATE calls SET lease_until = ?1 WHERE lease_until > ?1")
            .bind(moment(latest)?)
            .changes(&mut self.transaction)
            .await
    }

    async fn remove_lapsed_calls(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<u64> {
        sqlx::query(
            "DELETE FROM calls WHERE call_index IN (
                 SELECT call_index FROM calls WHERE lease_until <= ?1 ORDER BY lease_until LIMIT ?2)",
        )
        .bind(moment(now)?)
        .bind(i64::from(limit.get()))
        .changes(&mut self.transaction)
        .await
    }
}

impl RoomsTransaction {
    /// Removes the record of a room, of any era.
    pub(super) async fn remove_call(&mut self, call: BlindIndex) -> Result<()> {
        sqlx::query("DELETE FROM calls WHERE call_index = ?")
            .bind(call.as_bytes().to_vec())
            .changes(&mut self.transaction)
            .await
            .map(drop)
    }

    /// Removes the record of a room if its lease is over. Its node could otherwise still renew the
    /// call, and it would return under another link or other restrictions than it knows.
    pub(super) async fn remove_lapsed_call(
        &mut self,
        call: BlindIndex,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("DELETE FROM calls WHERE call_index = ?1 AND lease_until <= ?2")
            .bind(call.as_bytes().to_vec())
            .bind(moment(now)?)
            .changes(&mut self.transaction)
            .await
            .map(drop)
    }
}

fn moment(now: Timestamp) -> Result<i64> {
    seconds(now, "calls", "lease_until")
}
