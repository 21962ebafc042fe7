//! Sessions and their refresh tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, RotateOutcome, Session, SessionCaller, SessionId, StoreError, TokenHash,
};
use sqlx::{Row, sqlite::SqliteRow};

use super::row::{self, account_columns, account_index, device_columns, device_id};
use crate::{
    error::store_error,
    file::KeyedTransaction,
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

fn session(row: &SqliteRow, aci: Aci) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::from_bytes(array(row, TABLE, "session_id")?),
        aci,
        device: device_id(row, TABLE, "session_device")?,
        remember: row.try_get("remember").map_err(store_error)?,
        created: timestamp(row, TABLE, "session_created")?,
        expires: timestamp(row, TABLE, "session_expires")?,
    })
}

pub(super) async fn caller(
    keyed: &mut KeyedTransaction,
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
        .optional_row(&mut keyed.transaction)
        .await?;
    row.map(|row| {
        let account = row::account(&row)?.open(&keyed.keyring)?;
        Ok(SessionCaller {
            session: session(&row, account.aci)?,
            account,
            device: row::device(&row)?.open(&keyed.keyring)?,
        })
    })
    .transpose()
}

pub(super) async fn of_account(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions WHERE account_index = ? AND expires > ? ORDER BY created, session_id"
    );
    sqlx::query(SELECT)
        .bind(account_index(keyed, aci))
        .bind(seconds(now, TABLE, "expires")?)
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(|row| session(row, *aci))
        .collect()
}

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    session: &Session,
    token: &TokenHash,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (session_id, account_index, device_id, remember, created, expires)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.as_bytes().as_slice())
    .bind(account_index(keyed, &session.aci))
    .bind(i64::from(session.device.as_u32()))
    .bind(session.remember)
    .bind(seconds(session.created, TABLE, "created")?)
    .bind(seconds(session.expires, TABLE, "expires")?)
    .changes_referring(&mut keyed.transaction, StoreError::DeviceMissing)
    .await?;
    add_token(keyed, session, token).await
}

/// Exchanges a refresh token. The request that marks the token as used gets the session. A
/// repetition within `grace` gets the same session and successor. A later repetition ends the
/// session.
pub(super) async fn rotate(
    keyed: &mut KeyedTransaction,
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
    .changes(&mut keyed.transaction)
    .await?;
    let Some((mut session, use_before)) = of_token(keyed, used).await? else {
        return Ok(RotateOutcome::Unknown);
    };
    if marked == 0 {
        let Some(moment) = use_before else {
            return Ok(RotateOutcome::Expired);
        };
        // Checks both directions, because the clock may have been set back since.
        let is_late = moment.plus(grace) < now || now.plus(grace) < moment;
        if !is_late && now < session.expires && has_token(keyed, &session.id, next).await? {
            return Ok(RotateOutcome::Repeated(session, moment));
        }
        end(keyed, &session.id).await?;
        forget_device(keyed, &session).await?;
        return Ok(RotateOutcome::Reused(session));
    }
    session.expires = if session.remember { long } else { short };
    extend(keyed, &session.id, session.expires).await?;
    add_token(keyed, &session, next).await?;
    Ok(RotateOutcome::Rotated(session))
}

pub(super) async fn extend(
    keyed: &mut KeyedTransaction,
    id: &SessionId,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    let extended = sqlx::query("UPDATE sessions SET expires = ? WHERE session_id = ?")
        .bind(seconds(expires, TABLE, "expires")?)
        .bind(id.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await?;
    Ok(extended > 0)
}

pub(super) async fn end(keyed: &mut KeyedTransaction, id: &SessionId) -> Result<bool, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE session_id = ?")
        .bind(id.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await?;
    Ok(ended > 0)
}

pub(super) async fn end_of(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
) -> Result<Option<Session>, StoreError> {
    let Some((session, _)) = of_token(keyed, token).await? else {
        return Ok(None);
    };
    end(keyed, &session.id).await?;
    Ok(Some(session))
}

pub(super) async fn end_all(keyed: &mut KeyedTransaction, aci: &Aci) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE account_index = ?")
        .bind(account_index(keyed, aci))
        .changes(&mut keyed.transaction)
        .await?;
    Ok(ended)
}

/// Returns the session of a token, and the time at which the token was used.
async fn of_token(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
) -> Result<Option<(Session, Option<Timestamp>)>, StoreError> {
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
        .optional_row(&mut keyed.transaction)
        .await?;
    row.map(|row| {
        let account = row::account(&row)?.open(&keyed.keyring)?;
        let used = optional_timestamp(&row, TOKENS, "used")?;
        Ok((session(&row, account.aci)?, used))
    })
    .transpose()
}

async fn has_token(
    keyed: &mut KeyedTransaction,
    id: &SessionId,
    token: &TokenHash,
) -> Result<bool, StoreError> {
    sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = ? AND session_id = ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(id.as_bytes().as_slice())
    .scalar(&mut keyed.transaction)
    .await
}

/// Adds a token to a session. A device is known by the newest token of its session.
async fn add_token(
    keyed: &mut KeyedTransaction,
    session: &Session,
    token: &TokenHash,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (token_hash, session_id) VALUES (?, ?)")
        .bind(token.as_bytes().as_slice())
        .bind(session.id.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await?;
    sqlx::query(
        "INSERT INTO known_devices (account_index, device_id, token_hash) VALUES (?, ?, ?)
         ON CONFLICT (account_index, device_id) DO UPDATE SET token_hash = excluded.token_hash",
    )
    .bind(account_index(keyed, &session.aci))
    .bind(i64::from(session.device.as_u32()))
    .bind(token.as_bytes().as_slice())
    .changes(&mut keyed.transaction)
    .await?;
    Ok(())
}

/// Removes the known device of a session whose token two clients have shown: either of them may
/// have the newest token.
async fn forget_device(keyed: &mut KeyedTransaction, session: &Session) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM known_devices WHERE account_index = ? AND device_id = ?")
        .bind(account_index(keyed, &session.aci))
        .bind(i64::from(session.device.as_u32()))
        .changes(&mut keyed.transaction)
        .await?;
    Ok(())
}

pub(super) async fn known_device(
    keyed: &mut KeyedTransaction,
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
        .optional_row(&mut keyed.transaction)
        .await?;
    row.map(|row| {
        let account = row::account(&row)?.open(&keyed.keyring)?;
        Ok((account.aci, device_id(&row, "known_devices", "device_id")?))
    })
    .transpose()
}
