//! The create credential: "this account may create this room today" (section 5.1).
//!
//! The issuer knows the account and signs a blinded room id; the room service learns the room and
//! sees the account encrypted. Slots: 0 the day, 1 and 2 the ACI, 3 the room id.

use anteroom_kvac::{
    BlindIssued, BlindedPoint, BlindingKey, Credential, PRESENTATION_4, Point, Presented, Sho,
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

/// How long after the start of its day a presentation is good, in seconds.
const VALIDITY: u64 = 30 * HOUR;

/// The client's secret between request and response: the blinding.
pub struct CreateCredentialRequestContext {
    blinded: BlindedPoint,
    blinding: BlindingKey,
}

anteroom_kvac::redacted_debug!(CreateCredentialRequestContext);

impl CreateCredentialRequestContext {
    /// Length in bytes.
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
    /// Anything else.
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

    /// `00 || D1 || D2 || y`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(0);
        self.blinded.write(&mut bytes);
        bytes.put_scalar(self.blinding.private());
        bytes
    }

    /// The request to send.
    #[must_use]
    pub fn request(&self) -> CreateCredentialRequest {
        CreateCredentialRequest {
            blinded: self.blinded.clone(),
            blinding: *self.blinding.public(),
        }
    }

    /// Checks the response and takes the blinding off.
    ///
    /// # Errors
    /// If the response is of another mode than the params, not of a whole day, or does not verify.
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
                .issued
                .receive(&params.0, &clear, &self.blinding, &self.blinded)?;
        Ok(CreateCredential {
            mode: response.mode,
            timestamp: response.timestamp,
            credential,
        })
    }
}

/// What the issuer sees of the room: an ElGamal ciphertext under a one-off key.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateCredentialRequest {
    blinded: BlindedPoint,
    blinding: Point,
}

anteroom_kvac::redacted_debug!(CreateCredentialRequest);

impl CreateCredentialRequest {
    /// Length in bytes.
    pub const LENGTH: usize = 97;

    /// Parses `00 || D1 || D2 || Y`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let blinded = BlindedPoint::read(&mut reader)?;
        let blinding = reader.point()?;
        reader.finish()?;
        Ok(Self { blinded, blinding })
    }

    /// `00 || D1 || D2 || Y`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(0);
        self.blinded.write(&mut bytes);
        bytes.put_point(&self.blinding);
        bytes
    }

    /// Issues for an account. `timestamp` is the midnight of the day it is for.
    ///
    /// # Errors
    /// If the computation went wrong: nothing leaves that does not verify.
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn issue(
        &self,
        aci: &Aci,
        timestamp: Timestamp,
        params: &GenericSecretParams,
        randomness: Randomness,
    ) -> Result<CreateCredentialResponse, VerifyError> {
        let clear = clear_attributes(aci, timestamp);
        let issued = BlindIssued::issue(
            &params.key,
            &clear,
            &self.blinding,
            &self.blinded,
            &randomness,
        )?;
        Ok(CreateCredentialResponse {
            mode: params.mode(),
            timestamp,
            issued,
        })
    }
}

/// A credential still under the client's blinding, with the proof that it is sound.
#[derive(Clone)]
pub struct CreateCredentialResponse {
    mode: Mode,
    timestamp: Timestamp,
    issued: BlindIssued,
}

anteroom_kvac::redacted_debug!(CreateCredentialResponse);

impl CreateCredentialResponse {
    /// Length in bytes.
    pub const LENGTH: usize = 465;

    /// Parses `v || timestamp || t || U || S1 || S2 || vec(proof)`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let (mode, timestamp) = read_head(&mut reader)?;
        let issued = BlindIssued::read(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            mode,
            timestamp,
            issued,
        })
    }

    /// `v || timestamp || t || U || S1 || S2 || vec(proof)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        write_head(self.mode, self.timestamp, &mut bytes);
        self.issued.write(&mut bytes);
        bytes
    }

    /// The day it is for.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

/// The right to create one room on one day.
#[derive(Clone)]
pub struct CreateCredential {
    mode: Mode,
    timestamp: Timestamp,
    credential: Credential,
}

anteroom_kvac::redacted_debug!(CreateCredential);

impl CreateCredential {
    /// Length in bytes.
    pub const LENGTH: usize = 105;

    /// Parses `v || timestamp || t || U || V`.
    ///
    /// # Errors
    /// Anything else.
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

    /// `v || timestamp || t || U || V`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        write_head(self.mode, self.timestamp, &mut bytes);
        self.credential.write(&mut bytes);
        bytes
    }

    /// The day it is for.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The moment from which on its presentations are refused: 30 hours after the start of its day.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.timestamp.plus(VALIDITY)
    }

    /// Presents it for its room, the account encrypted under the link's params.
    ///
    /// # Errors
    /// If the credential is not for this account and room, or of another mode than the params.
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
        let presented = PRESENTATION_4.present(
            &self.credential,
            &[m1, m2, room_attribute(room_id)],
            &params.0,
            &link.0,
            &link.public_params().shown(&user_id),
            &randomness,
        )?;
        Ok(CreatePresentation {
            mode: self.mode,
            user_id,
            timestamp: self.timestamp,
            presented,
        })
    }
}

/// The proof, for one room, of holding a create credential.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatePresentation {
    mode: Mode,
    user_id: UidCiphertext,
    timestamp: Timestamp,
    presented: Presented<4>,
}

anteroom_kvac::redacted_debug!(CreatePresentation);

impl CreatePresentation {
    /// Length in bytes.
    pub const LENGTH: usize = 537;

    /// Parses `v || E_A1 || E_A2 || timestamp || presentation proof`.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let mode = Mode::read(&mut reader)?;
        let user_id = UidCiphertext::read(&mut reader)?;
        let timestamp = Timestamp::from_secs(reader.u64()?);
        let presented = PRESENTATION_4.read(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            mode,
            user_id,
            timestamp,
            presented,
        })
    }

    /// `v || E_A1 || E_A2 || timestamp || presentation proof`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(self.mode.version());
        self.user_id.write(&mut bytes);
        bytes.put_u64(self.timestamp.as_secs());
        self.presented.write(&mut bytes);
        bytes
    }

    /// The creator, encrypted under the link's params.
    #[must_use]
    pub const fn user_id(&self) -> UidCiphertext {
        self.user_id
    }

    /// The mode of the params it was made under.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether it can be redeemed now: `timestamp <= now < timestamp + 30 h`.
    #[must_use]
    pub fn is_redeemable(&self, now: Timestamp) -> bool {
        self.timestamp <= now && now < self.timestamp.plus(VALIDITY)
    }

    /// Verifies it for a room: [that it can be redeemed](Self::is_redeemable), then the proof.
    ///
    /// # Errors
    /// If it does not hold.
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
            &self.presented,
            &public_day(LABEL, self.timestamp.as_secs()),
            &[room_attribute(room_id)],
            &params.key,
            &link.shown(&self.user_id),
        )
    }
}

/// Slots 0 to 2, which the issuer knows.
fn clear_attributes(aci: &Aci, timestamp: Timestamp) -> [Point; 3] {
    let [m1, m2] = uid::encoded_attribute(&(*aci).into());
    [public_day(LABEL, timestamp.as_secs()), m1, m2]
}

/// Slot 3.
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
