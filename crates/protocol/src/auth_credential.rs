//! The call-link auth credential: "this account may use call links on this day" (section 5.2).
//!
//! Slots: 0 the day, 1 and 2 the ACI.

use anteroom_kvac::{
    Account, Credential, ISSUANCE_3, Issued, PRESENTATION_3, Point, Presented,
    codec::{Reader, Writer},
    public_day,
};
use zeroize::Zeroizing;

use crate::{
    Aci, CallLinkPublicParams, CallLinkSecretParams, GenericPublicParams, GenericSecretParams,
    Mode, ParseError, Randomness, Timestamp, UidCiphertext, VerifyError, time::redeemable, uid,
};

const LABEL: &[u8] = b"20230421_Signal_CallLinkAuthCredential";

/// An auth credential with the proof that it is sound.
#[derive(Clone)]
pub struct AuthCredentialResponse {
    mode: Mode,
    issued: Issued,
}

anteroom_kvac::redacted_debug!(AuthCredentialResponse);

impl AuthCredentialResponse {
    /// Length in bytes.
    pub const LENGTH: usize = 361;

    /// Issues for an account and the day that starts at `redemption`.
    ///
    /// # Errors
    /// If the computation went wrong: nothing leaves that does not verify.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn issue(
        aci: &Aci,
        redemption: Timestamp,
        params: &GenericSecretParams,
        randomness: Randomness,
    ) -> Result<Self, VerifyError> {
        let account = account(&uid::encoded_attribute(&(*aci).into()), params)?;
        Ok(Self {
            mode: params.mode(),
            issued: account.issue(&public(redemption), &randomness)?,
        })
    }

    /// Checks it against the client's own account and day.
    ///
    /// # Errors
    /// If it is of another mode than the params, `redemption` is no midnight, or it does not
    /// verify.
    pub fn receive(
        &self,
        aci: &Aci,
        redemption: Timestamp,
        params: &GenericPublicParams,
    ) -> Result<AuthCredential, VerifyError> {
        if self.mode != params.mode() || !redemption.is_day_aligned() {
            return Err(VerifyError);
        }
        let [m1, m2] = uid::encoded_attribute(&(*aci).into());
        let attributes = [public(redemption), m1, m2];
        Ok(AuthCredential {
            mode: self.mode,
            credential: ISSUANCE_3.receive(&params.0, &attributes, &self.issued)?,
        })
    }

    pub(crate) const fn new(mode: Mode, issued: Issued) -> Self {
        Self { mode, issued }
    }

    /// Parses `v || t || U || V || vec(proof)`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let mode = Mode::read(&mut reader)?;
        let issued = ISSUANCE_3.read(&mut reader)?;
        reader.finish()?;
        Ok(Self { mode, issued })
    }

    /// `v || t || U || V || vec(proof)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(self.mode.version());
        self.issued.write(&mut bytes);
        bytes
    }
}

/// The right to use call links on one day.
#[derive(Clone)]
pub struct AuthCredential {
    mode: Mode,
    credential: Credential,
}

anteroom_kvac::redacted_debug!(AuthCredential);

impl AuthCredential {
    /// Length in bytes.
    pub const LENGTH: usize = 97;

    /// Parses `v || t || U || V`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let mode = Mode::read(&mut reader)?;
        let credential = Credential::read(&mut reader)?;
        reader.finish()?;
        Ok(Self { mode, credential })
    }

    /// `v || t || U || V`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(self.mode.version());
        self.credential.write(&mut bytes);
        bytes
    }

    /// Presents it, the account encrypted under a link's params.
    ///
    /// # Errors
    /// If the credential is not for this account and day, or of another mode than the params.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn present(
        &self,
        aci: &Aci,
        redemption: Timestamp,
        params: &GenericPublicParams,
        link: &CallLinkSecretParams,
        randomness: Randomness,
    ) -> Result<AuthPresentation, VerifyError> {
        if self.mode != params.mode() {
            return Err(VerifyError);
        }
        let attribute = uid::attribute(&(*aci).into());
        let user_id = UidCiphertext(link.0.encrypt(&attribute));
        let presented = PRESENTATION_3.present(
            &self.credential,
            &attribute,
            &params.0,
            &link.0,
            &link.public_params().shown(&user_id),
            &randomness,
        )?;
        Ok(AuthPresentation {
            mode: self.mode,
            presented,
            user_id,
            redemption,
        })
    }
}

/// The proof of holding an auth credential.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthPresentation {
    mode: Mode,
    presented: Presented<3>,
    user_id: UidCiphertext,
    redemption: Timestamp,
}

anteroom_kvac::redacted_debug!(AuthPresentation);

impl AuthPresentation {
    /// Length in bytes.
    pub const LENGTH: usize = 505;

    /// Parses `v || presentation proof || E_A1 || E_A2 || redemption time`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let mode = Mode::read(&mut reader)?;
        let presented = PRESENTATION_3.read(&mut reader)?;
        let user_id = UidCiphertext::read(&mut reader)?;
        let redemption = Timestamp::from_secs(reader.u64()?);
        reader.finish()?;
        Ok(Self {
            mode,
            presented,
            user_id,
            redemption,
        })
    }

    /// `v || presentation proof || E_A1 || E_A2 || redemption time`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(self.mode.version());
        self.presented.write(&mut bytes);
        self.user_id.write(&mut bytes);
        bytes.put_u64(self.redemption.as_secs());
        bytes
    }

    /// The user, encrypted under the link's params.
    #[must_use]
    pub const fn user_id(&self) -> UidCiphertext {
        self.user_id
    }

    /// The mode of the params it was made under.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether its day is near enough: `redemption - 1 day <= now <= redemption + 2 days`.
    #[must_use]
    pub fn is_redeemable(&self, now: Timestamp) -> bool {
        redeemable(self.redemption, now)
    }

    /// Verifies it: [that its day is near enough](Self::is_redeemable), then the proof.
    ///
    /// # Errors
    /// If it does not hold.
    pub fn verify(
        &self,
        now: Timestamp,
        params: &GenericSecretParams,
        link: &CallLinkPublicParams,
    ) -> Result<(), VerifyError> {
        if !self.is_redeemable(now) || self.mode != params.mode() {
            return Err(VerifyError);
        }
        PRESENTATION_3.verify(
            &self.presented,
            &public(self.redemption),
            &[],
            &params.key,
            &link.shown(&self.user_id),
        )
    }
}

/// Slot 0.
pub(crate) fn public(redemption: Timestamp) -> Point {
    public_day(LABEL, redemption.as_secs())
}

/// An account to issue to, by its ACI's attribute points.
pub(crate) fn account<'p>(
    aci: &[Point; 2],
    params: &'p GenericSecretParams,
) -> Result<Account<'p>, VerifyError> {
    ISSUANCE_3.account(&params.key, aci)
}
