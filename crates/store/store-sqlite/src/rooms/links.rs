//! The table `call_links`.
//!
//! Writing transactions are serial. Every condition is in the writing statement nevertheless.
//! Passkeys are compared in constant time before, so that the statement's own comparison only meets
//! equal ones. The row that was read also tells why a statement matched no row.

use std::num::NonZeroU32;

use anteroom_protocol::{GuestAdmission, Restrictions, Timestamp};
use anteroom_store::{
    BlindIndex, CallKey, CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, Epoch, Keyring,
    LinkAddress, LinkReader, LinkRepository, LinkUpdate, LinkWithCall, PasskeyHash,
    RoomsStorageKeys, SealedValue, UpdateLinkOutcome, sealed::SealedCallLink,
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::sqlite::SqliteRow;

use super::{
    deleted_links::DeletedLinkRow,
    row::{self, call_columns, link_columns, live_call},
    schema::RoomsTransaction,
};
use crate::{
    error::Result,
    lookups::{FastLookup, LookupPool},
    row::seconds,
    statement::Statement as _,
};

/// Reads the link and its call in a single statement. The statement sees one state of the file,
/// including the id of the newest key. It takes a quarter of the round trips of a transaction that
/// reads the keys first.
pub(super) async fn fast_lookup(
    lookups: &LookupPool,
    keyring: &Keyring,
    address: &LinkAddress,
    now: Timestamp,
) -> Result<FastLookup, sqlx::Error> {
    const SELECT: &str = concat!(
        "SELECT ",
        link_columns!(),
        ", ",
        call_columns!(),
        ", newest.key_id AS newest_key FROM (SELECT max(key_id) AS key_id FROM keys) AS newest \
         LEFT JOIN call_links ON room_index = ?2 AND epoch IS ?3 AND delete_at > ?1 \
         LEFT JOIN calls ON call_index = ?4 AND ",
        live_call!()
    );
    let Ok(moment) = moment(now) else {
        // SQLite cannot store a time this late. The transaction that follows reports it.
        return Ok(FastLookup::StaleKeys);
    };
    let keys = RowKeys::of(address, keyring);
    let statement = sqlx::query(SELECT)
        .bind(moment)
        .bind(bytes(keys.room))
        .bind(keys.epoch)
        .bind(bytes(keys.call));
    lookups.find(statement, keyring, "room_index").await
}

/// Unseals a link and its call, as they are at `now`.
pub(super) fn opened_with_call(
    row: &SqliteRow,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<LinkWithCall> {
    Ok(LinkWithCall {
        link: row::link(row)?.open(keyring)?.as_of(now),
        call: row::joined_call(row)?
            .map(|call| call.open(keyring))
            .transpose()?,
    })
}

#[async_trait]
impl LinkReader for RoomsTransaction {
    async fn link(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<CallLinkRecord>> {
        const SELECT: &str = concat!(
            "SELECT ",
            link_columns!(),
            " FROM call_links WHERE room_index = ?2 AND epoch IS ?3 AND delete_at > ?1"
        );
        let keys = RowKeys::of(address, &self.keyring);
        sqlx::query(SELECT)
            .bind(moment(now)?)
            .bind(bytes(keys.room))
            .bind(keys.epoch)
            .optional_row(&mut self.transaction)
            .await?
            .map(|row| Ok(row::link(&row)?.open(&self.keyring)?.as_of(now)))
            .transpose()
    }

    async fn link_with_call(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>> {
        const SELECT: &str = concat!(
            "SELECT ",
            link_columns!(),
            ", ",
            call_columns!(),
            " FROM call_links LEFT JOIN calls ON call_index = ?4 AND ",
            live_call!(),
            " WHERE room_index = ?2 AND epoch IS ?3 AND delete_at > ?1"
        );
        let keys = RowKeys::of(address, &self.keyring);
        let row = sqlx::query(SELECT)
            .bind(moment(now)?)
            .bind(bytes(keys.room))
            .bind(keys.epoch)
            .bind(bytes(keys.call))
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| opened_with_call(&row, &self.keyring, now))
            .transpose()
    }
}

#[async_trait]
impl LinkRepository for RoomsTransaction {
    async fn create_link(
        &mut self,
        link: &CallLinkRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CreateLinkOutcome> {
        const SELECT: &str = concat!(
            "SELECT ",
            link_columns!(),
            " FROM call_links WHERE room_index = ?1"
        );
        let new = SealedCallLink::seal(link, &self.keyring, rng)?;
        let zkparams_index = RoomsStorageKeys::of(&self.keyring).zkparams_index(&link.zkparams);
        let created = seconds(new.created, "call_links", "created")?;
        sqlx::query(
            "DELETE FROM call_links WHERE (room_index = ?1 OR zkparams_index = ?3) AND delete_at <= ?2",
        )
        .bind(bytes(new.index))
        .bind(created)
        .bind(bytes(zkparams_index))
        .changes(&mut self.transaction)
        .await?;
        let deleted = DeletedLinkRow {
            room: new.index,
            passkey: link.passkey_hash.clone(),
            zkparams: zkparams_index,
        };
        if !self.allows_creation(&deleted, created).await? {
            return Ok(CreateLinkOutcome::Conflict);
        }
        let added = sqlx::query(
            "INSERT INTO call_links (room_index, room_id, epoch, passkey_hash, zkparams, restrictions,
                                     guests, name, revoked, created, expiration, delete_at,
                                     ended_calls, zkparams_index, admin_statement)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(bytes(new.index))
        .bind(new.room.as_bytes())
        .bind(number(new.epoch))
        .bind(new.passkey_hash.as_bytes().as_slice())
        .bind(new.zkparams.as_bytes())
        .bind(new.restrictions.as_str())
        .bind(new.guests.as_str())
        .bind(new.name.as_bytes())
        .bind(i64::from(new.revoked))
        .bind(created)
        .bind(seconds(new.expiration, "call_links", "expiration")?)
        .bind(seconds(new.delete_at, "call_links", "delete_at")?)
        .bind(i64::from(new.ended_calls))
        .bind(bytes(zkparams_index))
        .bind(new.admin_statement.as_ref().map(SealedValue::as_bytes))
        .changes(&mut self.transaction)
        .await?;
        if added > 0 {
            self.remove_deleted_link(new.index).await?;
            return Ok(CreateLinkOutcome::Created(link.clone()));
        }
        let row = sqlx::query(SELECT)
            .bind(bytes(new.index))
            .optional_row(&mut self.transaction)
            .await?;
        // Another room has the zkparams.
        let Some(row) = row else {
            return Ok(CreateLinkOutcome::Conflict);
        };
        let stored = row::link(&row)?.open(&self.keyring)?.as_of(link.created);
        let is_same =
            stored.passkey_hash.matches(&link.passkey_hash) & (stored.zkparams == link.zkparams);
        Ok(if is_same {
            CreateLinkOutcome::Unchanged(stored)
        } else {
            CreateLinkOutcome::Conflict
        })
    }

    async fn update_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<UpdateLinkOutcome> {
        const UPDATE: &str = concat!(
            "UPDATE call_links
             SET restrictions = coalesce(?6, restrictions),
                 name = coalesce(?7, name),
                 revoked = coalesce(?8, revoked),
                 ended_calls = ended_calls + ?9,
                 guests = coalesce(?10, guests),
                 admin_statement = coalesce(?11, admin_statement)
             WHERE room_index = ?2 AND epoch IS ?3 AND delete_at > ?1 AND passkey_hash = ?4
               AND (coalesce(?6, restrictions) = restrictions OR ?9
                    OR NOT EXISTS (SELECT 1 FROM calls WHERE call_index = ?5 AND ",
            live_call!(),
            ")) RETURNING ",
            link_columns!()
        );
        let Some(link) = self.link(address, now).await? else {
            return Ok(UpdateLinkOutcome::UnknownRoom);
        };
        if !link.passkey_hash.matches(passkey) {
            return Ok(UpdateLinkOutcome::WrongPasskey);
        }
        let keys = RowKeys::of(address, &self.keyring);
        let name = update
            .name
            .as_ref()
            .map(|name| SealedCallLink::seal_name(keys.room, name, &self.keyring, rng))
            .transpose()?;
        let statement = update.admin_statement.as_ref();
        let statement = statement
            .map(|statement| {
                SealedCallLink::seal_admin_statement(keys.room, statement, &self.keyring, rng)
            })
            .transpose()?;
        let updated = sqlx::query(UPDATE)
            .bind(moment(now)?)
            .bind(bytes(keys.room))
            .bind(keys.epoch)
            .bind(passkey.as_bytes().as_slice())
            .bind(bytes(keys.call))
            .bind(update.restrictions.map(Restrictions::as_str))
            .bind(name.as_ref().map(SealedValue::as_bytes))
            .bind(update.revoked.map(i64::from))
            .bind(i64::from(update.end_call))
            .bind(update.guests.map(GuestAdmission::as_str))
            .bind(statement.as_ref().map(SealedValue::as_bytes))
            .optional_row(&mut self.transaction)
            .await?;
        let Some(updated) = updated else {
            return Ok(UpdateLinkOutcome::CallOn);
        };
        let updated = row::link(&updated)?.open(&self.keyring)?.as_of(now);
        if update.end_call {
            self.remove_call(keys.call).await?;
        } else if updated.restrictions != link.restrictions {
            self.remove_lapsed_call(keys.call, now).await?;
        }
        Ok(UpdateLinkOutcome::Updated(updated))
    }

    async fn delete_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        end_call: bool,
        now: Timestamp,
    ) -> Result<DeleteLinkOutcome> {
        const DELETE: &str = concat!(
            "DELETE FROM call_links
             WHERE room_index = ?2 AND epoch IS ?3 AND delete_at > ?1 AND passkey_hash = ?4
               AND (?6 OR NOT EXISTS (SELECT 1 FROM calls WHERE call_index = ?5 AND ",
            live_call!(),
            "))"
        );
        let Some(link) = self.link(address, now).await? else {
            return Ok(DeleteLinkOutcome::UnknownRoom);
        };
        if !link.passkey_hash.matches(passkey) {
            return Ok(DeleteLinkOutcome::WrongPasskey);
        }
        let keys = RowKeys::of(address, &self.keyring);
        let deleted = sqlx::query(DELETE)
            .bind(moment(now)?)
            .bind(bytes(keys.room))
            .bind(keys.epoch)
            .bind(passkey.as_bytes().as_slice())
            .bind(bytes(keys.call))
            .bind(end_call)
            .changes(&mut self.transaction)
            .await?;
        if deleted == 0 {
            return Ok(DeleteLinkOutcome::CallOn);
        }
        let deleted = DeletedLinkRow {
            room: keys.room,
            passkey: link.passkey_hash,
            zkparams: RoomsStorageKeys::of(&self.keyring).zkparams_index(&link.zkparams),
        };
        self.add_deleted_link(&deleted, link.delete_at).await?;
        if end_call {
            self.remove_call(keys.call).await?;
        } else {
            self.remove_lapsed_call(keys.call, now).await?;
        }
        Ok(DeleteLinkOutcome::Deleted)
    }

    async fn purge_links(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<u64> {
        self.purge_deleted_links(now, limit).await?;
        sqlx::query(
            "DELETE FROM call_links WHERE room_index IN (
                 SELECT room_index FROM call_links WHERE delete_at <= ?1 ORDER BY delete_at LIMIT ?2)",
        )
        .bind(moment(now)?)
        .bind(i64::from(limit.get()))
        .changes(&mut self.transaction)
        .await
    }
}

/// The keys of the rows of a link and its call.
struct RowKeys {
    room: BlindIndex,
    call: BlindIndex,
    epoch: Option<i64>,
}

impl RowKeys {
    fn of(address: &LinkAddress, keyring: &Keyring) -> Self {
        let indexes = RoomsStorageKeys::of(keyring);
        Self {
            room: indexes.room_index(&address.room),
            call: indexes.call_index(&CallKey::Link(address.room.clone())),
            epoch: number(address.epoch),
        }
    }
}

fn number(epoch: Option<Epoch>) -> Option<i64> {
    epoch.map(|epoch| i64::from(epoch.as_u32()))
}

fn bytes(index: BlindIndex) -> Vec<u8> {
    index.as_bytes().to_vec()
}

fn moment(now: Timestamp) -> Result<i64> {
    seconds(now, "call_links", "delete_at")
}
