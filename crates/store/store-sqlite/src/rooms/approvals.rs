//! The table `approvals`.

use anteroom_store::{
    Keyring, OpaqueRoomId, RoomsStorageKeys, StoreError, UserId, sealed::SealedApproval,
};
use rand_core::CryptoRng;

use super::row;
use crate::{error::store_error, transaction::FileTransaction};

pub(super) async fn of_room(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    room: &OpaqueRoomId,
) -> Result<Vec<UserId>, StoreError> {
    sqlx::query("SELECT room_index, user_index, user_id FROM approvals WHERE room_index = ?")
        .bind(
            RoomsStorageKeys::of(keyring)
                .room_index(room)
                .as_bytes()
                .to_vec(),
        )
        .fetch_all(connection)
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| row::approval(row)?.open(keyring))
        .collect()
}

pub(super) async fn add(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    room: &OpaqueRoomId,
    user: &UserId,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let sealed = SealedApproval::seal(room, user, keyring, rng)?;
    sqlx::query(
        "INSERT INTO approvals (room_index, user_index, user_id)
         SELECT room_index, ?2, ?3 FROM call_links WHERE room_index = ?1
         ON CONFLICT (room_index, user_index) DO NOTHING",
    )
    .bind(sealed.room.as_bytes().as_slice())
    .bind(sealed.user_index.as_bytes().as_slice())
    .bind(sealed.user.as_bytes())
    .execute(connection)
    .await
    .map(|done| done.rows_affected() > 0)
    .map_err(store_error)
}

pub(super) async fn remove(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    room: &OpaqueRoomId,
    user: &UserId,
) -> Result<bool, StoreError> {
    let keys = RoomsStorageKeys::of(keyring);
    sqlx::query("DELETE FROM approvals WHERE room_index = ? AND user_index = ?")
        .bind(keys.room_index(room).as_bytes().to_vec())
        .bind(keys.user_index(room, user).as_bytes().to_vec())
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(store_error)
}

pub(super) async fn replace(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    room: &OpaqueRoomId,
    users: &[UserId],
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let index = RoomsStorageKeys::of(keyring)
        .room_index(room)
        .as_bytes()
        .to_vec();
    sqlx::query("DELETE FROM approvals WHERE room_index = ?")
        .bind(index.clone())
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    for user in users {
        add(&mut *connection, keyring, room, user, rng).await?;
    }
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM call_links WHERE room_index = ?)")
        .bind(index)
        .fetch_one(connection)
        .await
        .map_err(store_error)
}
