//! The group auth credential: the statement that an account with a phone-number id may act in groups on a day
//! (section 6).
//!
//! Attribute slots: 0 the day, 1 and 2 the ACI, 3 and 4 the PNI.

use anteroom_kvac::{
    Ciphertext, Credential, ISSUANCE_5, IssuanceResponse, PRESENTATION_5, Point, PresentationProof,
    Recipient, public_day,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Aci, AuthSalt, GroupPublicParams, GroupSecretParams, GroupServerPublicParams,
    GroupServerSecretParams, Pni, Randomness, Timestamp, UidCiphertext, VerifyError,
    time::redeemable, uid,
};

const LABEL: &[u8] = b"20240222_Signal_AuthCredentialZkc";
const VERSION: u8 = 3;

/// The UUID namespace of the substitute ids of accounts without a PNI.
const STAND_IN: Uuid = Uuid::from_u128(0x019f_aa2b_7bcb_70c2_ac7f_cd77_0414_689a);

/// A group auth credential with its proof of issuance.
#[derive(Clone)]
pub struct GroupAuthCredentialResponse(IssuanceResponse);

anteroom_kvac::redacted_debug!(GroupAuthCredentialResponse);
anteroom_kvac::layout! {
    GroupAuthCredentialResponse[425] -> Vec<u8> = "03 || t || U || V || vec(proof)", version VERSION;
    0 in ISSUANCE_5
}

impl GroupAuthCredentialResponse {
    /// Issues a credential to an account with a PNI for the day that starts at `redemption`.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn issue(
        aci: &Aci,
        pni: &Pni,
        redemption: Timestamp,
        params: &GroupServerSecretParams,
        randomness: Randomness,
    ) -> Result<Self, VerifyError> {
        let aci = uid::encoded_attribute(&(*aci).into());
        account(&aci, pni, params)?
            .issue(&public(redemption), &randomness)
            .map(Self)
    }

    /// Issues a credential to an account without a PNI, over a substitute id derived from the account's salt.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    pub fn issue_without_pni(
        aci: &Aci,
        salt: &AuthSalt,
        redemption: Timestamp,
        params: &GroupServerSecretParams,
        randomness: Randomness,
    ) -> Result<Self, VerifyError> {
        Self::issue(
            aci,
            &substitute_pni(aci, salt),
            redemption,
            params,
            randomness,
        )
    }

    pub(crate) const fn new(response: IssuanceResponse) -> Self {
        Self(response)
    }

    /// Verifies the credential for the client's own ids and day.
    ///
    /// # Errors
    /// `redemption` is no midnight, or the proof does not verify.
    pub fn receive(
        &self,
        aci: &Aci,
        pni: &Pni,
        redemption: Timestamp,
        params: &GroupServerPublicParams,
    ) -> Result<GroupAuthCredential, VerifyError> {
        self.receive_as(aci, pni, *pni.as_bytes(), redemption, params)
    }

    /// Verifies the credential for an account without a PNI.
    ///
    /// # Errors
    /// `redemption` is no midnight, or the proof does not verify.
    pub fn receive_without_pni(
        &self,
        aci: &Aci,
        salt: &AuthSalt,
        redemption: Timestamp,
        params: &GroupServerPublicParams,
    ) -> Result<GroupAuthCredential, VerifyError> {
        self.receive_as(aci, &substitute_pni(aci, salt), [0; 16], redemption, params)
    }

    fn receive_as(
        &self,
        aci: &Aci,
        pni: &Pni,
        stored_pni: [u8; 16],
        redemption: Timestamp,
        params: &GroupServerPublicParams,
    ) -> Result<GroupAuthCredential, VerifyError> {
        if !redemption.is_day_aligned() {
            return Err(VerifyError);
        }
        let [m1, m2] = uid::encoded_attribute(&(*aci).into());
        let [m3, m4] = uid::encoded_attribute(&(*pni).into());
        let slots = [public(redemption), m1, m2, m3, m4];
        Ok(GroupAuthCredential {
            credential: ISSUANCE_5.receive(&params.credential_key, &slots, &self.0)?,
            aci: *aci.as_bytes(),
            aci_attribute: [m1, m2],
            pni: stored_pni,
            pni_attribute: [m3, m4],
            redemption,
        })
    }
}

/// A credential for acting in groups on one day, with its ids.
#[derive(Clone)]
pub struct GroupAuthCredential {
    credential: Credential,
    aci: [u8; 16],
    /// The attribute points of slots 1 and 2.
    aci_attribute: [Point; 2],
    /// Zeros if the account has no PNI.
    pni: [u8; 16],
    /// The attribute points of slots 3 and 4.
    pni_attribute: [Point; 2],
    redemption: Timestamp,
}

