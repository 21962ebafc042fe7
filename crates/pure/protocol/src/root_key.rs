//! Root keys: the secrets that call links carry (call-links.md).

use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ParseError;

const ROOM_ID: &[u8] = b"20230501-Signal-CallLinkRootKey-RoomId";

/// The digits of a key's text. Without vowels they form no words, and no two of them look alike.
const ALPHABET: &[u8; 16] = b"bcdfghkmnpqrstxz";

const SEED_LENGTH: usize = 16;
/// Version 1 with its epoch.
const VERSION_1: u8 = 0x01;
/// Version 1 whose epoch is not known yet.
const VERSION_1_WITHOUT_EPOCH: u8 = 0x81;

/// The version of a key, with the data that follows the seed in its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// No further data.
    V0,
    /// The epoch; `None` until the room service has assigned it.
    V1(Option<u32>),
}

/// The secret of a call link: 16 random bytes, and from version 1 on the link's epoch.
#[derive(Clone)]
pub struct RootKey {
    seed: [u8; SEED_LENGTH],
    version: Version,
}

impl RootKey {
    /// Generates a key of version 0.
    pub fn generate_v0<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::generate(rng, Version::V0)
    }

    /// Generates a key of version 1 without an epoch, for creating a link.
    pub fn generate_v1<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::generate(rng, Version::V1(None))
    }

    /// Parses the 16 bytes of version 0 or the 21 bytes of version 1.
    ///
    /// # Errors
    /// The bytes have another form, or a seed that no generator produces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let (seed, rest) = bytes.split_first_chunk().ok_or(ParseError)?;
        let version = match rest {
            [] => Version::V0,
            [VERSION_1, epoch @ ..] => {
                let epoch = epoch.try_into().map_err(|_| ParseError)?;
                Version::V1(Some(u32::from_be_bytes(epoch)))
            }
            [VERSION_1_WITHOUT_EPOCH, 0, 0, 0, 0] => Version::V1(None),
            _ => return Err(ParseError),
        };
        let key = Self {
            seed: *seed,
            version,
        };
        if key.is_monotonous() {
            return Err(ParseError);
        }
        Ok(key)
    }

    /// Serializes the key: 16 bytes, or 21 in version 1.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SEED_LENGTH + 5));
        bytes.extend_from_slice(&self.seed);
        match self.version {
            Version::V0 => {}
            Version::V1(Some(epoch)) => {
                bytes.push(VERSION_1);
                bytes.extend_from_slice(&epoch.to_be_bytes());
            }
            Version::V1(None) => bytes.extend_from_slice(&[VERSION_1_WITHOUT_EPOCH, 0, 0, 0, 0]),
        }
        bytes
    }

    /// Parses the text: base 16 in an alphabet without vowels, in groups of 2 bytes (version 0) or of 4, 4,
    /// 4, 4, 1 and 4 bytes (version 1).
    ///
    /// # Errors
    /// The text has another form: other groups, upper case, spaces.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let digits = text.bytes().filter(|byte| *byte != b'-');
        let mut bytes = Zeroizing::new(Vec::with_capacity(SEED_LENGTH + 5));
        let mut high = None;
        for digit in digits {
            let value = digit_value(digit)?;
            match high.take() {
                None => high = Some(value << 4),
                Some(high) => bytes.push(high | value),
            }
        }
        let key = Self::from_bytes(&bytes)?;
        // Each key has exactly one text.
        if key.to_text().as_bytes().ct_eq(text.as_bytes()).into() {
            Ok(key)
        } else {
            Err(ParseError)
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = self.to_bytes();
        let groups: &[usize] = match self.version {
            Version::V0 => &[2; 8],
            Version::V1(_) => &[4, 4, 4, 4, 1, 4],
        };
        let mut text = Zeroizing::new(String::with_capacity(3 * bytes.len()));
        let mut rest = bytes.iter();
        for (index, length) in groups.iter().enumerate() {
            if index > 0 {
                text.push('-');
            }
            for byte in rest.by_ref().take(*length) {
                text.push(digit(byte >> 4));
                text.push(digit(byte & 15));
            }
        }
        text
    }

    /// Returns the link's epoch; `None` for version 0, and before the epoch is known.
    #[must_use]
    pub const fn epoch(&self) -> Option<u32> {
        match self.version {
            Version::V1(epoch) => epoch,
            Version::V0 => None,
        }
    }

    /// Returns the key of a created link: an epoch completes a key of version 1; without an epoch it becomes
    /// a key of version 0.
    #[must_use]
    pub const fn complete(mut self, epoch: Option<u32>) -> Self {
        if let Version::V1(None) = self.version {
            self.version = match epoch {
                Some(_) => Version::V1(epoch),
                None => Version::V0,
            };
        }
        self
    }

    /// Returns the id of the room, which reveals nothing about the key.
    #[must_use]
    pub fn room_id(&self) -> RoomId {
        RoomId(*self.derive(ROOM_ID))
    }

    /// Returns the 16 random bytes from which everything is derived.
    pub(crate) const fn seed(&self) -> &[u8; SEED_LENGTH] {
        &self.seed
    }

    /// Returns whether this is a key of version 1.
    pub(crate) const fn is_v1(&self) -> bool {
        matches!(self.version, Version::V1(_))
    }

    /// Derives a key by HKDF-SHA256 of the seed without salt.
    pub(crate) fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = Hkdf::<Sha256>::new(None, &self.seed).expand(info, &mut *key);
        debug_assert!(filled.is_ok(), "32 bytes are within HKDF's bound");
        key
    }

    fn generate<R: CryptoRng + ?Sized>(rng: &mut R, version: Version) -> Self {
        loop {
            let mut seed = [0; SEED_LENGTH];
            rng.fill_bytes(&mut seed);
            let key = Self { seed, version };
            if !key.is_monotonous() {
                return key;
            }
        }
    }

    /// Returns whether one of the eight chunks of two bytes has four equal hex digits. Such keys are refused,
    /// since they look like an error.
    fn is_monotonous(&self) -> bool {
        let (chunks, _) = self.seed.as_chunks();
        chunks
            .iter()
            .map(|&[a, b]| a.ct_eq(&b) & (a >> 4).ct_eq(&(a & 15)))
            .fold(Choice::from(0), |any, chunk| any | chunk)
            .into()
    }
}

impl PartialEq for RootKey {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes().ct_eq(&other.to_bytes()).into()
    }
}

impl Eq for RootKey {}

impl Drop for RootKey {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

anteroom_kvac::redacted_debug!(RootKey);

fn digit(value: u8) -> char {
    ALPHABET
        .get(usize::from(value))
        .copied()
        .unwrap_or(b'b')
        .into()
}

fn digit_value(digit: u8) -> Result<u8, ParseError> {
    (0..16)
        .zip(ALPHABET)
        .find_map(|(value, candidate)| (*candidate == digit).then_some(value))
        .ok_or(ParseError)
}

/// The id of a room. The room service knows it, the issuer never does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoomId([u8; 32]);

fixed_bytes!(RoomId[32]);

impl RoomId {
    /// Returns the lower-case hex of the header `X-Room-Id`.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

anteroom_kvac::redacted_debug!(RoomId);

/// The secret that allows its holder to change a link and to join as an admin. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AdminPasskey([u8; 16]);

fixed_bytes!(AdminPasskey[16], random);
anteroom_kvac::redacted_debug!(AdminPasskey);
