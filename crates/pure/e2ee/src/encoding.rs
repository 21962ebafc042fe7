//! The binary encoding of statements and leaves: fixed fields, numbers big-endian, everything of variable
//! length after its length, nothing after the end. Each value has exactly one encoding.

use anteroom_protocol::{EraId, OpaqueUserId, ParseError, RoomId, Timestamp};

use crate::keys::{MemberPublicKey, SIGNATURE_LENGTH, SignatureBytes};

/// The maximum length of a user id, in bytes: half the digits of an [`OpaqueUserId`].
const MAX_USER: usize = OpaqueUserId::MAX_LENGTH / 2;

/// Writes an encoding.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.0.extend(number.to_be_bytes());
    }

    pub(crate) fn time(&mut self, time: Timestamp) {
        self.u64(time.as_secs());
    }

    pub(crate) fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(crate) fn key(&mut self, key: &MemberPublicKey) {
        self.fixed(key.as_bytes());
    }

    /// Writes a length of 2 bytes and the bytes. A longer value saturates the length, so that it does not
    /// parse; the bounds of all callers are far below.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.fixed(&length.to_be_bytes());
        self.fixed(bytes);
    }

    /// Writes a user id: the number of its bytes, then the bytes that its hex digits name. The ids of users
    /// of links and groups are whole bytes; one that is not has no encoding and is written as empty, which
    /// does not parse.
    pub(crate) fn user(&mut self, user: &OpaqueUserId) {
        let bytes = hex::decode(user.as_str()).unwrap_or_default();
        self.u8(u8::try_from(bytes.len()).unwrap_or_default());
        self.fixed(&bytes);
    }
}

/// Reads an encoding. Missing, surplus and non-canonical bytes are one opaque error.
pub struct Reader<'b> {
    rest: &'b [u8],
    known_key: Option<&'b MemberPublicKey>,
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            known_key: None,
        }
    }

    /// Creates a reader of bytes that may contain a parsed key. Where they do, the point is not decompressed
    /// again.
    pub(crate) const fn with_known_key(bytes: &'b [u8], key: &'b MemberPublicKey) -> Self {
        Self {
            rest: bytes,
            known_key: Some(key),
        }
    }

    /// Returns the bytes that are not read yet.
    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Ends the encoding.
    pub(crate) const fn finish(self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(ParseError)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(crate) fn slice(&mut self, length: usize) -> Result<&'b [u8], ParseError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(ParseError)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ParseError> {
        let [number] = self.fixed()?;
        Ok(number)
    }

    pub(crate) fn expect(&mut self, expected: u8) -> Result<(), ParseError> {
        if self.u8()? == expected {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// Reads 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, ParseError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ParseError),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ParseError> {
        self.fixed().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ParseError> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, ParseError> {
        self.u64().map(Timestamp::from_secs)
    }

    pub(crate) fn room(&mut self) -> Result<RoomId, ParseError> {
        self.fixed().map(RoomId::from_bytes)
    }

    pub(crate) fn era(&mut self) -> Result<EraId, ParseError> {
        self.fixed().map(EraId::from_bytes)
    }

    pub(crate) fn key(&mut self) -> Result<MemberPublicKey, ParseError> {
        let bytes: [u8; 32] = self.fixed()?;
        match self.known_key {
            Some(known) if *known.as_bytes() == bytes => Ok(*known),
            _ => MemberPublicKey::from_bytes(&bytes).map_err(|_| ParseError),
        }
    }

    pub(crate) fn signature(&mut self) -> Result<SignatureBytes, ParseError> {
        self.fixed::<SIGNATURE_LENGTH>()
    }

    /// Reads a length of 2 bytes, and as many bytes, `most` at most.
    pub(crate) fn bytes(&mut self, most: usize) -> Result<&'b [u8], ParseError> {
        let length = usize::from(self.fixed().map(u16::from_be_bytes)?);
        if length > most {
            return Err(ParseError);
        }
        self.slice(length)
    }

    /// Reads a length of 2 bytes, and an encoding of as many bytes, `most` at most.
    pub(crate) fn nested(&mut self, most: usize) -> Result<Self, ParseError> {
        Ok(Self {
            rest: self.bytes(most)?,
            known_key: self.known_key,
        })
    }

    pub(crate) fn user(&mut self) -> Result<OpaqueUserId, ParseError> {
        let length = usize::from(self.u8()?);
        if length == 0 || length > MAX_USER {
            return Err(ParseError);
        }
        let text = hex::encode(self.slice(length)?);
        OpaqueUserId::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_of_whole_bytes_has_one_encoding() {
        for text in ["00", "0a", "ff01", &"ab".repeat(65), &"00".repeat(128)] {
            let user = OpaqueUserId::parse(text).unwrap();
            let mut writer = Writer::default();
            writer.user(&user);
            let bytes = writer.finish();
            assert_eq!(bytes.len(), 1 + text.len() / 2);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.user().unwrap().as_str(), text);
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_user_id_of_half_a_byte_and_an_empty_one_do_not_parse() {
        let mut writer = Writer::default();
        writer.user(&OpaqueUserId::parse("abc").unwrap());
        assert!(Reader::new(&writer.finish()).user().is_err());
        assert!(Reader::new(&[129; 200]).user().is_err());
    }

    #[test]
    fn a_known_key_stands_for_its_own_bytes_alone() {
        let [known, other] = [1, 2].map(|number| {
            let secret = crate::DeviceSecret::from_bytes([number; 32]);
            secret.member_key(&RoomId::from_bytes([1; 32])).public()
        });
        let weak = [0; 32];
        let mut writer = Writer::default();
        let inner = [&known.as_bytes()[..], other.as_bytes(), &weak].concat();
        writer.bytes(&inner);
        writer.key(&other);
        writer.key(&known);
        let bytes = writer.finish();
        let mut reader = Reader::with_known_key(&bytes, &known);
        let mut nested = reader.nested(inner.len()).unwrap();
        assert_eq!(nested.key(), Ok(known));
        assert_eq!(nested.key(), Ok(other));
        assert_eq!(nested.key(), Err(ParseError));
        assert_eq!(reader.key(), Ok(other));
        assert_eq!(reader.key(), Ok(known));
        assert_eq!(reader.finish(), Ok(()));
    }
}