anteroom_kvac::redacted_debug!(GroupAuthCredential);
anteroom_kvac::layout! {
    GroupAuthCredential[265] -> Zeroizing<Vec<u8>> =
        "03 || t || U || V || ACI || M1 || M2 || PNI || M1 || M2 || redemption time", version VERSION;
    credential, aci, aci_attribute, pni, pni_attribute, redemption
}

impl GroupAuthCredential {
    /// Returns the midnight of the credential's day.
    #[must_use]
    pub const fn redemption(&self) -> Timestamp {
        self.redemption
    }

    /// Presents the credential to a group, with both ids encrypted under the group's key.
    ///
    /// # Errors
    /// The credential was not issued under these params.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn present(
        &self,
        params: &GroupServerPublicParams,
        group: &GroupSecretParams,
        randomness: Randomness,
    ) -> Result<GroupAuthPresentation, VerifyError> {
        let attributes = [self.aci_attribute, self.pni_attribute];
        let attributes = attributes.map(|points| points.map(|point| *point.element()));
        let ids = attributes.map(|attribute| group.uid_key.encrypt(&attribute));
        let proof = PRESENTATION_5.present(
            &self.credential,
            attributes.as_flattened(),
            &params.credential_key,
            &group.uid_key,
            &group.public_params().presentation_context(&ids),
            &randomness,
        )?;
        Ok(GroupAuthPresentation {
            proof,
            ids,
            redemption: self.redemption,
        })
    }
}

/// The proof of holding a group auth credential.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupAuthPresentation {
    proof: PresentationProof<5>,
    /// The ciphertexts of ACI and PNI.
    ids: [Ciphertext; 2],
    redemption: Timestamp,
}

anteroom_kvac::redacted_debug!(GroupAuthPresentation);
anteroom_kvac::layout! {
    GroupAuthPresentation[633] -> Vec<u8> =
        "03 || presentation proof || ACI ciphertext || PNI ciphertext || redemption time", version VERSION;
    proof in PRESENTATION_5, ids, redemption
}

impl GroupAuthPresentation {
    /// Returns the account id, encrypted under the group's key.
    #[must_use]
    pub const fn aci_ciphertext(&self) -> UidCiphertext {
        let [aci, _] = self.ids;
        UidCiphertext(aci)
    }

    /// Returns the phone-number id, encrypted under the group's key.
    #[must_use]
    pub const fn pni_ciphertext(&self) -> UidCiphertext {
        let [_, pni] = self.ids;
        UidCiphertext(pni)
    }

    /// Verifies the presentation: `redemption - 1 day <= now <= redemption + 2 days`, then the proof.
    ///
    /// # Errors
    /// The day or the proof does not verify.
    pub fn verify(
        &self,
        now: Timestamp,
        params: &GroupServerSecretParams,
        group: &GroupPublicParams,
    ) -> Result<(), VerifyError> {
        if !redeemable(self.redemption, now) {
            return Err(VerifyError);
        }
        PRESENTATION_5.verify(
            &self.proof,
            &public(self.redemption),
            &[],
            &params.credential_key,
            &group.presentation_context(&self.ids),
        )
    }
}

/// Returns the attribute point of slot 0.
pub(crate) fn public(redemption: Timestamp) -> Point {
    public_day(LABEL, redemption.as_secs())
}

/// Returns the issuance to an account, given the attribute points of its ACI and its PNI.
pub(crate) fn account<'p>(
    &[m1, m2]: &[Point; 2],
    pni: &Pni,
    params: &'p GroupServerSecretParams,
) -> Result<Recipient<'p>, VerifyError> {
    let [m3, m4] = uid::encoded_attribute(&(*pni).into());
    ISSUANCE_5.account(&params.credential_key, &[m1, m2, m3, m4])
}

/// Derives the substitute for a PNI: a version-5 UUID over `SHA256(salt) || ACI`, which no account has.
pub(crate) fn substitute_pni(aci: &Aci, salt: &AuthSalt) -> Pni {
    let hashed: [u8; 32] = Sha256::digest(salt.as_bytes()).into();
    let name = Zeroizing::new([hashed.as_slice(), aci.as_bytes()].concat());
    Pni::from_bytes(*Uuid::new_v5(&STAND_IN, &name).as_bytes())
}
