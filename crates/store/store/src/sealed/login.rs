//! The sealed rows of logins.

use anteroom_protocol::{Aci, Timestamp};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    cell::{cannot_open, open, seal},
    columns,
};
use crate::{
    error::StoreError,
    keys::{BlindIndex, Column, Keyring, SealedValue},
    login::{Email, IdentityName, Login, PasswordVerifier, PendingSignUp, ShadowSignUp, TokenHash},
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
        let email = login.email.as_str().as_bytes();
        Ok(Self {
            account,
            email_index: keyring.storage().email_index(&login.email),
            email: seal(
                keyring,
                columns::LOGIN_EMAIL,
                account.as_bytes(),
                email,
                rng,
            )?,
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
        let verifier = self.open_text(columns::LOGIN_VERIFIER, &self.verifier, keyring)?;
        Ok(Login {
            aci,
            email: self.open_email(keyring)?,
            verifier: PasswordVerifier::new(verifier)
                .map_err(|_| cannot_open(columns::LOGIN_VERIFIER))?,
            verified: self.verified,
            created: self.created,
        })
    }

    /// Unseals the address alone.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open_email(&self, keyring: &Keyring) -> Result<Email, StoreError> {
        let text = self.open_text(columns::LOGIN_EMAIL, &self.email, keyring)?;
        Ok(Email::from_stored(&text))
    }

    fn open_text(
        &self,
        column: Column,
        sealed: &SealedValue,
        keyring: &Keyring,
    ) -> Result<Zeroizing<String>, StoreError> {
        let bytes = open(keyring, column, self.account.as_bytes(), sealed)?;
        std::str::from_utf8(&bytes)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| cannot_open(column))
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
    let verifier = verifier.as_str().as_bytes();
    seal(
        keyring,
        columns::LOGIN_VERIFIER,
        account.as_bytes(),
        verifier,
        rng,
    )
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
        let row = sign_up_row(&sign_up.token, &account);
        let verifier = sign_up.verifier.as_str().as_bytes();
        Ok(Self {
            token: sign_up.token,
            account,
            verifier: seal(keyring, columns::SIGN_UP_VERIFIER, &row, verifier, rng)?,
        })
    }

    /// Unseals the password verifier.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<PasswordVerifier, StoreError> {
        let row = sign_up_row(&self.token, &self.account);
        opened_verifier(columns::SIGN_UP_VERIFIER, &row, &self.verifier, keyring)
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
    const COLUMN: Column = columns::SHADOW_SIGN_UP_VERIFIER;

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
        let verifier = shadow.verifier.as_str().as_bytes();
        Ok(Self {
            account,
            verifier: seal(keyring, Self::COLUMN, account.as_bytes(), verifier, rng)?,
        })
    }

    /// Unseals the password verifier.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<PasswordVerifier, StoreError> {
        let row = self.account.as_bytes();
        opened_verifier(Self::COLUMN, row, &self.verifier, keyring)
    }
}

fn opened_verifier(
    column: Column,
    row: &[u8],
    sealed: &SealedValue,
    keyring: &Keyring,
) -> Result<PasswordVerifier, StoreError> {
    let bytes = open(keyring, column, row, sealed)?;
    let text = str::from_utf8(&bytes).map_err(|_| cannot_open(column))?;
    PasswordVerifier::new(Zeroizing::new(text.to_owned())).map_err(|_| cannot_open(column))
}

fn sign_up_row(token: &TokenHash, account: &BlindIndex) -> Vec<u8> {
    [token.as_bytes().as_slice(), account.as_bytes()].concat()
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
        let row = index.as_bytes();
        let mut seal = |column, text: &str| seal(keyring, column, row, text.as_bytes(), rng);
        Ok(Self {
            issuer: seal(columns::IDENTITY_ISSUER, &name.issuer)?,
            subject: seal(columns::IDENTITY_SUBJECT, &name.subject)?,
            index,
        })
    }
}
