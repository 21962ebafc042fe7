//! The sealed rows of logins.

use std::convert::Infallible;

use anteroom_protocol::{Aci, Timestamp};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{columns, row_sealer::RowSealer};
use crate::{
    error::StoreError,
    keys::{BlindIndex, Keyring, SealedValue},
    login::{
        Email, IdentityName, Login, PasswordVerifier, PasswordVerifierError, PendingSignUp,
        ShadowSignUp, TokenHash,
    },
};

/// A row of `logins`.
#[derive(Clone, Debug)]
pub struct SealedLogin {
    /// The account's blind index, which is the row's key.
    pub account: BlindIndex,
    /// The blind index of the address.
    pub email_index: BlindIndex,
    /// The address.
    pub email: SealedValue,
    /// The password verifier.
    pub verifier: SealedValue,
    /// Whether the address is confirmed.
    pub verified: bool,
    /// The time at which the login was added.
    pub created: Timestamp,
}

impl SealedLogin {
    /// Seals a login.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        login: &Login,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let account = keyring.storage().account_index(&login.aci);
        let row = RowSealer::new(keyring, &[account.as_bytes()]);
        Ok(Self {
            account,
            email_index: keyring.storage().email_index(&login.email),
            email: row.seal(columns::LOGIN_EMAIL, login.email.as_str().as_bytes(), rng)?,
            verifier: sealed_verifier(&login.aci, &login.verifier, keyring, rng)?,
            verified: login.verified,
            created: login.created,
        })
    }

    /// Unseals the login of the account `aci`.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved, the blind index included.
    pub fn open(&self, aci: Aci, keyring: &Keyring) -> Result<Login, StoreError> {
        let row = RowSealer::new(keyring, &[self.account.as_bytes()]);
        let verifier = row.open_text(columns::LOGIN_VERIFIER, &self.verifier, stored_verifier)?;
        Ok(Login {
            aci,
            email: self.open_email(keyring)?,
            verifier,
            verified: self.verified,
            created: self.created,
        })
    }

    /// Unseals the address alone.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open_email(&self, keyring: &Keyring) -> Result<Email, StoreError> {
        let row = RowSealer::new(keyring, &[self.account.as_bytes()]);
        row.open_text(columns::LOGIN_EMAIL, &self.email, |email| {
            Ok::<_, Infallible>(Email::from_stored(email))
        })
    }
}

/// Seals the password verifier of an account's login.
///
/// # Errors
/// [`StoreError::InvalidValue`] for a value too long to be sealed.
pub fn sealed_verifier(
    aci: &Aci,
    verifier: &PasswordVerifier,
    keyring: &Keyring,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SealedValue, StoreError> {
    let account = keyring.storage().account_index(aci);
    let row = RowSealer::new(keyring, &[account.as_bytes()]);
    row.seal(columns::LOGIN_VERIFIER, verifier.as_str().as_bytes(), rng)
}

/// A row of `sign_ups`.
#[derive(Clone, Debug)]
pub struct SealedSignUp {
    /// The token's hash, which is the row's key.
    pub token: TokenHash,
    /// The account's blind index.
    pub account: BlindIndex,
    /// The password verifier.
    pub verifier: SealedValue,
}

impl SealedSignUp {
    /// Seals a sign-up.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        sign_up: &PendingSignUp,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let account = keyring.storage().account_index(&sign_up.aci);
        let row = RowSealer::new(keyring, &[sign_up.token.as_bytes(), account.as_bytes()]);
        let verifier = sign_up.verifier.as_str().as_bytes();
        Ok(Self {
            token: sign_up.token,
            account,
            verifier: row.seal(columns::SIGN_UP_VERIFIER, verifier, rng)?,
        })
    }

    /// Unseals the password verifier.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<PasswordVerifier, StoreError> {
        let row = RowSealer::new(keyring, &[self.token.as_bytes(), self.account.as_bytes()]);
        row.open_text(columns::SIGN_UP_VERIFIER, &self.verifier, stored_verifier)
    }
}

/// A row of `shadow_sign_ups`.
#[derive(Clone, Debug)]
pub struct SealedShadow {
    /// The account's blind index, which is the row's key.
    pub account: BlindIndex,
    /// The password verifier.
    pub verifier: SealedValue,
}

impl SealedShadow {
    /// Seals a shadow.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        shadow: &ShadowSignUp,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let account = keyring.storage().account_index(&shadow.aci);
        let row = RowSealer::new(keyring, &[account.as_bytes()]);
        let verifier = shadow.verifier.as_str().as_bytes();
        Ok(Self {
            account,
            verifier: row.seal(columns::SHADOW_SIGN_UP_VERIFIER, verifier, rng)?,
        })
    }

    /// Unseals the password verifier.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<PasswordVerifier, StoreError> {
        let row = RowSealer::new(keyring, &[self.account.as_bytes()]);
        row.open_text(
            columns::SHADOW_SIGN_UP_VERIFIER,
            &self.verifier,
            stored_verifier,
        )
    }
}

fn stored_verifier(text: &str) -> Result<PasswordVerifier, PasswordVerifierError> {
    PasswordVerifier::new(Zeroizing::new(text.to_owned()))
}

/// A row of `identities`.
#[derive(Clone, Debug)]
pub struct SealedIdentity {
    /// The blind index of the identity, which is the row's key.
    pub index: BlindIndex,
    /// The provider.
    pub issuer: SealedValue,
    /// The person's name at the provider.
    pub subject: SealedValue,
}

impl SealedIdentity {
    /// Seals an identity.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        name: &IdentityName,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let index = keyring.storage().identity_index(name);
        let row = RowSealer::new(keyring, &[index.as_bytes()]);
        Ok(Self {
            issuer: row.seal(columns::IDENTITY_ISSUER, name.issuer.as_bytes(), rng)?,
            subject: row.seal(columns::IDENTITY_SUBJECT, name.subject.as_bytes(), rng)?,
            index,
        })
    }
}
