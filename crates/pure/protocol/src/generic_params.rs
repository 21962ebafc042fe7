//! The server params of call links, which the specification calls generic (section 5).

use core::fmt;

use anteroom_kvac::{
    KeyPair, PublicKey,
    codec::{Encoding, Reader},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Mode, ParseError, Randomness, fixed_bytes::parse_hex};

/// The issuer's secret params for call-link credentials. A holder can create credentials for any account.
pub struct GenericSecretParams {
    pub(crate) key: KeyPair,
    public: GenericPublicParams,
}

anteroom_kvac::redacted_debug!(GenericSecretParams);
anteroom_kvac::layout! {
    GenericSecretParams[1 + KeyPair::LENGTH] -> Zeroizing<Vec<u8>> = "v || private key"
}

impl Encoding for GenericSecretParams {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        KeyPair::read(reader.read()?, reader).map(Self::new)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.mode().write(bytes);
        self.key.write(bytes);
    }
}

impl GenericSecretParams {
    /// Generates params of one mode.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "randomness is used up")]
    pub fn generate(mode: Mode, randomness: Randomness) -> Self {
        Self::new(KeyPair::generate(mode, &randomness))
    }

    /// Returns the public params.
    #[must_use]
    pub const fn public_params(&self) -> &GenericPublicParams {
        &self.public
    }

    /// Returns the mode of the params.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.key.mode()
    }

    fn new(key: KeyPair) -> Self {
        let public = GenericPublicParams(key.public_key().clone());
        Self { key, public }
    }
}

/// The public params of call-link credentials. All clients must receive the same ones.
#[derive(Clone, PartialEq, Eq)]
pub struct GenericPublicParams(pub(crate) PublicKey);

anteroom_kvac::redacted_debug!(GenericPublicParams);
anteroom_kvac::layout! {
    GenericPublicParams[1 + PublicKey::LENGTH] -> Vec<u8> = "v || public key"
}

impl Encoding for GenericPublicParams {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        PublicKey::read(reader.read()?, reader).map(Self)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.mode().write(bytes);
        self.0.write(bytes);
    }
}

impl GenericPublicParams {
    /// Returns the mode of the credentials.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.0.mode()
    }

    /// Returns the id that links carry and clients pin.
    #[must_use]
    pub fn id(&self) -> ParamsId {
        ParamsId::of(&self.to_bytes())
    }
}

/// The id of public server params: the first 8 bytes of the SHA-256 of their bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamsId([u8; 8]);

fixed_bytes!(ParamsId[8]);

impl ParamsId {
    /// Parses 16 lower-case hex digits.
    ///
    /// # Errors
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse_hex(text).map(Self)
    }

    /// Returns 16 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Returns the id of public params: the first 8 bytes of the SHA-256 of their bytes.
    #[must_use]
    pub fn of(public_params: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(public_params).into();
        let [id, ..] = digest.as_chunks().0 else {
            return Self([0; 8]);
        };
        Self(*id)
    }
}

impl fmt::Display for ParamsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for ParamsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParamsId({self})")
    }
}
