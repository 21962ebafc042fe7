//! Comparison of fields, with readable differences.

use std::fmt;

use anteroom_protocol::{DAY, ParseError, Randomness, Timestamp, VerifyError};
use serde::{Deserialize, Deserializer, de};

/// A field that does not match, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    field: String,
    reason: String,
}

impl Mismatch {
    pub(super) fn new(field: &str, reason: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Counts the comparisons.
#[derive(Debug, Default)]
pub(super) struct Check {
    count: usize,
}

impl Check {
    /// Returns the number of successful comparisons so far.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Compares two byte strings.
    pub(super) fn bytes(
        &mut self,
        field: &str,
        got: impl AsRef<[u8]>,
        expected: &Hex,
    ) -> Result<(), Mismatch> {
        let (got, expected) = (got.as_ref(), expected.0.as_slice());
        if got == expected {
            self.count += 1;
            return Ok(());
        }
        Err(Mismatch::new(
            field,
            format!(
                "expected {} ({} bytes), got {} ({} bytes), first difference at byte {}",
                prefix(expected),
                expected.len(),
                prefix(got),
                got.len(),
                expected
                    .iter()
                    .zip(got)
                    .take_while(|(expected, got)| expected == got)
                    .count(),
            ),
        ))
    }

    /// Values that must be equal.
    pub(super) fn equal<T: PartialEq + fmt::Debug>(
        &mut self,
        field: &str,
        got: &T,
        expected: &T,
    ) -> Result<(), Mismatch> {
        if got == expected {
            self.count += 1;
            return Ok(());
        }
        Err(Mismatch::new(
            field,
            format!("expected {expected:?}, got {got:?}"),
        ))
    }

    /// Checks that a result is the expected error.
    pub(super) fn refused<T>(
        &mut self,
        field: &str,
        what: &str,
        result: &Result<T, VerifyError>,
    ) -> Result<(), Mismatch> {
        match result {
            Err(VerifyError) => {
                self.count += 1;
                Ok(())
            }
            Ok(_) => Err(Mismatch::new(field, format!("accepted {what}"))),
        }
    }

    /// Checks that an auth presentation verifies from the day before its redemption until two days after it.
    pub(super) fn window(
        &mut self,
        field: &str,
        redemption: Timestamp,
        verify: impl Fn(Timestamp) -> Result<(), VerifyError>,
    ) -> Result<(), Mismatch> {
        let (first, last) = (redemption.minus(DAY), redemption.plus(2 * DAY));
        self.accepted(field, verify(first))?;
        self.accepted(field, verify(last))?;
        self.refused(field, "before its window", &verify(first.minus(1)))?;
        self.refused(field, "after its window", &verify(last.plus(1)))
    }

    /// Parses the bytes of a field.
    pub(super) fn read<T: Format>(&mut self, field: Field<'_>) -> Result<T, Mismatch> {
        self.accepted(field.name, T::parse(&field.expected.0))
    }

    /// Compares the bytes of a value.
    pub(super) fn written(
        &mut self,
        value: &impl Format,
        field: Field<'_>,
    ) -> Result<(), Mismatch> {
        self.bytes(field.name, value.write(), field.expected)
    }

    /// Parses the bytes of a field, which must be those of the value.
    pub(super) fn parsed<T: Format>(&mut self, field: Field<'_>) -> Result<T, Mismatch> {
        let value = self.read(field)?;
        self.written(&value, field)?;
        Ok(value)
    }

    /// Checks that a result is no error, and compares its bytes.
    pub(super) fn made<T: Format>(
        &mut self,
        result: Result<T, VerifyError>,
        field: Field<'_>,
    ) -> Result<(), Mismatch> {
        let value = self.accepted(field.name, result)?;
        self.written(&value, field)
    }

    /// Checks that a result is no error.
    pub(super) fn accepted<T, R: Refusal>(
        &mut self,
        field: &str,
        result: Result<T, R>,
    ) -> Result<T, Mismatch> {
        let value = result.map_err(|refusal| Mismatch::new(field, refusal.name()))?;
        self.count += 1;
        Ok(value)
    }
}

/// The name of a member of an entry, with its bytes.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) expected: &'a Hex,
}

/// Returns a member of an entry.
pub(super) const fn field<'a>(name: &'a str, expected: &'a Hex) -> Field<'a> {
    Field { name, expected }
}

/// A value with a format of bytes.
pub(super) trait Format: Sized {
    fn parse(bytes: &[u8]) -> Result<Self, ParseError>;
    fn write(&self) -> Vec<u8>;
}

macro_rules! formats {
    ($($value:ident),+ $(,)?) => {$(
        impl Format for anteroom_protocol::$value {
            fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
                Self::from_bytes(bytes)
            }

            fn write(&self) -> Vec<u8> {
                self.to_bytes().to_vec()
            }
        }
    )+};
}

formats! {
    AuthCredential, AuthCredentialResponse, AuthPresentation,
    CallLinkPublicParams, CallLinkSecretParams,
    CreateCredential, CreateCredentialRequest, CreateCredentialRequestContext,
    CreateCredentialResponse, CreatePresentation,
    GenericPublicParams, GenericSecretParams,
    GroupAuthCredential, GroupAuthCredentialResponse, GroupAuthPresentation,
    GroupPublicParams, GroupSecretParams,
    GroupSendEndorsement, GroupSendEndorsementsResponse, GroupSendFullToken,
    GroupServerPublicParams, GroupServerSecretParams,
    RootKey, UidCiphertext,
}

/// The two errors of the protocol.
pub(super) trait Refusal {
    /// Returns the error's name as text.
    fn name(&self) -> &'static str;
}

impl Refusal for ParseError {
    fn name(&self) -> &'static str {
        "does not parse"
    }
}

impl Refusal for VerifyError {
    fn name(&self) -> &'static str {
        "does not verify"
    }
}

/// Returns the first bytes, as hex.
fn prefix(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    match bytes.get(..SHOWN) {
        Some(start) if bytes.len() > SHOWN => format!("{}..", hex::encode(start)),
        _ => hex::encode(bytes),
    }
}

/// A byte string, in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl Hex {
    /// Returns the bytes with a flipped bit in the last one.
    pub(super) fn tampered(&self) -> Vec<u8> {
        let mut bytes = self.0.clone();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        bytes
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Self).map_err(de::Error::custom)
    }
}

/// A byte string of a fixed length, in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HexArray<const N: usize>(pub(super) [u8; N]);

impl HexArray<32> {
    /// Returns the bytes as the randomness of an operation.
    pub(super) fn randomness(self) -> Randomness {
        Randomness::from_bytes(self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexArray<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Hex(bytes) = Hex::deserialize(deserializer)?;
        <[u8; N]>::try_from(bytes)
            .map(Self)
            .map_err(|bytes| de::Error::custom(format!("{} bytes instead of {N}", bytes.len())))
    }
}
