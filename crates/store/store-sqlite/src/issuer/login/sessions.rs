//! Sessions and their refresh tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, RotateOutcome, Session, SessionCaller, SessionId, StoreError, TokenHash,
};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns, device_columns},
    },
    row::{array, invalid, number, seconds, timestamp},
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

pub(super) async fn of_account(
    repository: &mut SqliteRepository,
    aci: &Aci,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions WHERE account_index = ? AND expires > ? ORDER BY created, session_id"
    );
    sqlx::query(SELECT)
        .bind(repository.account_index(aci))
        .bind(seconds(now, TABLE, "expires")?)
        .fetch_all(&mut repository.transaction)
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| session(row, *aci))
        .collect()
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
        Ok(_) => add_token(repository, session, token).await,
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(StoreError::DeviceMissing)
        }
        Err(error) => Err(store_error(error)),
    }
}

/// Exchanges a refresh token. The request that marks the token as used gets the session. A
/// repetition within `grace` gets the same session and successor. A later repetition ends the
/// session.
pub(super) async fn rotate(
    repository: &mut SqliteRepository,
    used: &TokenHash,
    next: &TokenHash,
    now: Timestamp,
    (short, long): (Timestamp, Timestamp),
    grace: u64,
) -> Result<RotateOutcome, StoreError> {
    let marked = sqlx::query(
        "UPDATE refresh_tokens SET used = ?2 WHERE token_hash = ?1 AND used IS NULL
             AND EXISTS (SELECT 1 FROM sessions
                 WHERE sessions.session_id = refresh_tokens.session_id AND sessions.expires > ?2)",
    )
    .bind(used.as_bytes().as_slice())
    .bind(seconds(now, TOKENS, "used")?)
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?
    .rows_affected();
    let Some((mut session, use_before)) = of_token(repository, used).await? else {
        return Ok(RotateOutcome::Unknown);
    };
    if marked == 0 {
        let Some(moment) = use_before else {
            return Ok(RotateOutcome::Expired);
        };
        // Checks both directions, because the clock may have been set back since.
        let is_late = moment.plus(grace) < now || now.plus(grace) < moment;
        if !is_late && now < session.expires && has_token(repository, &session.id, next).await? {
            return Ok(RotateOutcome::Repeated(session, moment));
        }
        end(repository, &session.id).await?;
        forget_device(repository, &session).await?;
        return Ok(RotateOutcome::Reused(session));
    }
    session.expires = if session.remember { long } else { short };
    extend(repository, &session.id, session.expires).await?;
    add_token(repository, &session, next).await?;
    Ok(RotateOutcome::Rotated(session))
}

pub(super) async fn extend(
    repository: &mut SqliteRepository,
    id: &SessionId,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    let extended = sqlx::query("UPDATE sessions SET expires = ? WHERE session_id = ?")
        .bind(seconds(expires, TABLE, "expires")?)
        .bind(id.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(extended.rows_affected() > 0)
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

/// Returns the session of a token, and the time at which the token was used.
async fn of_token(
    repository: &mut SqliteRepository,
    token: &TokenHash,
) -> Result<Option<(Session, Option<Timestamp>)>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT refresh_tokens.used IS NOT NULL AS is_used,
             coalesce(refresh_tokens.used, 0) AS used, ",
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
        let is_used: bool = row.try_get("is_used").map_err(store_error)?;
        let used = timestamp(&row, TOKENS, "used")?;
        Ok((session(&row, account.aci)?, is_used.then_some(used)))
    })
    .transpose()
}

async fn has_token(
    repository: &mut SqliteRepository,
    id: &SessionId,
    token: &TokenHash,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = ? AND session_id = ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(id.as_bytes().as_slice())
    .fetch_one(&mut repository.transaction)
    .await
    .map_err(store_error)
}

/// Adds a token to a session. A device is known by the newest token of its session.
async fn add_token(
    repository: &mut SqliteRepository,
    session: &Session,
    token: &TokenHash,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (token_hash, session_id) VALUES (?, ?)")
        .bind(token.as_bytes().as_slice())
        .bind(session.id.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    sqlx::query(
        "INSERT INTO known_devices (account_index, device_id, token_hash) VALUES (?, ?, ?)
         ON CONFLICT (account_index, device_id) DO UPDATE SET token_hash = excluded.token_hash",
    )
    .bind(repository.account_index(&session.aci))
    .bind(i64::from(session.device.as_u32()))
    .bind(token.as_bytes().as_slice())
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Removes the known device of a session whose token two clients have shown: either of them may
/// have the newest token.
async fn forget_device(
    repository: &mut SqliteRepository,
    session: &Session,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM known_devices WHERE account_index = ? AND device_id = ?")
        .bind(repository.account_index(&session.aci))
        .bind(i64::from(session.device.as_u32()))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(super) async fn known_device(
    repository: &mut SqliteRepository,
    token: &TokenHash,
) -> Result<Option<(Aci, DeviceId)>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT known_devices.device_id, ",
        account_columns!(),
        " FROM known_devices JOIN accounts USING (account_index)
         WHERE known_devices.token_hash = ?"
    );
    let row = sqlx::query(SELECT)
        .bind(token.as_bytes().as_slice())
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    row.map(|row| {
        let account = row::account(&row)?.open(&repository.keyring)?;
        let device = DeviceId::new(number(&row, "known_devices", "device_id")?);
        let device = device.ok_or(invalid("known_devices", "device_id"))?;
        Ok((account.aci, device))
    })
    .transpose()
}
