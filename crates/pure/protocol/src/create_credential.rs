//! The create credential: the statement that an account may create a room on a day (section 5.1).
//!
//! The issuer knows the account and signs a blinded room id; the room service learns the room and receives
//! the account encrypted. Attribute slots: 0 the day, 1 and 2 the ACI, 3 the room id.

use anteroom_kvac::{
    BlindIssuanceResponse, BlindedPoint, BlindingKey, Credential, PRESENTATION_4, Point,
    PresentationProof, Sho,
    codec::{Reader, Writer},
    public_day,
};
use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::Zeroizing;

use crate::{
    Aci, CallLinkPublicParams, CallLinkSecretParams, GenericPublicParams, GenericSecretParams,
    HOUR, Mode, ParseError, Randomness, RoomId, Timestamp, UidCiphertext, VerifyError, uid,
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

impl CreateCredentialRequestContext {
    /// The length in bytes.
    pub const LENGTH: usize = 97;

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

    /// Parses `00 || D1 || D2 || y`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let blinded = BlindedPoint::read(&mut reader)?;
        let y: Scalar = reader.scalar()?;
        reader.finish()?;
        Ok(Self {
            blinded,
            blinding: BlindingKey::new(y),
        })
    }

    /// Serializes `00 || D1 || D2 || y`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(0);
        self.blinded.write(&mut bytes);
        bytes.put_scalar(self.blinding.private());
        bytes
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

impl CreateCredentialRequest {
    /// The length in bytes.
    pub const LENGTH: usize = 97;

    /// Parses `00 || D1 || D2 || Y`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let blinded = BlindedPoint::read(&mut reader)?;
        let blinding = reader.point()?;
        reader.finish()?;
        Ok(Self { blinded, blinding })
    }

    /// Serializes `00 || D1 || D2 || Y`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(0);
        self.blinded.write(&mut bytes);
        bytes.put_point(&self.blinding);
        bytes
    }

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

impl CreateCredentialResponse {
    /// The length in bytes.
    pub const LENGTH: usize = 465;

    /// Parses `v || timestamp || t || U || S1 || S2 || vec(proof)`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let (mode, timestamp) = read_head(&mut reader)?;
        let response = BlindIssuanceResponse::read(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            mode,
            timestamp,
            response,
        })
    }

    /// Serializes `v || timestamp || t || U || S1 || S2 || vec(proof)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        write_head(self.mode, self.timestamp, &mut bytes);
        self.response.write(&mut bytes);
        bytes
    }

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

impl CreateCredential {
    /// The length in bytes.
    pub const LENGTH: usize = 105;

    /// Parses `v || timestamp || t || U || V`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let (mode, timestamp) = read_head(&mut reader)?;
        let credential = Credential::read(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            mode,
            timestamp,
            credential,
        })
    }

    /// Serializes `v || timestamp || t || U || V`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        write_head(self.mode, self.timestamp, &mut bytes);
        self.credential.write(&mut bytes);
        bytes
    }

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

impl CreatePresentation {
    /// The length in bytes.
    pub const LENGTH: usize = 537;

    /// Parses `v || E_A1 || E_A2 || timestamp || presentation proof`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let mode = Mode::read(&mut reader)?;
        let user_id = UidCiphertext::read(&mut reader)?;
        let timestamp = Timestamp::from_secs(reader.u64()?);
        let proof = PRESENTATION_4.read(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            mode,
            user_id,
            timestamp,
            proof,
        })
    }

    /// Serializes `v || E_A1 || E_A2 || timestamp || presentation proof`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(self.mode.version());
        self.user_id.write(&mut bytes);
        bytes.put_u64(self.timestamp.as_secs());
        self.proof.write(&mut bytes);
        bytes
    }

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

fn read_head(reader: &mut Reader<'_>) -> Result<(Mode, Timestamp), ParseError> {
    Ok((Mode::read(reader)?, Timestamp::from_secs(reader.u64()?)))
}

fn write_head(mode: Mode, timestamp: Timestamp, bytes: &mut Vec<u8>) {
    bytes.push(mode.version());
    bytes.put_u64(timestamp.as_secs());
}
