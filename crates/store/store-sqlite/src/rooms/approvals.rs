//! The table `approvals`.

use anteroom_store::{OpaqueRoomId, RoomsStorageKeys, StoreError, UserId, sealed::SealedApproval};
use rand_core::CryptoRng;

use super::row;
use crate::{file::KeyedTransaction, statement::Statement as _};

pub(super) async fn of_room(
    keyed: &mut KeyedTransaction,
    room: &OpaqueRoomId,
) -> Result<Vec<UserId>, StoreError> {
    sqlx::query("SELECT room_index, user_index, user_id FROM approvals WHERE room_index = ?")
        .bind(
            RoomsStorageKeys::of(&keyed.keyring)
                .room_index(room)
                .as_bytes()
                .to_vec(),
        )
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(|row| row::approval(row)?.open(&keyed.keyring))
        .collect()
}

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    room: &OpaqueRoomId,
    user: &UserId,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let sealed = SealedApproval::seal(room, user, &keyed.keyring, rng)?;
    sqlx::query(
        "INSERT INTO approvals (room_index, user_index, user_id)
         SELECT room_index, ?2, ?3 FROM call_links WHERE room_index = ?1
         ON CONFLICT (room_index, user_index) DO NOTHING",
    )
    .bind(sealed.room.as_bytes().as_slice())
    .bind(sealed.user_index.as_bytes().as_slice())
    .bind(sealed.user.as_bytes())
    .changes(&mut keyed.transaction)
    .await
    .map(|rows| rows > 0)
}

pub(super) async fn remove(
    keyed: &mut KeyedTransaction,
    room: &OpaqueRoomId,
    user: &UserId,
) -> Result<bool, StoreError> {
    let keys = RoomsStorageKeys::of(&keyed.keyring);
    sqlx::query("DELETE FROM approvals WHERE room_index = ? AND user_index = ?")
        .bind(keys.room_index(room).as_bytes().to_vec())
        .bind(keys.user_index(room, user).as_bytes().to_vec())
        .changes(&mut keyed.transaction)
        .await
        .map(|rows| rows > 0)
}

pub(super) async fn replace(
    keyed: &mut KeyedTransaction,
    room: &OpaqueRoomId,
    users: &[UserId],
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let index = RoomsStorageKeys::of(&keyed.keyring)
        .room_index(room)
        .as_bytes()
        .to_vec();
    sqlx::query("DELETE FROM approvals WHERE room_index = ?")
        .bind(index.clone())
        .changes(&mut keyed.transaction)
        .await?;
    for user in users {
        add(&mut *keyed, room, user, rng).await?;
    }
    sqlx::query("SELECT EXISTS (SELECT 1 FROM call_links WHERE room_index = ?)")
        .bind(index)
        .scalar(&mut keyed.transaction)
        .await
}
