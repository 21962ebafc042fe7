//! The identifiers of calls: devices, eras and users of a room.

use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU32,
};
use std::sync::Arc;

use crate::{
    CallLinkSecretParams, ParseError, ServiceId, UidCiphertext, VerifyError,
    fixed_bytes::{is_lower_hex, parse_hex},
};

/// The id of a device in a call: not zero, the low 4 bits zero, assigned once in an era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemuxId(NonZeroU32);

impl DemuxId {
    /// Validates a number from outside.
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(id) if value & 0xf == 0 => Some(Self(id)),
            _ => None,
        }
    }

    /// Creates an id from random bits; `None` with a probability of 2^-28.
    #[must_use]
    pub const fn from_random_bits(bits: u32) -> Option<Self> {
        Self::new(bits & !0xf)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for DemuxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The id of an era of a room: 16 random bytes; as text 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EraId([u8; 16]);

fixed_bytes!(EraId[16], random);

impl EraId {
    /// Parses the text.
    ///
    /// # Errors
    /// Anything but 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse_hex(text).map(Self)
    }
}

/// Formats 32 lower-case hex digits.
impl fmt::Display for EraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for EraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EraId({self})")
    }
}

/// An epoch of a group: the number of the group in its era, then the epoch of the group. Later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupEpoch {
    /// The number of the group: the room service counts the groups of an era from 1. It is 0 until the first
    /// one has started.
    pub group: u32,
    /// The epoch of the group: each commit makes the next one.
    pub epoch: u64,
}

impl GroupEpoch {
    /// Returns the epoch that a commit of this one leads into.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            group: self.group,
            epoch: self.epoch.saturating_add(1),
        }
    }

    /// Returns the epoch whose commit leads into this one; `None` for the first of a group.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        let epoch = self.epoch.checked_sub(1)?;
        Some(Self { epoch, ..self })
    }
}

/// The id of a user of a room: lower-case hex. For call links it is the hex of the uid ciphertext.
///
/// Two ids are equal if they name the same user. Of uid ciphertexts only the part that their owner cannot
/// change is compared ([`UidCiphertext::user_digits`]).
///
/// Cheap to clone. `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone)]
pub struct OpaqueUserId(Arc<str>);

impl PartialEq for OpaqueUserId {
    fn eq(&self, other: &Self) -> bool {
        self.user() == other.user()
    }
}

impl Eq for OpaqueUserId {}

impl PartialOrd for OpaqueUserId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OpaqueUserId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.user().cmp(other.user())
    }
}

impl Hash for OpaqueUserId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user().hash(state);
    }
}

impl OpaqueUserId {
    /// The maximum length of an id, in characters.
    pub const MAX_LENGTH: usize = 256;

    /// Creates the id of a participant of a call link.
    #[must_use]
    pub fn of_ciphertext(ciphertext: &UidCiphertext) -> Self {
        Self(hex::encode(ciphertext.to_bytes()).into())
    }

    /// Validates a stored or received id.
    ///
    /// # Errors
    /// The text is not 1 to [`Self::MAX_LENGTH`] lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !is_lower_hex(text) {
            return Err(ParseError);
        }
        Ok(Self(text.into()))
    }

    /// Returns the hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the ciphertext of a participant of a call link.
    ///
    /// # Errors
    /// The id is no hex of a uid ciphertext.
    pub fn ciphertext(&self) -> Result<UidCiphertext, ParseError> {
        let bytes = hex::decode(&*self.0).map_err(|_| ParseError)?;
        UidCiphertext::from_bytes(&bytes)
    }

    /// Decrypts the id of a participant of a call link with the secret params of its room.
    ///
    /// # Errors
    /// The id was not encrypted for this room.
    pub fn decrypt(&self, room: &CallLinkSecretParams) -> Result<ServiceId, VerifyError> {
        let ciphertext = self.ciphertext().map_err(|_| VerifyError)?;
        room.decrypt(&ciphertext)
    }

    fn user(&self) -> &str {
        UidCiphertext::user_digits(&self.0)
    }
}

anteroom_kvac::redacted_debug!(OpaqueUserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demux_id_is_not_zero_and_its_low_bits_are() {
        for (value, good) in [(0, false), (1, false), (15, false), (16, true), (17, false)] {
            assert_eq!(DemuxId::new(value).is_some(), good, "{value}");
        }
        assert_eq!(DemuxId::from_random_bits(15), None);
        let id = DemuxId::from_random_bits(u32::MAX).map(DemuxId::number);
        assert_eq!(id, Some(0xffff_fff0));
    }

    #[test]
    fn a_user_id_is_lower_case_hex_of_bounded_length() {
        let longest = "a".repeat(OpaqueUserId::MAX_LENGTH);
        for text in ["0", "0123456789abcdef", &longest] {
            assert_eq!(OpaqueUserId::parse(text).unwrap().as_str(), text);
        }
        let too_long = "a".repeat(OpaqueUserId::MAX_LENGTH + 1);
        for text in ["", "A", "g", " a", "\u{e4}", &too_long] {
            assert_eq!(OpaqueUserId::parse(text), Err(ParseError), "{text}");
        }
    }

    #[test]
    fn nothing_of_a_user_id_is_in_debug() {
        let user = OpaqueUserId::parse("abad1dea").unwrap();
        assert_eq!(format!("{user:?}"), "OpaqueUserId(..)");
    }

    #[test]
    fn an_era_is_32_lower_case_hex_digits() {
        let mut bytes = [0; 16];
        bytes[0] = 0x0a;
        bytes[15] = 0xff;
        let era = EraId::from_bytes(bytes);
        let text = era.to_string();
        assert_eq!(text, "0a0000000000000000000000000000ff");
        assert_eq!(format!("{era:?}"), format!("EraId({text})"));
        assert_eq!(EraId::parse(&text), Ok(era));
        for other in [
            "",
            "0a",
            &text.to_uppercase(),
            &format!("{text}0"),
            &text.replace('f', "g"),
        ] {
            assert_eq!(EraId::parse(other), Err(ParseError), "{other}");
        }
    }
}
