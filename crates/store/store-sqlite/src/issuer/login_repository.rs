//! The write methods of the trait. Each delegates to its table's file.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AccountRole, ConfirmOutcome, DeviceId, DeviceName, Email, IdentityName, LockPolicy, Login,
    LoginFailures, LoginOrigin, LoginRepository, PasswordVerifier, PendingSignUp, RotateOutcome,
    Session, SessionId, ShadowSignUp, StoreError, StoredLifetimes, TokenHash,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    IssuerSchema, accounts, devices, failures, identities, logins, purge, sessions, shadows,
    sign_ups, tokens,
};
use crate::database::SqliteTransaction;

#[async_trait]
impl LoginRepository for SqliteTransaction<IssuerSchema> {
    async fn add_login(
        &mut self,
        login: &Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        logins::add(&mut self.keyed, login, rng).await
    }

    async fn set_verifier(
        &mut self,
        aci: &Aci,
        verifier: &PasswordVerifier,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        // A sign-up that waits must not replace the new password.
        sign_ups::forget(&mut self.keyed, aci).await?;
        shadows::forget(&mut self.keyed, aci).await?;
        logins::set_verifier(&mut self.keyed, aci, verifier, rng).await
    }

    async fn set_verified(&mut self, aci: &Aci) -> Result<bool, StoreError> {
        logins::set_verified(&mut self.keyed, aci).await
    }

    async fn set_disabled(&mut self, aci: &Aci, disabled: bool) -> Result<bool, StoreError> {
        accounts::set_disabled(&mut self.keyed, aci, disabled).await
    }

    async fn set_role(&mut self, aci: &Aci, role: AccountRole) -> Result<bool, StoreError> {
        accounts::set_role(&mut self.keyed, aci, role).await
    }

    async fn renew_limits(&mut self, aci: &Aci) -> Result<bool, StoreError> {
        accounts::renew_limits(&mut self.keyed, aci).await
    }

    async fn delete_account(&mut self, aci: &Aci) -> Result<bool, StoreError> {
        accounts::delete(&mut self.keyed, aci).await
    }

    async fn note_login_failure(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError> {
        failures::note(&mut self.keyed, email, origin, now, policy).await
    }

    async fn trim_login_failures(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<(), StoreError> {
        failures::trim(&mut self.keyed, email, now, policy).await
    }

    async fn clear_login_failures(
        &mut self,
        email: &Email,
        origin: Option<&LoginOrigin>,
    ) -> Result<(), StoreError> {
        failures::clear(&mut self.keyed, email, origin).await
    }

    async fn add_session(
        &mut self,
        session: &Session,
        token: &TokenHash,
    ) -> Result<(), StoreError> {
        sessions::add(&mut self.keyed, session, token).await
    }

    async fn rotate_refresh_token(
        &mut self,
        used: &TokenHash,
        next: &TokenHash,
        now: Timestamp,
        ends: (Timestamp, Timestamp),
        grace: u64,
    ) -> Result<RotateOutcome, StoreError> {
        sessions::rotate(&mut self.keyed, used, next, now, ends, grace).await
    }

    async fn extend_session(
        &mut self,
        id: &SessionId,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        sessions::extend(&mut self.keyed, id, expires).await
    }

    async fn end_session(&mut self, id: &SessionId) -> Result<bool, StoreError> {
        sessions::end(&mut self.keyed, id).await
    }

    async fn end_session_of(&mut self, token: &TokenHash) -> Result<Option<Session>, StoreError> {
        sessions::end_of(&mut self.keyed, token).await
    }

    async fn end_sessions(&mut self, aci: &Aci) -> Result<u64, StoreError> {
        sessions::end_all(&mut self.keyed, aci).await
    }

    async fn add_sign_up(
        &mut self,
        sign_up: &PendingSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        sign_ups::add(&mut self.keyed, sign_up, rng).await
    }

    async fn confirm_sign_up(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ConfirmOutcome, StoreError> {
        sign_ups::confirm(&mut self.keyed, token, now, rng).await
    }

    async fn take_only_sign_up(
        &mut self,
        aci: &Aci,
        now: Timestamp,
    ) -> Result<Option<PasswordVerifier>, StoreError> {
        sign_ups::take_only(&mut self.keyed, aci, now).await
    }

    async fn add_shadow_sign_up(
        &mut self,
        shadow: &ShadowSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        shadows::add(&mut self.keyed, shadow, rng).await
    }

    async fn add_decoy_token(
        &mut self,
        token: &TokenHash,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        shadows::add_decoy(&mut self.keyed, token, expires).await
    }

    async fn add_reset_token(
        &mut self,
        token: &TokenHash,
        aci: &Aci,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        tokens::add_reset_token(&mut self.keyed, token, aci, expires).await
    }

    async fn take_reset_token(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError> {
        tokens::take_reset_token(&mut self.keyed, token, now).await
    }

    async fn add_invite(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        tokens::add_invite(&mut self.keyed, code, now, expires).await
    }

    async fn cancel_invite(&mut self, code: &TokenHash) -> Result<bool, StoreError> {
        tokens::cancel_invite(&mut self.keyed, code).await
    }

    async fn take_invite(&mut self, code: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
        tokens::take_invite(&mut self.keyed, code, now).await
    }

    async fn add_identity(
        &mut self,
        name: &IdentityName,
        aci: &Aci,
        device: DeviceId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        if devices::one(&mut self.keyed, aci, device).await?.is_none() {
            return Err(StoreError::DeviceMissing);
        }
        identities::add(&mut self.keyed, name, aci, device, rng).await
    }

    async fn set_identity_device(
        &mut self,
        name: &IdentityName,
        device: DeviceId,
    ) -> Result<bool, StoreError> {
        identities::set_device(&mut self.keyed, name, device).await
    }

    async fn rename_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        name: &DeviceName,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        devices::rename(&mut self.keyed, aci, id, name, rng).await
    }

    async fn delete_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        devices::delete(&mut self.keyed, aci, id, now).await
    }

    async fn purge_stale_devices(
        &mut self,
        seen_before: Timestamp,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<(Aci, DeviceId)>, StoreError> {
        devices::purge(&mut self.keyed, seen_before, most, now).await
    }

    async fn purge_expired(
        &mut self,
        now: Timestamp,
        lifetimes: &StoredLifetimes,
    ) -> Result<u64, StoreError> {
        purge::expired(&mut self.keyed, now, lifetimes).await
    }
}
