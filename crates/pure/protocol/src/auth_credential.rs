//! The call-link auth credential: the statement that an account may use call links on a day (section 5.2).
//!
//! Attribute slots: 0 the day, 1 and 2 the ACI.

use anteroom_kvac::{
    Credential, ISSUANCE_3, IssuanceResponse, PRESENTATION_3, Point, PresentationContext,
    PresentationProof, Recipient, public_day,
};
use zeroize::Zeroizing;

use crate::{
    Aci, CallLinkPublicParams, CallLinkSecretParams, GenericPublicParams, GenericSecretParams,
    MemberKey, Mode, Randomness, Timestamp, UidCiphertext, VerifyError, time::redeemable, uid,
};

const LABEL: &[u8] = b"20230421_Signal_CallLinkAuthCredential";

/// An auth credential with its proof of issuance.
#[derive(Clone)]
pub struct AuthCredentialResponse {
    mode: Mode,
    response: IssuanceResponse,
}

anteroom_kvac::redacted_debug!(AuthCredentialResponse);
anteroom_kvac::layout! {
    AuthCredentialResponse[361] -> Vec<u8> = "v || t || U || V || vec(proof)";
    mode, response in ISSUANCE_3
}

impl AuthCredentialResponse {
    /// Issues a credential to an account for the day that starts at `redemption`.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
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
            response: account.issue(&public(redemption), &randomness)?,
        })
    }

    /// Verifies the credential for the client's own account and day.
    ///
    /// # Errors
    /// The response has another mode than the params, `redemption` is no midnight, or the proof does not
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
            credential: ISSUANCE_3.receive(&params.0, &attributes, &self.response)?,
        })
    }

    pub(crate) const fn new(mode: Mode, response: IssuanceResponse) -> Self {
        Self { mode, response }
    }
}

/// A credential for using call links on one day.
#[derive(Clone)]
pub struct AuthCredential {
    mode: Mode,
    credential: Credential,
}

anteroom_kvac::redacted_debug!(AuthCredential);
anteroom_kvac::layout! {
    AuthCredential[97] -> Zeroizing<Vec<u8>> = "v || t || U || V";
    mode, credential
}

impl AuthCredential {
    /// Presents the credential, with the account encrypted under a link's params, for no member key.
    ///
    /// # Errors
    /// As [`Self::present_for`].
    pub fn present(
        &self,
        aci: &Aci,
        redemption: Timestamp,
        params: &GenericPublicParams,
        link: &CallLinkSecretParams,
        randomness: Randomness,
    ) -> Result<AuthPresentation, VerifyError> {
        self.present_for(aci, redemption, params, link, None, randomness)
    }

    /// Presents the credential, with the account encrypted under a link's params. The presentation verifies
    /// for this member key alone, or for none.
    ///
    /// # Errors
    /// The credential is not for this account and day, or has another mode than the params.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn present_for(
        &self,
        aci: &Aci,
        redemption: Timestamp,
        params: &GenericPublicParams,
        link: &CallLinkSecretParams,
        member: Option<&MemberKey>,
        randomness: Randomness,
    ) -> Result<AuthPresentation, VerifyError> {
        if self.mode != params.mode() {
            return Err(VerifyError);
        }
        let attribute = uid::attribute(&(*aci).into());
        let user_id = UidCiphertext(link.0.encrypt(&attribute));
        let proof = PRESENTATION_3.present(
            &self.credential,
            &attribute,
            &params.0,
            &link.0,
            &PresentationContext {
                message: &MemberKey::presentation_message(member),
                ..link.public_params().presentation_context(&user_id)
            },
            &randomness,
        )?;
        Ok(AuthPresentation {
            mode: self.mode,
            proof,
            user_id,
            redemption,
        })
    }
}

/// The proof of holding an auth credential.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthPresentation {
    mode: Mode,
    proof: PresentationProof<3>,
    user_id: UidCiphertext,
    redemption: Timestamp,
}

anteroom_kvac::redacted_debug!(AuthPresentation);
anteroom_kvac::layout! {
    AuthPresentation[505] -> Vec<u8> = "v || presentation proof || E_A1 || E_A2 || redemption time";
    mode, proof in PRESENTATION_3, user_id, redemption
}

impl AuthPresentation {
    /// Returns the user, encrypted under the link's params.
    #[must_use]
    pub const fn user_id(&self) -> UidCiphertext {
        self.user_id
    }

    /// Returns the mode of the params under which the presentation was made.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns whether the presentation is accepted at `now`: `redemption - 1 day <= now <= redemption + 2
    /// days`.
    #[must_use]
    pub fn is_redeemable(&self, now: Timestamp) -> bool {
        redeemable(self.redemption, now)
    }

    /// Verifies the presentation for no member key.
    ///
    /// # Errors
    /// As [`Self::verify_for`].
    pub fn verify(
        &self,
        now: Timestamp,
        params: &GenericSecretParams,
        link: &CallLinkPublicParams,
    ) -> Result<(), VerifyError> {
        self.verify_for(now, params, link, None)
    }

    /// Verifies the presentation: [its day](Self::is_redeemable), then the proof, which holds only for the
    /// member key for which it was made, or for none.
    ///
    /// # Errors
    /// The day or the proof does not verify.
    pub fn verify_for(
        &self,
        now: Timestamp,
        params: &GenericSecretParams,
        link: &CallLinkPublicParams,
        member: Option<&MemberKey>,
    ) -> Result<(), VerifyError> {
        if !self.is_redeemable(now) || self.mode != params.mode() {
            return Err(VerifyError);
        }
        PRESENTATION_3.verify(
            &self.proof,
            &public(self.redemption),
            &[],
            &params.key,
            &PresentationContext {
                message: &MemberKey::presentation_message(member),
                ..link.presentation_context(&self.user_id)
            },
        )
    }
}

/// Returns the attribute point of slot 0.
pub(crate) fn public(redemption: Timestamp) -> Point {
    public_day(LABEL, redemption.as_secs())
}

/// Returns the issuance to an account, given the attribute points of its ACI.
pub(crate) fn account<'p>(
    aci: &[Point; 2],
    params: &'p GenericSecretParams,
) -> Result<Recipient<'p>, VerifyError> {
    ISSUANCE_3.account(&params.key, aci)
}
