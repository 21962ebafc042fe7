//! The create credential: the statement that an account may create a room on a day (section 5.1).
//!
//! The issuer knows the account and signs a blinded room id; the room service learns the room and receives
//! the account encrypted. Attribute slots: 0 the day, 1 and 2 the ACI, 3 the room id.

use anteroom_kvac::{
    BlindIssuanceResponse, BlindedPoint, BlindingKey, Credential, PRESENTATION_4, Point,
    PresentationProof, Sho, public_day,
};
use curve25519_dalek::RistrettoPoint;
use zeroize::Zeroizing;

use crate::{
    Aci, CallLinkPublicParams, CallLinkSecretParams, GenericPublicParams, GenericSecretParams,
    HOUR, Mode, Randomness, RoomId, Timestamp, UidCiphertext, VerifyError, uid,
};

const LABEL: &[u8] = b"20230413_Signal_CreateCallLinkCredential";
const REQUEST: &[u8] = b"20230413_Signal_CreateCallLinkCredentialRequest";
const ROOM_ID: &[u8] = b"20230413_Signal_CallLinkRoomId";

/// The time for which presentations are valid, from the start of the credential's day, in seconds.
const VALIDITY: u64 = 30 * HOUR;

/// The blinding of a room id, which the client keeps secret between request and response.
pub struct CreateCredentialRequestContext {
    blinded: BlindedPoint,
    blinding: BlindingKey,
}

anteroom_kvac::redacted_debug!(CreateCredentialRequestContext);
anteroom_kvac::layout! {
    CreateCredentialRequestContext[97] -> Zeroizing<Vec<u8>> = "00 || D1 || D2 || y", version 0;
    blinded, blinding
}

impl CreateCredentialRequestContext {
    /// Blinds a room id.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn new(room_id: &RoomId, randomness: Randomness) -> Self {
        let mut sho = Sho::of(REQUEST, randomness.as_bytes());
        let blinding = BlindingKey::new(sho.scalar());
        let r = Zeroizing::new(sho.scalar());
        let blinded = blinding.blind(&room_attribute(room_id), &r);
        Self { blinded, blinding }
    }

    /// Returns the request to the issuer.
    #[must_use]
    pub fn request(&self) -> CreateCredentialRequest {
        CreateCredentialRequest {
            blinded: self.blinded.clone(),
            blinding: *self.blinding.public(),
        }
    }

    /// Verifies the response and removes the blinding.
    ///
    /// # Errors
    /// The response has another mode than the params, its time is no midnight, or the proof does not verify.
    pub fn receive(
        &self,
        response: &CreateCredentialResponse,
        aci: &Aci,
        params: &GenericPublicParams,
    ) -> Result<CreateCredential, VerifyError> {
        if response.mode != params.mode() || !response.timestamp.is_day_aligned() {
            return Err(VerifyError);
        }
        let clear = clear_attributes(aci, response.timestamp);
        let credential =
            response
                .response
                .receive(&params.0, &clear, &self.blinding, &self.blinded)?;
        Ok(CreateCredential {
            mode: response.mode,
            timestamp: response.timestamp,
            credential,
        })
    }
}

/// The blinded room id: an ElGamal ciphertext under a one-time key.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateCredentialRequest {
    blinded: BlindedPoint,
    blinding: Point,
}

anteroom_kvac::redacted_debug!(CreateCredentialRequest);
anteroom_kvac::layout! {
    CreateCredentialRequest[97] -> Vec<u8> = "00 || D1 || D2 || Y", version 0;
    blinded, blinding
}

impl CreateCredentialRequest {
    /// Issues a credential to an account. `timestamp` is the midnight of its day.
    ///
    /// # Errors
    /// The computation was faulty: a credential that does not verify is not returned.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn issue(
        &self,
        aci: &Aci,
        timestamp: Timestamp,
        params: &GenericSecretParams,
        randomness: Randomness,
    ) -> Result<CreateCredentialResponse, VerifyError> {
        let clear = clear_attributes(aci, timestamp);
        let response = BlindIssuanceResponse::issue(
            &params.key,
            &clear,
            &self.blinding,
            &self.blinded,
            &randomness,
        )?;
        Ok(CreateCredentialResponse {
            mode: params.mode(),
            timestamp,
            response,
        })
    }
}

