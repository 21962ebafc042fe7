//! The table `approvals`.

use anteroom_store::{
    ApprovalReader, ApprovalRepository, OpaqueRoomId, RoomsStorageKeys, UserId,
    sealed::SealedApproval,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{row, schema::RoomsTransaction};
use crate::{error::Result, statement::Statement as _};

#[async_trait]
impl ApprovalReader for RoomsTransaction {
    async fn approved_users(&mut self, room: &OpaqueRoomId) -> Result<Vec<UserId>> {
        sqlx::query("SELECT room_index, user_index, user_id FROM approvals WHERE room_index = ?")
            .bind(self.room_index(room).as_bytes().to_vec())
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(|row| row::approval(row)?.open(&self.keyring))
            .collect()
    }
}

#[async_trait]
impl ApprovalRepository for RoomsTransaction {
    async fn add_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        let sealed = SealedApproval::seal(room, user, &self.keyring, rng)?;
        sqlx::query(
            "INSERT INTO approvals (room_index, user_index, user_id)
             SELECT room_index, ?2, ?3 FROM call_links WHERE room_index = ?1
             ON CONFLICT (room_index, user_index) DO NOTHING",
        )
        .bind(sealed.room.as_bytes().as_slice())
        .bind(sealed.user_index.as_bytes().as_slice())
        .bind(sealed.user.as_bytes())
        .changed(&mut self.transaction)
        .await
    }

    async fn remove_approval(&mut self, room: &OpaqueRoomId, user: &UserId) -> Result<bool> {
        let keys = RoomsStorageKeys::of(&self.keyring);
        sqlx::query("DELETE FROM approvals WHERE room_index = ? AND user_index = ?")
            .bind(keys.room_index(room).as_bytes().to_vec())
            .bind(keys.user_index(room, user).as_bytes().to_vec())
            .changed(&mut self.transaction)
            .await
    }

    async fn replace_approvals(
        &mut self,
        room: &OpaqueRoomId,
        users: &[UserId],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        let index = self.room_index(room);
        sqlx::query("DELETE FROM approvals WHERE room_index = ?")
            .bind(index.as_bytes().as_slice())
            .changes(&mut self.transaction)
            .await?;
        for user in users {
            self.add_approval(room, user, rng).await?;
        }
        sqlx::query("SELECT EXISTS (SELECT 1 FROM call_links WHERE room_index = ?)")
            .bind(index.as_bytes().as_slice())
            .scalar(&mut self.transaction)
            .await
    }
}
