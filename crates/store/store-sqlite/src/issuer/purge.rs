//! The end of a transaction, and the deletion of rows past their end.

use anteroom_protocol::{DAY, Timestamp};
use anteroom_store::{IssuerRepository, StoredLifetimes};
use async_trait::async_trait;

use super::schema::IssuerTransaction;
use crate::{error::Result, row::seconds, statement::Statement as _};

/// The time for which a used token is remembered, in seconds, to detect that another client shows
/// it: the time that any session lasts without a use.
const USED_KEPT: u64 = 30 * DAY;

/// A statement whose only parameter is a time.
type PurgeStatement = (&'static str, Timestamp);

#[async_trait]
impl IssuerRepository for IssuerTransaction {
    /// Deletes expired rows. Trims end times that are too late first, so that such rows expire at
    /// all.
    async fn purge_expired(&mut self, now: Timestamp, lifetimes: &StoredLifetimes) -> Result<u64> {
        let latest = |seconds: u64| now.plus(seconds);
        let trims: [PurgeStatement; 11] = [
            (
                "UPDATE sessions SET expires = ?1 WHERE expires > ?1 AND remember = 0",
                latest(lifetimes.session),
            ),
            (
                "UPDATE sessions SET expires = ?1 WHERE expires > ?1 AND remember = 1",
                latest(lifetimes.remembered_session),
            ),
            ("UPDATE refresh_tokens SET used = ?1 WHERE used > ?1", now),
            // A device that was last seen in the future would never be stale.
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
            (
                "UPDATE shadow_sign_ups SET expires = ?1 WHERE expires > ?1",
                latest(lifetimes.sign_up),
            ),
            // The lifetime of an invite is its creator's choice, so that it is kept.
            (
                "UPDATE invites SET expires = ?1 + (expires - created), created = ?1 WHERE created > ?1",
                now,
            ),
            ("UPDATE identities SET ended = ?1 WHERE ended > ?1", now),
        ];
        for statement in trims {
            self.execute(statement).await?;
        }
        let deletions: [PurgeStatement; 8] = [
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
            ("DELETE FROM shadow_sign_ups WHERE expires <= ?1", now),
        ];
        let mut purged = 0;
        for statement in deletions {
            purged += self.execute(statement).await?;
        }
        Ok(purged + self.purge_unconfirmed().await?)
    }
    async fn save(self: Box<Self>) -> Result<()> {
        self.transaction.commit().await
    }
}

impl IssuerTransaction {
    /// Deletes accounts with an unconfirmed address once neither a sign-up nor a reset can confirm
    /// it and no shadow is left. Keeps accounts that an operator has changed, and accounts with
    /// another way to sign in.
    async fn purge_unconfirmed(&mut self) -> Result<u64> {
        sqlx::query(
            "DELETE FROM accounts WHERE role = 'member' AND disabled = 0
                 AND account_index IN (SELECT account_index FROM logins WHERE verified = 0)
                 AND account_index NOT IN (SELECT account_index FROM sign_ups)
                 AND account_index NOT IN (SELECT account_index FROM reset_tokens)
                 AND account_index NOT IN (SELECT account_index FROM shadow_sign_ups)
                 AND account_index NOT IN (SELECT account_index FROM devices)
                 AND account_index NOT IN (SELECT account_index FROM identities)",
        )
        .changes(&mut self.transaction)
        .await
    }

    async fn execute(&mut self, (statement, time): PurgeStatement) -> Result<u64> {
        sqlx::query(statement)
            .bind(seconds(time, "logins", "expires")?)
            .changes(&mut self.transaction)
            .await
    }
}
