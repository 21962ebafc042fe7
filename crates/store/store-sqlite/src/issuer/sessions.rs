//! Sessions and their refresh tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, RotateOutcome, Session, SessionCaller, SessionId, SessionReader, SessionRepository,
    StoreError, TokenHash,
};
use async_trait::async_trait;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    row::{self, account_columns, device_columns, device_id},
    schema::IssuerTransaction,
};
use crate::{
    error::{Result, store_error},
    row::{array, optional_timestamp, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "sessions";
const TOKENS: &str = "refresh_tokens";

/// The select list that [`session`] reads, beside that of the account.
macro_rules! session_columns {
    () => {
        "sessions.session_id, sessions.device_id AS session_device, sessions.remember, \
         sessions.created AS session_created, sessions.expires AS session_expires"
    };
}

#[async_trait]
impl SessionReader for IssuerTransaction {
    async fn session_caller(&mut self, id: &SessionId) -> Result<Option<SessionCaller>> {
        const SELECT: &str = concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            account_columns!(),
            ", ",
            device_columns!(),
            " FROM sessions
                 JOIN accounts USING (account_index)
                 JOIN devices ON devices.account_index = sessions.account_index
                     AND devices.device_id = sessions.device_id
             WHERE sessions.session_id = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(id.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| {
            let account = row::account(&row)?.open(&self.keyring)?;
            Ok(SessionCaller {
                session: session(&row, account.aci)?,
                account,
                device: row::device(&row)?.open(&self.keyring)?,
            })
        })
        .transpose()
    }

    async fn sessions(&mut self, aci: &Aci, now: Timestamp) -> Result<Vec<Session>> {
        const SELECT: &str = concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions WHERE account_index = ? AND expires > ? ORDER BY created, session_id"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .bind(seconds(now, TABLE, "expires")?)
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(|row| session(row, *aci))
            .collect()
    }

    async fn known_device(&mut self, token: &TokenHash) -> Result<Option<(Aci, DeviceId)>> {
        const SELECT: &str = concat!(
            "SELECT known_devices.device_id, ",
            account_columns!(),
            " FROM known_devices JOIN accounts USING (account_index)
             WHERE known_devices.token_hash = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(token.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| {
            let account = row::account(&row)?.open(&self.keyring)?;
            Ok((account.aci, device_id(&row, "known_devices", "device_id")?))
        })
        .transpose()
    }
}

#[async_trait]
impl SessionRepository for IssuerTransaction {
    async fn add_session(&mut self, session: &Session, token: &TokenHash) -> Result<()> {
        sqlx::query(
            "INSERT INTO sessions (session_id, account_index, device_id, remember, created, expires)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(session.id.as_bytes().as_slice())
        .bind(self.account_index(&session.aci))
        .bind(i64::from(session.device.as_u32()))
        .bind(session.remember)
        .bind(seconds(session.created, TABLE, "created")?)
        .bind(seconds(session.expires, TABLE, "expires")?)
        .changes_referring(&mut self.transaction, StoreError::DeviceMissing)
        .await?;
        self.add_refresh_token(session, token).await
    }

    /// Exchanges a refresh token. The request that marks the token as used gets the session. A
    /// repetition within `grace` gets the same session and successor. A later repetition ends the
    /// session.
    async fn rotate_refresh_token(
        &mut self,
        used: &TokenHash,
        next: &TokenHash,
        now: Timestamp,
        (short, long): (Timestamp, Timestamp),
        grace: u64,
    ) -> Result<RotateOutcome> {
        let marked = sqlx::query(
            "UPDATE refresh_tokens SET used = ?2 WHERE token_hash = ?1 AND used IS NULL
                 AND EXISTS (SELECT 1 FROM sessions
                     WHERE sessions.session_id = refresh_tokens.session_id AND sessions.expires > ?2)",
        )
        .bind(used.as_bytes().as_slice())
        .bind(seconds(now, TOKENS, "used")?)
        .changes(&mut self.transaction)
        .await?;
        let Some((mut session, use_before)) = self.session_of_token(used).await? else {
            return Ok(RotateOutcome::Unknown);
        };
        if marked == 0 {
            let Some(moment) = use_before else {
                return Ok(RotateOutcome::Expired);
            };
            // Checks both directions, because the clock may have been set back since.
            let is_late = moment.plus(grace) < now || now.plus(grace) < moment;
            if !is_late && now < session.expires && self.has_token(&session.id, next).await? {
                return Ok(RotateOutcome::Repeated(session, moment));
            }
            self.end_session(&session.id).await?;
            self.forget_known_device(&session).await?;
            return Ok(RotateOutcome::Reused(session));
        }
        session.expires = if session.remember { long } else { short };
        self.extend_session(&session.id, session.expires).await?;
        self.add_refresh_token(&session, next).await?;
        Ok(RotateOutcome::Rotated(session))
    }

    async fn extend_session(&mut self, id: &SessionId, expires: Timestamp) -> Result<bool> {
        sqlx::query("UPDATE sessions SET expires = ? WHERE session_id = ?")
            .bind(seconds(expires, TABLE, "expires")?)
            .bind(id.as_bytes().as_slice())
            .changed(&mut self.transaction)
            .await
    }

    async fn end_session(&mut self, id: &SessionId) -> Result<bool> {
        sqlx::query("DELETE FROM sessions WHERE session_id = ?")
            .bind(id.as_bytes().as_slice())
            .changed(&mut self.transaction)
            .await
    }

    async fn end_session_of(&mut self, token: &TokenHash) -> Result<Option<Session>> {
        let Some((session, _)) = self.session_of_token(token).await? else {
            return Ok(None);
        };
        self.end_session(&session.id).await?;
        Ok(Some(session))
    }

    async fn end_sessions(&mut self, aci: &Aci) -> Result<u64> {
        sqlx::query("DELETE FROM sessions WHERE account_index = ?")
            .bind(self.account_index(aci))
            .changes(&mut self.transaction)
            .await
    }
}

impl IssuerTransaction {
    /// Returns the session of a token, and the time at which the token was used.
    async fn session_of_token(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<(Session, Option<Timestamp>)>> {
        const SELECT: &str = concat!(
            "SELECT refresh_tokens.used, ",
            session_columns!(),
            ", ",
            account_columns!(),
            " FROM refresh_tokens
                 JOIN sessions USING (session_id)
                 JOIN accounts USING (account_index)
             WHERE refresh_tokens.token_hash = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(token.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| {
            let account = row::account(&row)?.open(&self.keyring)?;
            let used = optional_timestamp(&row, TOKENS, "used")?;
            Ok((session(&row, account.aci)?, used))
        })
        .transpose()
    }

    async fn has_token(&mut self, id: &SessionId, token: &TokenHash) -> Result<bool> {
        sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = ? AND session_id = ?)",
        )
        .bind(token.as_bytes().as_slice())
        .bind(id.as_bytes().as_slice())
        .scalar(&mut self.transaction)
        .await
    }

    /// Adds a token to a session. A device is known by the newest token of its session.
    async fn add_refresh_token(&mut self, session: &Session, token: &TokenHash) -> Result<()> {
        sqlx::query("INSERT INTO refresh_tokens (token_hash, session_id) VALUES (?, ?)")
            .bind(token.as_bytes().as_slice())
            .bind(session.id.as_bytes().as_slice())
            .changes(&mut self.transaction)
            .await?;
        sqlx::query(
            "INSERT INTO known_devices (account_index, device_id, token_hash) VALUES (?, ?, ?)
             ON CONFLICT (account_index, device_id) DO UPDATE SET token_hash = excluded.token_hash",
        )
        .bind(self.account_index(&session.aci))
        .bind(i64::from(session.device.as_u32()))
        .bind(token.as_bytes().as_slice())
        .changes(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// Removes the known device of a session whose token two clients have shown: either of them may
    /// have the newest token.
    async fn forget_known_device(&mut self, session: &Session) -> Result<()> {
        sqlx::query("DELETE FROM known_devices WHERE account_index = ? AND device_id = ?")
            .bind(self.account_index(&session.aci))
            .bind(i64::from(session.device.as_u32()))
            .changes(&mut self.transaction)
            .await?;
        Ok(())
    }
}

fn session(row: &SqliteRow, aci: Aci) -> Result<Session> {
    Ok(Session {
        id: SessionId::from_bytes(array(row, TABLE, "session_id")?),
        aci,
        device: device_id(row, TABLE, "session_device")?,
        remember: row.try_get("remember").map_err(store_error)?,
        created: timestamp(row, TABLE, "session_created")?,
        expires: timestamp(row, TABLE, "session_expires")?,
    })
}
