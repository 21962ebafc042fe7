//! The part of an issuer's transaction that is about logins.

use anteroom_protocol::{Aci, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    Email, IdentityLink, IdentityName, LockPolicy, LoginFailures, LoginOrigin, PasswordVerifier,
    Session, SessionCaller, SessionId, TokenHash,
};
use crate::{
    account::{Account, AccountRole, DeviceId},
    device_name::DeviceName,
    error::StoreError,
    overview::{Invite, LoginLock},
};

/// How somebody signs in to an account: with an email address and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub aci: Aci,
    /// The address: of one account only.
    pub email: Email,
    /// The verifier of the password.
    pub verifier: PasswordVerifier,
    /// Whether the address was shown to be theirs.
    pub verified: bool,
    /// When the login was added.
    pub created: Timestamp,
}

/// A sign-up whose mail was not opened yet. An address can have several that wait; each has a
/// password of its own.
#[derive(Clone, Debug)]
pub struct PendingSignUp {
    /// The hash of the token in its mail.
    pub token: TokenHash,
    /// The account, whose address nobody has confirmed.
    pub aci: Aci,
    /// The verifier of its password.
    pub verifier: PasswordVerifier,
    /// The first moment at which it is worth nothing any more.
    pub expires: Timestamp,
}

/// A sign-up with an address that has an account already. It opens nothing: it is there so that a
/// login with its password is answered as for an address that nobody has confirmed.
#[derive(Clone, Debug)]
pub struct ShadowSignUp {
    /// The account that has the address.
    pub aci: Aci,
    /// The verifier of the sign-up's password.
    pub verifier: PasswordVerifier,
    /// The first moment at which it is worth nothing any more.
    pub expires: Timestamp,
}

/// An account as a list shows it.
#[derive(Clone, Debug)]
pub struct AccountSummary {
    /// The account.
    pub account: Account,
    /// The address of its login, if it has one.
    pub email: Option<Email>,
    /// Whether the address was shown to be theirs.
    pub verified: bool,
    /// How many devices it has.
    pub devices: u32,
}

/// The outcome of showing a refresh token.
#[derive(Clone, Debug)]
pub enum RotateOutcome {
    /// The session goes on, with the next token.
    Rotated(Session),
    /// The token was used before, at that moment, and so lately that the session goes on with the
    /// same next token.
    Repeated(Session, Timestamp),
    /// The token was used before: the session has ended.
    Reused(Session),
    /// The session was over.
    Expired,
    /// There is no such token.
    Unknown,
}

/// The outcome of showing the token of a sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The address is confirmed.
    Confirmed(Aci),
    /// This very token has confirmed the address before.
    Repeated,
    /// The token is unknown or over, or the address was confirmed otherwise.
    Invalid,
}

/// How long stored things can last from now, in seconds. What ends later was stored while a clock
/// was ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLifetimes {
    /// Failures and locks.
    pub lock: u64,
    /// Sessions.
    pub session: u64,
    /// Sessions that are to be remembered.
    pub remembered_session: u64,
    /// The links of sign-ups.
    pub sign_up: u64,
    /// The links of password resets.
    pub reset: u64,
}

/// What can be read about logins: part of an [`IssuerReader`](crate::IssuerReader), with the same
/// errors.
#[async_trait]
pub trait LoginReader: Send {
    /// The login of an account.
    async fn login(&mut self, aci: &Aci) -> Result<Option<Login>, StoreError>;

    /// The login with an address, and its account, in a single query.
    async fn login_by_email(
        &mut self,
        email: &Email,
    ) -> Result<Option<(Login, Account)>, StoreError>;

