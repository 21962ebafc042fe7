//! The server params for groups (section 8).

use anteroom_kvac::{
    KeyPair, Point, PublicKey, Sho,
    codec::{Encoding as _, Reader},
    endorsements::{EndorsementKey, EndorsementPublicKey},
};
use zeroize::Zeroizing;

use crate::{Mode, ParamsId, ParseError, Randomness};

/// The mode of the credential keys of groups. Existing clients know no other.
const MODE: Mode = Mode::Legacy;

/// The number of points of the families that existing clients expect and this issuer does not issue.
const UNUSED_POINTS: usize = 13;
/// The labels of those families, with the number of points of each.
const UNUSED: [(&[u8], usize); 7] = [
    (b"Anteroom_Unused_FourAttributeKey_1", 2),
    (b"Anteroom_Unused_FourAttributeKey_2", 2),
    (b"Anteroom_Unused_SignatureKey", 1),
    (b"Anteroom_Unused_ReceiptKey", 2),
    (b"Anteroom_Unused_PniKey", 2),
    (b"Anteroom_Unused_ProfileKey", 2),
    (b"Anteroom_Unused_AuthWithPniKey", 2),
];

/// The issuer's secrets for groups: the credential key and the endorsement key.
pub struct GroupServerSecretParams {
    pub(crate) credential_key: KeyPair,
    pub(crate) endorsement_key: EndorsementKey,
    public: GroupServerPublicParams,
}

anteroom_kvac::redacted_debug!(GroupServerSecretParams);

impl GroupServerSecretParams {
    /// The length of the stored form in bytes.
    pub const LENGTH: usize = 1 + KeyPair::LENGTH + 32;

    /// Generates both keys, each from randomness of its own.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn generate(credential: Randomness, endorsement: Randomness) -> Self {
        let credential_key = KeyPair::generate(MODE, &credential);
        Self::new(credential_key, EndorsementKey::generate(&endorsement))
    }

    /// Parses `00 || credential private key || sk`: a storage format of this project, which is not
    /// transmitted.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let credential_key = KeyPair::from_bytes(MODE, reader.slice(KeyPair::LENGTH)?)?;
        let endorsement_key = reader.read()?;
        reader.finish()?;
        Ok(Self::new(credential_key, endorsement_key))
    }

    /// Serializes `00 || credential private key || sk`.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::LENGTH));
        bytes.push(0);
        bytes.extend_from_slice(&self.credential_key.to_bytes());
        self.endorsement_key.write(&mut bytes);
        bytes
    }

    /// Returns the public params.
    #[must_use]
    pub const fn public_params(&self) -> &GroupServerPublicParams {
        &self.public
    }

    fn new(credential_key: KeyPair, endorsement_key: EndorsementKey) -> Self {
        let mut points = UNUSED.iter().flat_map(|(label, count)| {
            let mut sho = Sho::of(label, b"");
            (0..*count).map(move |_| Point::from(sho.point()))
        });
        let unused = [(); UNUSED_POINTS].map(|()| points.next().unwrap_or(Point::BASE));
        let public = GroupServerPublicParams {
            unused,
            credential_key: credential_key.public_key().clone(),
            endorsement_key: endorsement_key.public_key().clone(),
        };
        Self {
            credential_key,
            endorsement_key,
            public,
        }
    }
}

/// The public params in the structure that existing clients expect, 673 bytes.
///
/// Seven of its entries belong to credential families that are not issued here: each of their points is
/// hashed from a label of its own, so that its discrete logarithm is unknown to everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupServerPublicParams {
    unused: [Point; UNUSED_POINTS],
    pub(crate) credential_key: PublicKey,
    pub(crate) endorsement_key: EndorsementPublicKey,
}

anteroom_kvac::redacted_debug!(GroupServerPublicParams);

impl GroupServerPublicParams {
    /// The length in bytes.
    pub const LENGTH: usize = 673;

    /// Parses `00 || seven entries || C_W || I_2 ... I_7 || PK`.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        reader.expect(0)?;
        let params = Self {
            unused: reader.read()?,
            credential_key: PublicKey::from_bytes(MODE, reader.slice(PublicKey::LENGTH)?)?,
            endorsement_key: reader.read()?,
        };
        reader.finish()?;
        Ok(params)
    }

    /// Serializes `00 || seven entries || C_W || I_2 ... I_7 || PK`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(0);
        self.unused.write(&mut bytes);
        bytes.extend_from_slice(&self.credential_key.to_bytes());
        self.endorsement_key.write(&mut bytes);
        bytes
    }

    /// Returns the id that clients pin.
    #[must_use]
    pub fn id(&self) -> ParamsId {
        ParamsId::of(&self.to_bytes())
    }
}
