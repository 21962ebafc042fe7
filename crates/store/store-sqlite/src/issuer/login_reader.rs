//! The read methods of the trait. Each delegates to its table's file.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Account, AccountSummary, DeviceId, Email, IdentityLink, IdentityName, Invite, LockPolicy,
    Login, LoginFailures, LoginLock, LoginOrigin, LoginReader, PasswordVerifier, Session,
    SessionCaller, SessionId, StoreError, TokenHash,
};
use async_trait::async_trait;

use super::{
    IssuerSchema, accounts, devices, failures, identities, logins, sessions, shadows, tokens,
};
use crate::database::SqliteTransaction;

#[async_trait]
impl LoginReader for SqliteTransaction<IssuerSchema> {
    async fn login(&mut self, aci: &Aci) -> Result<Option<Login>, StoreError> {
        logins::of_account(&mut self.keyed, aci).await
    }

    async fn login_by_email(
        &mut self,
        email: &Email,
    ) -> Result<Option<(Login, Account)>, StoreError> {
        logins::by_email(&mut self.keyed, email).await
    }

    async fn login_failures(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError> {
        failures::counted(&mut self.keyed, email, origin, now, policy).await
    }

    async fn known_device(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<(Aci, DeviceId)>, StoreError> {
        sessions::known_device(&mut self.keyed, token).await
    }

    async fn session_caller(
        &mut self,
        id: &SessionId,
    ) -> Result<Option<SessionCaller>, StoreError> {
        sessions::caller(&mut self.keyed, id).await
    }

    async fn reset_token_account(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError> {
        tokens::reset_token_account(&mut self.keyed, token, now).await
    }

    async fn identity(&mut self, name: &IdentityName) -> Result<Option<IdentityLink>, StoreError> {
        identities::find(&mut self.keyed, name).await
    }

    async fn shadow_sign_up(&mut self, aci: &Aci) -> Result<Option<PasswordVerifier>, StoreError> {
        shadows::find(&mut self.keyed, aci).await
    }

    async fn accounts(
        &mut self,
        after: Option<&Aci>,
        most: u32,
    ) -> Result<Vec<AccountSummary>, StoreError> {
        accounts::list(&mut self.keyed, after, most).await
    }

    async fn login_lock(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginLock, StoreError> {
        failures::lock(&mut self.keyed, email, now, policy).await
    }

    async fn sessions(&mut self, aci: &Aci, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        sessions::of_account(&mut self.keyed, aci, now).await
    }

    async fn invites(&mut self, now: Timestamp) -> Result<Vec<Invite>, StoreError> {
        tokens::invites(&mut self.keyed, now).await
    }

    async fn free_device_id(&mut self, aci: &Aci) -> Result<Option<DeviceId>, StoreError> {
        devices::free_id(&mut self.keyed, aci).await
    }
}
