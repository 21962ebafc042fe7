//! Sessions and their refresh tokens.

use anteroom_protocol::{Aci, DAY, Timestamp};
use anteroom_store::{
    DeviceId, RotateOutcome, Session, SessionCaller, SessionId, StoreError, TokenHash,
};
use sqlx::{Row, sqlite::SqliteRow};

use crate::sqlite::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns, device_columns},
    },
    row::{array, invalid, number, seconds, timestamp},
};

const TABLE: &str = "sessions";
/// A used token is remembered for so long, to notice that somebody else shows it: for as long as
/// any session lasts without being used. In seconds.
const USED_KEPT: u64 = 30 * DAY;

/// The select list that [`session`] reads, beside that of the account.
macro_rules! session_columns {
    () => {
        "sessions.session_id, sessions.device_id AS session_device, sessions.remember, \
         sessions.created AS session_created, sessions.expires AS session_expires"
    };
}

fn session(row: &SqliteRow, aci: Aci) -> Result<Session, StoreError> {
    let device = DeviceId::new(number(row, TABLE, "session_device")?);
    Ok(Session {
        id: SessionId::from_bytes(array(row, TABLE, "session_id")?),
        aci,
        device: device.ok_or(invalid(TABLE, "device_id"))?,
        remember: row.try_get("remember").map_err(store_error)?,
        created: timestamp(row, TABLE, "session_created")?,
        expires: timestamp(row, TABLE, "session_expires")?,
    })
}

pub(super) async fn caller(
    repository: &mut SqliteRepository,
    id: &SessionId,
) -> Result<Option<SessionCaller>, StoreError> {
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
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    row.map(|row| {
        let account = row::account(&row)?.open(&repository.keyring)?;
        Ok(SessionCaller {
            session: session(&row, account.aci)?,
            account,
            device: row::device(&row)?.open(&repository.keyring)?,
        })
    })
    .transpose()
}

pub(super) async fn add(
    repository: &mut SqliteRepository,
    session: &Session,
    token: &TokenHash,
) -> Result<(), StoreError> {
    let added = sqlx::query(
        "INSERT INTO sessions (session_id, account_index, device_id, remember, created, expires)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.as_bytes().as_slice())
    .bind(repository.account_index(&session.aci))
    .bind(i64::from(session.device.as_u32()))
    .bind(session.remember)
    .bind(seconds(session.created, TABLE, "created")?)
    .bind(seconds(session.expires, TABLE, "expires")?)
    .execute(&mut repository.transaction)
    .await;
    match added {
        Ok(_) => add_token(repository, &session.id, token).await,
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(StoreError::DeviceMissing)
        }
        Err(error) => Err(store_error(error)),
    }
}

/// Who marks the token as used has the session; all who come later end it.
pub(super) async fn rotate(
    repository: &mut SqliteRepository,
    used: &TokenHash,
    next: &TokenHash,
    now: Timestamp,
    short: Timestamp,
    long: Timestamp,
) -> Result<RotateOutcome, StoreError> {
    let marked = sqlx::query(
        "UPDATE refresh_tokens SET used = ?2 WHERE token_hash = ?1 AND used IS NULL
             AND EXISTS (SELECT 1 FROM sessions
                 WHERE sessions.session_id = refresh_tokens.session_id AND sessions.expires > ?2)",
    )
    .bind(used.as_bytes().as_slice())
    .bind(seconds(now, "refresh_tokens", "used")?)
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?
    .rows_affected();
    let Some((mut session, was_used)) = of_token(repository, used).await? else {
        return Ok(RotateOutcome::Unknown);
    };
    if marked == 0 {
        if !was_used {
            return Ok(RotateOutcome::Expired);
        }
        end(repository, &session.id).await?;
        return Ok(RotateOutcome::Reused(session));
    }
    session.expires = if session.remember { long } else { short };
    sqlx::query("UPDATE sessions SET expires = ? WHERE session_id = ?")
        .bind(seconds(session.expires, TABLE, "expires")?)
        .bind(session.id.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    add_token(repository, &session.id, next).await?;
    Ok(RotateOutcome::Rotated(session))
}

pub(super) async fn end(
    repository: &mut SqliteRepository,
    id: &SessionId,
) -> Result<bool, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE session_id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(ended.rows_affected() > 0)
}

pub(super) async fn end_of(
    repository: &mut SqliteRepository,
    token: &TokenHash,
) -> Result<Option<Session>, StoreError> {
    let Some((session, _)) = of_token(repository, token).await? else {
        return Ok(None);
    };
    end(repository, &session.id).await?;
    Ok(Some(session))
}

pub(super) async fn end_all(
    repository: &mut SqliteRepository,
    aci: &Aci,
) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE account_index = ?")
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(ended.rows_affected())
}

pub(super) async fn purge(
    repository: &mut SqliteRepository,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut purged = 0;
    for (statement, before) in [
        ("DELETE FROM sessions WHERE expires <= ?", now),
        (
            "DELETE FROM refresh_tokens WHERE used <= ?",
            now.minus(USED_KEPT),
        ),
    ] {
        purged += sqlx::query(statement)
            .bind(seconds(before, TABLE, "expires")?)
            .execute(&mut repository.transaction)
            .await
            .map_err(store_error)?
            .rows_affected();
    }
    Ok(purged)
}

/// The session of a token, and whether the token is used.
async fn of_token(
    repository: &mut SqliteRepository,
    token: &TokenHash,
) -> Result<Option<(Session, bool)>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT refresh_tokens.used IS NOT NULL AS was_used, ",
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
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    row.map(|row| {
        let account = row::account(&row)?.open(&repository.keyring)?;
        let was_used = row.try_get("was_used").map_err(store_error)?;
        Ok((session(&row, account.aci)?, was_used))
    })
    .transpose()
}

async fn add_token(
    repository: &mut SqliteRepository,
    id: &SessionId,
    token: &TokenHash,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (token_hash, session_id) VALUES (?, ?)")
        .bind(token.as_bytes().as_slice())
        .bind(id.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}