    /// The failures of an address that count at `now`, as they look from `origin`.
    async fn login_failures(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError>;

    /// The device whose last refresh token this is, also after its session has ended.
    async fn known_device(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<(Aci, DeviceId)>, StoreError>;

    /// A session with its account and its device in a single query, also one that is over.
    async fn session_caller(&mut self, id: &SessionId)
    -> Result<Option<SessionCaller>, StoreError>;

    /// The account of the token of a password reset; `None` if it is unknown, used or over at `now`.
    async fn reset_token_account(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError>;

    /// The account of somebody whom an identity provider vouches for.
    async fn identity(&mut self, name: &IdentityName) -> Result<Option<IdentityLink>, StoreError>;

    /// The verifier of the last sign-up with the address of an account.
    async fn shadow_sign_up(&mut self, aci: &Aci) -> Result<Option<PasswordVerifier>, StoreError>;

    /// At most so many accounts, in an order of its own that does not change, from the one behind
    /// `after` on.
    async fn accounts(
        &mut self,
        after: Option<&Aci>,
        most: u32,
    ) -> Result<Vec<AccountSummary>, StoreError>;

    /// The failures of an address that count at `now`, from all origins, and the locks they led to.
    async fn login_lock(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginLock, StoreError>;

    /// The sessions of an account that go on at `now`, by ascending begin.
    async fn sessions(&mut self, aci: &Aci, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// The invite codes that are good at `now`, by ascending end.
    async fn invites(&mut self, now: Timestamp) -> Result<Vec<Invite>, StoreError>;

    /// The number for a new device: one more than the highest of the account's. `None` if there is
    /// no higher one.
    async fn free_device_id(&mut self, aci: &Aci) -> Result<Option<DeviceId>, StoreError>;
}

/// What can be changed about logins: part of an [`IssuerRepository`](crate::IssuerRepository), with
/// the same errors.
///
/// Where only one can win, the statement itself decides: of several that show the same token at
/// once, one is told that it holds.
#[async_trait]
pub trait LoginRepository: LoginReader {
    /// Adds a login to an account.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if another login has the address, [`StoreError::LoginExists`] if
    /// the account has one, [`StoreError::AccountMissing`] if there is no such account.
    async fn add_login(
        &mut self,
        login: &Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Exchanges the password; `false` if the account has no login. No sign-up that waits can
    /// exchange it again: all of the account's are forgotten, shadows included.
    async fn set_verifier(
        &mut self,
        aci: &Aci,
        verifier: &PasswordVerifier,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Notes that the address is theirs; `false` if the account has no login.
    async fn set_verified(&mut self, aci: &Aci) -> Result<bool, StoreError>;

    /// Disables an account or enables it again; `false` if there is none.
    async fn set_disabled(&mut self, aci: &Aci, disabled: bool) -> Result<bool, StoreError>;

    /// Says what an account may do; `false` if there is none.
    async fn set_role(&mut self, aci: &Aci, role: AccountRole) -> Result<bool, StoreError>;

    /// Has the rate limits of an account begin anew; `false` if there is none.
    async fn renew_limits(&mut self, aci: &Aci) -> Result<bool, StoreError>;

    /// Deletes an account and all that belongs to it; `false` if there is none.
    async fn delete_account(&mut self, aci: &Aci) -> Result<bool, StoreError>;

    /// Counts a failure, and gives what counts now. While the address is locked for the origin
    /// nothing changes.
    async fn note_login_failure(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures, StoreError>;

    /// Ends what ends later than the policy allows as late as it allows.
    async fn trim_login_failures(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<(), StoreError>;

    /// Forgets the failures of an address: from this origin, or from all.
    async fn clear_login_failures(
        &mut self,
        email: &Email,
        origin: Option<&LoginOrigin>,
    ) -> Result<(), StoreError>;

    /// Adds a session with its first refresh token, which from then on is the last one of the
    /// device.
    ///
    /// # Errors
    /// [`StoreError::DeviceMissing`] if the account has no such device.
    async fn add_session(&mut self, session: &Session, token: &TokenHash)
    -> Result<(), StoreError>;

    /// Uses up a refresh token and stores the `next`, and extends the session to `short`, or to
    /// `long` if it is to be remembered. One that was used at most `grace` seconds before changes
    /// nothing, if `next` is the token that was stored then. One that was used earlier ends its
    /// session: that too lasts only after `save`.
    async fn rotate_refresh_token(
        &mut self,
        used: &TokenHash,
        next: &TokenHash,
        now: Timestamp,
        (short, long): (Timestamp, Timestamp),
        grace: u64,
    ) -> Result<RotateOutcome, StoreError>;

    /// Has a session end at `expires`; `false` if there is none.
    async fn extend_session(
        &mut self,
        id: &SessionId,
        expires: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends a session; `false` if there is none.
    async fn end_session(&mut self, id: &SessionId) -> Result<bool, StoreError>;

    /// Ends the session of a refresh token, used or not, and gives it.
    async fn end_session_of(&mut self, token: &TokenHash) -> Result<Option<Session>, StoreError>;

    /// Ends all sessions of an account, and says how many.
    async fn end_sessions(&mut self, aci: &Aci) -> Result<u64, StoreError>;

    /// Adds a sign-up, beside others of the account that wait. As long as nobody confirms any, the
    /// login's password is the one of the last, which is good for nothing but to be told so.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if there is no such account.
    async fn add_sign_up(
        &mut self,
        sign_up: &PendingSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Uses up the token of a sign-up: the address is confirmed, the password is the one of this
    /// sign-up, and the account's other sign-ups are forgotten, shadows included. Until it would have ended, the token
    /// is known as the one that did so.
    async fn confirm_sign_up(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ConfirmOutcome, StoreError>;

    /// Takes away the only sign-up of an account that waits at `now`, and gives what its password is
    /// verified against; `None`, and nothing changes, if none or several wait.
    async fn take_only_sign_up(
        &mut self,
        aci: &Aci,
        now: Timestamp,
    ) -> Result<Option<PasswordVerifier>, StoreError>;

    /// Adds a shadow of a sign-up, in place of an earlier one of the account.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if there is no such account.
    async fn add_shadow_sign_up(
        &mut self,
        shadow: &ShadowSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Writes as much as [`Self::add_reset_token`] does, for an address that gets none.
    async fn add_decoy_token(
        &mut self,
        token: &TokenHash,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Adds the token of a password reset, which is good until `expires`, in place of an earlier
    /// one of the account.
    ///
    /// # Errors
    /// [`StoreError::AccountMissing`] if there is no such account.
    async fn add_reset_token(
        &mut self,
        token: &TokenHash,
        aci: &Aci,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Uses up the token of a password reset, and gives its account; `None` if it is unknown, used
    /// or over.
    async fn take_reset_token(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>, StoreError>;

    /// Adds an invite code, which is good until `expires`.
    async fn add_invite(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), StoreError>;

    /// Deletes an invite code; `false` if it is unknown or used.
    async fn cancel_invite(&mut self, code: &TokenHash) -> Result<bool, StoreError>;

    /// Uses up an invite code; `false` if it is unknown, used or over.
    async fn take_invite(&mut self, code: &TokenHash, now: Timestamp) -> Result<bool, StoreError>;

    /// Adds somebody whom an identity provider vouches for, as a device of an account.
    ///
    /// # Errors
    /// [`StoreError::IdentityExists`] if they are there already, [`StoreError::DeviceMissing`] if
    /// the account has no such device.
    async fn add_identity(
        &mut self,
        name: &IdentityName,
        aci: &Aci,
        device: DeviceId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Has somebody's tokens sign in another device of their account; `false` if nobody vouches for
    /// them.
    async fn set_identity_device(
        &mut self,
        name: &IdentityName,
        device: DeviceId,
    ) -> Result<bool, StoreError>;

    /// Renames a device; `false` if there is none.
    async fn rename_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        name: &DeviceName,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Deletes a device with its sessions at `now`; `false` if there is none. Tokens of identity
    /// providers that signed it in until now are worth nothing any more.
    async fn delete_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes at most so many devices that were last seen before a moment, as
    /// [`Self::delete_device`] does, and names them.
    async fn purge_stale_devices(
        &mut self,
        seen_before: Timestamp,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<(Aci, DeviceId)>, StoreError>;

    /// Deletes sessions, tokens, invites and failures that mean nothing any more at `now`, and accounts
    /// whose address nobody has confirmed with their last sign-up; says how many rows. Rows that end
    /// later than they can end as late as they can from here on.
    async fn purge_expired(
        &mut self,
        now: Timestamp,
        lifetimes: &StoredLifetimes,
    ) -> Result<u64, StoreError>;
}
