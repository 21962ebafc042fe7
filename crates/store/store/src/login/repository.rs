//! The part of the issuer's transactions that concerns logins.

use anteroom_protocol::{Aci, DeviceId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    ConfirmOutcome, Email, IdentityLink, IdentityName, LockPolicy, Login, LoginFailures,
    LoginOrigin, PasswordVerifier, PendingSignUp, RotateOutcome, Session, SessionCaller, SessionId,
    ShadowSignUp, TokenHash,
};
use crate::{
    account::Account,
    error::StoreError,
    overview::{Invite, LoginLock},
};

/// Reads logins.
#[async_trait]
pub trait LoginReader: Send {
    /// Reads the login of an account.
    async fn login(&mut self, aci: &Aci) -> Result<Option<Login>, StoreError>;

    /// Reads the login with an address, and its account, in a single query.
    async fn login_by_email(
        &mut self,
        email: &Email,
    ) -> Result<Option<(Login, Account)>, StoreError>;
}

/// Writes logins.
#[async_trait]
pub trait LoginRepository: LoginReader {
    /// Adds a login to an account.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if another login has the address, [`StoreError::LoginExists`] if
    /// the account has one, [`StoreError::AccountMissing`] if the account does not exist.
    async fn add_login(
        &mut self,
        login: &Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Replaces the password; `false` if the account has no login. Deletes all sign-ups and shadows
    /// of the account, so that none of them can replace the password again.
    async fn set_verifier(
        &mut self,
        aci: &Aci,
        verifier: &PasswordVerifier,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Marks the address as confirmed; `false` if the account has no login.
    async fn set_verified(&mut self, aci: &Aci) -> Result<bool, StoreError>;
}

/// Reads failed logins.
#[async_trait]
pub trait LoginFailureReader: Send {
    /// Returns the failures of an address that count at `now` for `origin`.
    async fn login_failures(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError>;

    /// Returns the failures of an address that count at `now`, from all origins, and the locks that
    /// follow from them.
    async fn login_lock(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginLock, StoreError>;
}

/// Writes failed logins.
#[async_trait]
pub trait LoginFailureRepository: LoginFailureReader {
    /// Counts a failure. Returns the failures that count then. Changes nothing while the address is
    /// locked for the origin.
    async fn note_login_failure(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError>;

    /// Shortens failures and locks that end later than the policy allows.
    async fn trim_login_failures(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<(), StoreError>;

    /// Deletes the failures of an address: from this origin, or from all.
    async fn clear_login_failures(
        &mut self,
        email: &Email,
        origin: Option<&LoginOrigin>,
    ) -> Result<(), StoreError>;
}

/// Reads sessions.
#[async_trait]
pub trait SessionReader: Send {
    /// Reads a session with its account and its device in a single query, also an expired one.
    async fn session_caller(&mut self, id: &SessionId)
    -> Result<Option<SessionCaller>, StoreError>;

    /// Lists the sessions of an account that are valid at `now`, by ascending start.
    async fn sessions(&mut self, aci: &Aci, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Returns the device whose last refresh token this is, also after its session has ended.
    async fn known_device(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<(Aci, DeviceId)>, StoreError>;
}

/// Writes sessions and their refresh tokens.
#[async_trait]
pub trait SessionRepository: SessionReader {
    /// Adds a session with its first refresh token, which becomes the last one of the device.
    ///
    /// # Errors
    /// [`StoreError::DeviceMissing`] if the account does not have the device.
    async fn add_session(&mut self, session: &Session, token: &TokenHash)
    -> Result<(), StoreError>;

    /// Exchanges a refresh token for `next`, and extends the session to `short`, or to `long` if it
    /// is a remembered one. A token that was used at most `grace` seconds before changes nothing if
    /// `next` is the token that was stored then. A token that was used earlier ends its session;
    /// that too is saved only by `save`.
    async fn rotate_refresh_token(
        &mut self,
        used: &TokenHash,
        next: &TokenHash,
        now: Timestamp,
        (short, long): (Timestamp, Timestamp),
        grace: u64,
    ) -> Result<RotateOutcome, StoreError>;

    /// Sets the end of a session; `false` if it does not exist.
    async fn extend_session(
        &mut self,
        id: &SessionId,
        expires: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends a session; `false` if it does not exist.
    async fn end_session(&mut self, id: &SessionId) -> Result<bool, StoreError>;

    /// Ends the session of a refresh token, used or not, and returns it.
    async fn end_session_of(&mut self, token: &TokenHash) -> Result<Option<Session>, StoreError>;

    /// Ends all sessions of an account, and returns their number.
    async fn end_sessions(&mut self, aci: &Aci) -> Result<u64, StoreError>;
}

/// Reads sign-ups.
#[async_trait]
pub trait SignUpReader: Send {
    /// Reads the verifier of the last shadow sign-up with the address of an account.
    async fn shadow_sign_up(&mut self, aci: &Aci) -> Result<Option<PasswordVerifier>, StoreError>;
}

/// Writes sign-ups, their shadows and their decoys.
#[async_trait]
pub trait SignUpRepository: SignUpReader {
    /// Adds a sign-up beside the account's other unconfirmed ones. Until one is confirmed, the
    /// login's password is that of the last sign-up, and such a login is only told that the address
    /// is not confirmed.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if the account does not exist.
    async fn add_sign_up(
        &mut self,
        sign_up: &PendingSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Uses the token of a sign-up: confirms the address, sets the password of this sign-up, and
    /// deletes the account's other sign-ups and shadows. Until the sign-up would have ended, the
    /// token is known as the one that confirmed the address.
    async fn confirm_sign_up(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ConfirmOutcome, StoreError>;

    /// Removes the account's only sign-up that is valid at `now`, and returns its password
    /// verifier. Returns `None` and changes nothing if there is none, or several.
    async fn take_only_sign_up(
        &mut self,
        aci: &Aci,
        now: Timestamp,
    ) -> Result<Option<PasswordVerifier>, StoreError>;

    /// Adds a shadow of a sign-up, and replaces an earlier one of the account.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if the account does not exist.
    async fn add_shadow_sign_up(
        &mut self,
        shadow: &ShadowSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Writes as much as [`TokenRepository::add_reset_token`] does, for an address that gets no token.
    async fn add_decoy_token(
        &mut self,
        token: &TokenHash,
        expires: Timestamp,
    ) -> Result<(), StoreError>;
}

/// Reads the tokens of password resets, and invites.
#[async_trait]
pub trait TokenReader: Send {
    /// Reads the account of the token of a password reset; `None` if it is unknown, used or over at
    /// `now`.
    async fn reset_token_account(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError>;

    /// Lists the invite codes that are valid at `now`, by ascending end.
    async fn invites(&mut self, now: Timestamp) -> Result<Vec<Invite>, StoreError>;
}

/// Writes the tokens of password resets, and invites.
#[async_trait]
pub trait TokenRepository: TokenReader {
    /// Adds the token of a password reset, which is valid until `expires`, and replaces an earlier
    /// one of the account.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if the account does not exist.
    async fn add_reset_token(
        &mut self,
        token: &TokenHash,
        aci: &Aci,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Uses the token of a password reset, and returns its account; `None` if it is unknown, used
    /// or expired.
    async fn take_reset_token(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError>;

    /// Adds an invite code, which is valid until `expires`.
    async fn add_invite(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Deletes an invite code; `false` if it is unknown or used.
    async fn cancel_invite(&mut self, code: &TokenHash) -> Result<bool, StoreError>;

    /// Uses an invite code; `false` if it is unknown, used or expired.
    async fn take_invite(&mut self, code: &TokenHash, now: Timestamp) -> Result<bool, StoreError>;
}

/// Reads identities at OpenID Connect providers.
#[async_trait]
pub trait IdentityReader: Send {
    /// Reads the account of an identity.
    async fn identity(&mut self, name: &IdentityName) -> Result<Option<IdentityLink>, StoreError>;
}

/// Writes identities at OpenID Connect providers.
#[async_trait]
pub trait IdentityRepository: IdentityReader {
    /// Adds an identity as a device of an account.
    ///
    /// # Errors
    /// [`StoreError::IdentityExists`] if the identity is already stored,
    /// [`StoreError::DeviceMissing`] if the account does not have the device.
    async fn add_identity(
        &mut self,
        name: &IdentityName,
        aci: &Aci,
        device: DeviceId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Sets the device that the identity's tokens sign in; `false` if the identity is unknown.
    async fn set_identity_device(
        &mut self,
        name: &IdentityName,
        device: DeviceId,
    ) -> Result<bool, StoreError>;
}