/// A blinded credential with its proof of issuance.
#[derive(Clone)]
pub struct CreateCredentialResponse {
    mode: Mode,
    timestamp: Timestamp,
    response: BlindIssuanceResponse,
}

anteroom_kvac::redacted_debug!(CreateCredentialResponse);
anteroom_kvac::layout! {
    CreateCredentialResponse[465] -> Vec<u8> = "v || timestamp || t || U || S1 || S2 || vec(proof)";
    mode, timestamp, response
}

impl CreateCredentialResponse {
    /// Returns the midnight of the credential's day.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

/// A credential for creating one room on one day.
#[derive(Clone)]
pub struct CreateCredential {
    mode: Mode,
    timestamp: Timestamp,
    credential: Credential,
}

anteroom_kvac::redacted_debug!(CreateCredential);
anteroom_kvac::layout! {
    CreateCredential[105] -> Zeroizing<Vec<u8>> = "v || timestamp || t || U || V";
    mode, timestamp, credential
}

impl CreateCredential {
    /// Returns the midnight of the credential's day.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns the moment from which presentations are refused: 30 hours after the start of the day.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.timestamp.plus(VALIDITY)
    }

    /// Presents the credential for its room, with the account encrypted under the link's params.
    ///
    /// # Errors
    /// The credential is not for this account and room, or has another mode than the params.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn present(
        &self,
        aci: &Aci,
        room_id: &RoomId,
        params: &GenericPublicParams,
        link: &CallLinkSecretParams,
        randomness: Randomness,
    ) -> Result<CreatePresentation, VerifyError> {
        if self.mode != params.mode() {
            return Err(VerifyError);
        }
        let [m1, m2] = uid::attribute(&(*aci).into());
        let user_id = UidCiphertext(link.0.encrypt(&[m1, m2]));
        let proof = PRESENTATION_4.present(
            &self.credential,
            &[m1, m2, room_attribute(room_id)],
            &params.0,
            &link.0,
            &link.public_params().presentation_context(&user_id),
            &randomness,
        )?;
        Ok(CreatePresentation {
            mode: self.mode,
            user_id,
            timestamp: self.timestamp,
            proof,
        })
    }
}

/// The proof of holding a create credential for one room.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatePresentation {
    mode: Mode,
    user_id: UidCiphertext,
    timestamp: Timestamp,
    proof: PresentationProof<4>,
}

anteroom_kvac::redacted_debug!(CreatePresentation);
anteroom_kvac::layout! {
    CreatePresentation[537] -> Vec<u8> = "v || E_A1 || E_A2 || timestamp || presentation proof";
    mode, user_id, timestamp, proof in PRESENTATION_4
}

impl CreatePresentation {
    /// Returns the creator, encrypted under the link's params.
    #[must_use]
    pub const fn user_id(&self) -> UidCiphertext {
        self.user_id
    }

    /// Returns the mode of the params under which the presentation was made.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns whether the presentation is accepted at `now`: `timestamp <= now < timestamp + 30 h`.
    #[must_use]
    pub fn is_redeemable(&self, now: Timestamp) -> bool {
        self.timestamp <= now && now < self.timestamp.plus(VALIDITY)
    }

    /// Verifies the presentation for a room: [its day](Self::is_redeemable), then the proof.
    ///
    /// # Errors
    /// The day or the proof does not verify.
    pub fn verify(
        &self,
        room_id: &RoomId,
        now: Timestamp,
        params: &GenericSecretParams,
        link: &CallLinkPublicParams,
    ) -> Result<(), VerifyError> {
        if !self.is_redeemable(now) || self.mode != params.mode() {
            return Err(VerifyError);
        }
        PRESENTATION_4.verify(
            &self.proof,
            &public_day(LABEL, self.timestamp.as_secs()),
            &[room_attribute(room_id)],
            &params.key,
            &link.presentation_context(&self.user_id),
        )
    }
}

/// Returns the attribute points of slots 0 to 2, which the issuer knows.
fn clear_attributes(aci: &Aci, timestamp: Timestamp) -> [Point; 3] {
    let [m1, m2] = uid::encoded_attribute(&(*aci).into());
    [public_day(LABEL, timestamp.as_secs()), m1, m2]
}

/// Returns the attribute point of slot 3.
fn room_attribute(room_id: &RoomId) -> RistrettoPoint {
    Sho::of(ROOM_ID, room_id.as_bytes()).point()
}
