//! The deletion of rows whose time is over.

use anteroom_protocol::{DAY, Timestamp};
use anteroom_store::{StoreError, StoredLifetimes};

use crate::sqlite::{error::store_error, issuer::repository::SqliteRepository, row::seconds};

/// A used token is remembered for so long, to notice that somebody else shows it: for as long as
/// any session lasts without being used. In seconds.
const USED_KEPT: u64 = 30 * DAY;

/// A statement with a single parameter, which is a time.
type Statement = (&'static str, Timestamp);

/// Trims first: of what ends too late nothing is over yet.
pub(super) async fn expired(
    repository: &mut SqliteRepository,
    now: Timestamp,
    lifetimes: &StoredLifetimes,
) -> Result<u64, StoreError> {
    let latest = |seconds: u64| now.plus(seconds);
    let trims: [Statement; 8] = [
        (
            "UPDATE sessions SET expires = ?1 WHERE expires > ?1 AND remember = 0",
            latest(lifetimes.session),
        ),
        (
            "UPDATE sessions SET expires = ?1 WHERE expires > ?1 AND remember = 1",
            latest(lifetimes.remembered_session),
        ),
        ("UPDATE refresh_tokens SET used = ?1 WHERE used > ?1", now),
        // Else a device would never be stale.
        (
            "UPDATE devices SET last_seen = ?1 WHERE last_seen > ?1",
            now,
        ),
        (
            "UPDATE sign_ups SET expires = ?1 WHERE expires > ?1",
            latest(lifetimes.sign_up),
        ),
        (
            "UPDATE confirmed_sign_ups SET expires = ?1 WHERE expires > ?1",
            latest(lifetimes.sign_up),
        ),
        (
            "UPDATE reset_tokens SET expires = ?1 WHERE expires > ?1",
            latest(lifetimes.reset),
        ),
        (
            "UPDATE login_failures SET expires = ?1 WHERE expires > ?1",
            latest(lifetimes.lock),
        ),
    ];
    for statement in trims {
        execute(repository, statement).await?;
    }
    let deletions: [Statement; 7] = [
        ("DELETE FROM sessions WHERE expires <= ?1", now),
        (
            "DELETE FROM refresh_tokens WHERE used <= ?1",
            now.minus(USED_KEPT),
        ),
        ("DELETE FROM sign_ups WHERE expires <= ?1", now),
        ("DELETE FROM confirmed_sign_ups WHERE expires <= ?1", now),
        ("DELETE FROM reset_tokens WHERE expires <= ?1", now),
        ("DELETE FROM invites WHERE expires <= ?1", now),
        ("DELETE FROM login_failures WHERE expires <= ?1", now),
    ];
    let mut purged = 0;
    for statement in deletions {
        purged += execute(repository, statement).await?;
    }
    Ok(purged)
}

async fn execute(
    repository: &mut SqliteRepository,
    (statement, time): Statement,
) -> Result<u64, StoreError> {
    let done = sqlx::query(statement)
        .bind(seconds(time, "logins", "expires")?)
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(done.rows_affected())
}
