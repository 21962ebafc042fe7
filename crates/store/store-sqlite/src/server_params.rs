//! The table `server_params`, which both services have.

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    DamagedServerParams, KeyOwner, ServerParamsKind, ServerParamsReader, ServerParamsRecord,
    ServerParamsRepository, StoreError, StoredServerParams, sealed::SealedServerParams,
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    database::{Schema, SqliteTransaction},
    error::{Result, store_error},
    row::{array, invalid, optional_timestamp, sealed, seconds, timestamp},
    statement::Statement as _,
};

const SERVER_PARAMS: &str = "server_params";

#[async_trait]
impl<S: Schema> ServerParamsReader for SqliteTransaction<S> {
    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>> {
        self.select()
            .await?
            .iter()
            .map(|row| server_params(row)?.open(&self.keyring))
            .collect()
    }

    async fn stored_server_params(&mut self) -> Result<StoredServerParams> {
        let rows = self.select().await?;
        let mut stored = StoredServerParams::default();
        for row in &rows {
            match server_params(row).and_then(|sealed| sealed.open(&self.keyring)) {
                Ok(record) => stored.readable.push(record),
                Err(_) => stored.damaged.push(damaged(row)),
            }
        }
        Ok(stored)
    }
}

#[async_trait]
impl<S: Schema> ServerParamsRepository for SqliteTransaction<S> {
    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        const INSERT: &str = "INSERT INTO server_params
             (params_id, kind, not_before, not_after, secret)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (params_id) DO NOTHING";
        if !self.write(INSERT, record, rng).await? {
            return Err(StoreError::ServerParamsExist);
        }
        Ok(())
    }

    async fn end_server_params(&mut self, id: ParamsId, not_after: Timestamp) -> Result<bool> {
        // Params whose time has not begun never become valid.
        sqlx::query(
            "UPDATE server_params SET not_after = max(not_before, ?1)
             WHERE params_id = ?2 AND (not_after IS NULL OR not_after > max(not_before, ?1))",
        )
        .bind(seconds(not_after, SERVER_PARAMS, "not_after")?)
        .bind(id.as_bytes().as_slice())
        .changed(&mut self.transaction)
        .await
    }
}

impl<S: Schema> SqliteTransaction<S> {
    pub(super) async fn overwrite_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        const UPDATE: &str = "UPDATE server_params
             SET kind = ?2, not_before = ?3, not_after = ?4, secret = ?5 WHERE params_id = ?1";
        self.write(UPDATE, record, rng).await
    }

    async fn select(&mut self) -> Result<Vec<SqliteRow>> {
        sqlx::query(
            "SELECT params_id, kind, not_before, not_after, secret FROM server_params
             ORDER BY not_before, params_id",
        )
        .rows(&mut self.transaction)
        .await
    }

    /// Executes a statement with the values of a row in the order of the columns. Returns whether a
    /// row changed.
    async fn write(
        &mut self,
        statement: &'static str,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        if self.keyring.owner() == KeyOwner::Rooms && !record.kind.is_shared() {
            return Err(invalid(SERVER_PARAMS, "kind"));
        }
        let sealed = SealedServerParams::seal(record, &self.keyring, rng)?;
        let not_before = seconds(sealed.not_before, SERVER_PARAMS, "not_before")?;
        let not_after = sealed
            .not_after
            .map(|moment| seconds(moment, SERVER_PARAMS, "not_after"))
            .transpose()?;
        sqlx::query(statement)
            .bind(sealed.id.as_bytes().as_slice())
            .bind(sealed.kind.as_str())
            .bind(not_before)
            .bind(not_after)
            .bind(sealed.secret.as_bytes())
            .changed(&mut self.transaction)
            .await
    }
}

fn damaged(row: &SqliteRow) -> DamagedServerParams {
    let kind: Option<&str> = row.try_get("kind").ok();
    DamagedServerParams {
        id: array(row, SERVER_PARAMS, "params_id")
            .map(ParamsId::from_bytes)
            .ok(),
        kind: kind.and_then(ServerParamsKind::from_word),
        not_after: optional_timestamp(row, SERVER_PARAMS, "not_after")
            .ok()
            .flatten(),
    }
}

fn server_params(row: &SqliteRow) -> Result<SealedServerParams> {
    let kind: &str = row.try_get("kind").map_err(store_error)?;
    Ok(SealedServerParams {
        id: ParamsId::from_bytes(array(row, SERVER_PARAMS, "params_id")?),
        kind: ServerParamsKind::from_word(kind).ok_or(invalid(SERVER_PARAMS, "kind"))?,
        not_before: timestamp(row, SERVER_PARAMS, "not_before")?,
        not_after: optional_timestamp(row, SERVER_PARAMS, "not_after")?,
        secret: sealed(row, "secret")?,
    })
}
