//! What is read: each method is that of its table's file.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Account, AccountSummary, DeviceId, Email, IdentityLink, IdentityName, LockPolicy, Login,
    LoginFailures, LoginOrigin, LoginReader, PasswordVerifier, SessionCaller, SessionId,
    StoreError, TokenHash,
};
use async_trait::async_trait;

use super::{accounts, failures, identities, logins, sessions, shadows};
use crate::sqlite::issuer::repository::SqliteRepository;

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
}
