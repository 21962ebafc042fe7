//! The read methods of the trait. Each delegates to its table's file.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Account, AccountSummary, DeviceId, Email, IdentityLink, IdentityName, Invite, LockPolicy,
    Login, LoginFailures, LoginLock, LoginOrigin, LoginReader, PasswordVerifier, Session,
    SessionCaller, SessionId, StoreError, TokenHash,
};
use async_trait::async_trait;

use super::{accounts, devices, failures, identities, logins, sessions, shadows, tokens};
use crate::issuer::repository::SqliteRepository;

#[async_trait]
impl LoginReader for SqliteRepository {
    async fn login(&mut self, aci: &Aci) -> Result<Option<Login>, StoreError> {
        logins::of_account(self, aci).await
    }

    async fn login_by_email(
        &mut self,
        email: &Email,
    ) -> Result<Option<(Login, Account)>, StoreError> {
        logins::by_email(self, email).await
    }

    async fn login_failures(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError> {
        failures::counted(self, email, origin, now, policy).await
    }

    async fn known_device(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<(Aci, DeviceId)>, StoreError> {
        sessions::known_device(self, token).await
    }

    async fn session_caller(
        &mut self,
        id: &SessionId,
    ) -> Result<Option<SessionCaller>, StoreError> {
        sessions::caller(self, id).await
    }

    async fn reset_token_account(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError> {
        tokens::reset_token_account(self, token, now).await
    }

    async fn identity(&mut self, name: &IdentityName) -> Result<Option<IdentityLink>, StoreError> {
        identities::find(self, name).await
    }

    async fn shadow_sign_up(&mut self, aci: &Aci) -> Result<Option<PasswordVerifier>, StoreError> {
        shadows::find(self, aci).await
    }

    async fn accounts(
        &mut self,
        after: Option<&Aci>,
        most: u32,
    ) -> Result<Vec<AccountSummary>, StoreError> {
        accounts::list(self, after, most).await
    }

    async fn login_lock(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginLock, StoreError> {
        failures::lock(self, email, now, policy).await
    }

    async fn sessions(&mut self, aci: &Aci, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        sessions::of_account(self, aci, now).await
    }

    async fn invites(&mut self, now: Timestamp) -> Result<Vec<Invite>, StoreError> {
        tokens::invites(self, now).await
    }

    async fn free_device_id(&mut self, aci: &Aci) -> Result<Option<DeviceId>, StoreError> {
        devices::free_id(self, aci).await
    }
}
