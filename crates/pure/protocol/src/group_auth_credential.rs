//! The group auth credential: the statement that an account with a phone-number id may act in groups on a day
//! (section 6).
//!
//! Attribute slots: 0 the day, 1 and 2 the ACI, 3 and 4 the PNI.

use anteroom_kvac::{
    Ciphertext, Credential, ISSUANCE_5, IssuanceResponse, PRESENTATION_5, Point, PresentationProof,
    Recipient,
    codec::{Reader, Writer},
    public_day,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Aci, AuthSalt, GroupPublicParams, GroupSecretParams, GroupServerPublicParams,
    GroupServerSecretParams, ParseError, Pni, Randomness, Timestamp, UidCiphertext, VerifyError,
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

impl GroupAuthCredentialResponse {
    /// The length in bytes.
    pub const LENGTH: usize = 425;

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

    /// Parses `03 || t || U || V || vec(proof)`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(VERSION)?;
        let response = ISSUANCE_5.read(&mut reader)?;
        reader.finish()?;
        Ok(Self(response))
    }

    /// Serializes `03 || t || U || V || vec(proof)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(VERSION);
        self.0.write(&mut bytes);
        bytes
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
        let credential = ISSUANCE_5.receive(&params.credential_key, &slots, &self.0)?;
        let [_, attributes @ ..] = slots;
        Ok(GroupAuthCredential {
            credential,
            aci: *aci.as_bytes(),
            pni: stored_pni,
            attributes,
            redemption,
        })
    }
}

/// A credential for acting in groups on one day, with its ids.
#[derive(Clone)]
pub struct GroupAuthCredential {
    credential: Credential,
    aci: [u8; 16],
    /// Zeros if the account has no PNI.
    pni: [u8; 16],
    /// The attribute points of slots 1 to 4.
    attributes: [Point; 4],
    redemption: Timestamp,
}

anteroom_kvac::redacted_debug!(GroupAuthCredential);

impl GroupAuthCredential {
    /// The length in bytes.
    pub const LENGTH: usize = 265;

    /// Parses `03 || t || U || V || ACI || M1 || M2 || PNI || M1 || M2 || redemption time`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(VERSION)?;
        let credential = Credential::read(&mut reader)?;
        let aci = reader.array()?;
        let [m1, m2] = reader.points()?;
        let pni = reader.array()?;
        let [m3, m4] = reader.points()?;
        let redemption = Timestamp::from_secs(reader.u64()?);
        reader.finish()?;
        Ok(Self {
            credential,
            aci,
            pni,
            attributes: [m1, m2, m3, m4],
            redemption,
        })
    }

    /// Serializes `03 || t || U || V || ACI || M1 || M2 || PNI || M1 || M2 || redemption time`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(VERSION);
        self.credential.write(&mut bytes);
        let [m1, m2, m3, m4] = self.attributes;
        bytes.extend_from_slice(&self.aci);
        bytes.put_points(&[m1, m2]);
        bytes.extend_from_slice(&self.pni);
        bytes.put_points(&[m3, m4]);
        bytes.put_u64(self.redemption.as_secs());
        bytes
    }

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
        let attributes = self.attributes.map(|point| *point.element());
        let [m1, m2, m3, m4] = attributes;
        let ids = [[m1, m2], [m3, m4]].map(|attribute| group.uid_key.encrypt(&attribute));
        let proof = PRESENTATION_5.present(
            &self.credential,
            &attributes,
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

impl GroupAuthPresentation {
    /// The length in bytes.
    pub const LENGTH: usize = 633;

    /// Parses `03 || presentation proof || ACI ciphertext || PNI ciphertext || redemption time`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(VERSION)?;
        let proof = PRESENTATION_5.read(&mut reader)?;
        let ids = [
            Ciphertext::read(&mut reader)?,
            Ciphertext::read(&mut reader)?,
        ];
        let redemption = Timestamp::from_secs(reader.u64()?);
        reader.finish()?;
        Ok(Self {
            proof,
            ids,
            redemption,
        })
    }

    /// Serializes `03 || presentation proof || ACI ciphertext || PNI ciphertext || redemption time`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(VERSION);
        self.proof.write(&mut bytes);
        for id in &self.ids {
            id.write(&mut bytes);
        }
        bytes.put_u64(self.redemption.as_secs());
        bytes
    }

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
