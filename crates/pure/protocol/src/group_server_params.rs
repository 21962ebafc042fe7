//! The server params for groups (section 8).

use anteroom_kvac::{
    KeyPair, Point, PublicKey, Sho,
    codec::{Encoding, Reader},
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

// A storage format of this project, which is not transmitted.
anteroom_kvac::layout! {
    GroupServerSecretParams[1 + KeyPair::LENGTH + 32] -> Zeroizing<Vec<u8>> =
        "00 || credential private key || sk", version 0
}

impl Encoding for GroupServerSecretParams {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self::new(KeyPair::read(MODE, reader)?, reader.read()?))
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.credential_key.write(bytes);
        self.endorsement_key.write(bytes);
    }
}

impl GroupServerSecretParams {
    /// Generates both keys, each from randomness of its own.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn generate(credential: Randomness, endorsement: Randomness) -> Self {
        let credential_key = KeyPair::generate(MODE, &credential);
        Self::new(credential_key, EndorsementKey::generate(&endorsement))
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
anteroom_kvac::layout! {
    GroupServerPublicParams[673] -> Vec<u8> =
        "00 || seven entries || C_W || I_2 ... I_7 || PK", version 0
}

impl Encoding for GroupServerPublicParams {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            unused: reader.read()?,
            credential_key: PublicKey::read(MODE, reader)?,
            endorsement_key: reader.read()?,
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.unused.write(bytes);
        self.credential_key.write(bytes);
        self.endorsement_key.write(bytes);
    }
}

impl GroupServerPublicParams {
    /// Returns the id that clients pin.
    #[must_use]
    pub fn id(&self) -> ParamsId {
        ParamsId::of(&self.to_bytes())
    }
}
