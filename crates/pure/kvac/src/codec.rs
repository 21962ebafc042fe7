//! Reading and writing of the fixed layouts of the protocol.

use anteroom_sigma::{ParseError, Point};
use curve25519_dalek::Scalar;
use zeroize::{Zeroize, Zeroizing};

/// A value with one canonical encoding.
pub trait Encoding: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// The next bytes encode no value of this type.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;

    /// Appends the encoding.
    fn write(&self, bytes: &mut Vec<u8>);
}

/// A strict reader over untrusted bytes. Missing, surplus and non-canonical bytes are one opaque error.
#[derive(Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Creates a reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// The next bytes encode no value of this type.
    pub fn read<T: Encoding>(&mut self) -> Result<T, ParseError> {
        T::read(self)
    }

    /// Reads one byte, the version.
    ///
    /// # Errors
    /// The byte is not `expected`, or none is left.
    pub fn expect(&mut self, expected: u8) -> Result<(), ParseError> {
        if self.read::<[u8; 1]>()? == [expected] {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// Reads the length of a vector.
    ///
    /// # Errors
    /// The length is not `expected`.
    pub fn count(&mut self, expected: usize) -> Result<(), ParseError> {
        if self.read::<u64>()? == expected as u64 {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// Reads a byte vector.
    ///
    /// # Errors
    /// Its length is not `expected`.
    pub fn vec(&mut self, expected: usize) -> Result<&'b [u8], ParseError> {
        self.count(expected)?;
        let (vec, rest) = self.rest.split_at_checked(expected).ok_or(ParseError)?;
        self.rest = rest;
        Ok(vec)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Bytes are left over.
    pub fn finish(self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(ParseError)
        }
    }
}

/// Appends a byte vector: its length, then its bytes.
pub fn write_vec(vec: &[u8], bytes: &mut Vec<u8>) {
    (vec.len() as u64).write(bytes);
    bytes.extend_from_slice(vec);
}

/// Bytes as they are.
impl<const N: usize> Encoding for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let (array, rest) = reader.rest.split_first_chunk().ok_or(ParseError)?;
        reader.rest = rest;
        Ok(*array)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self);
    }
}

/// A little-endian number.
impl Encoding for u64 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.read().map(Self::from_le_bytes)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.to_le_bytes().write(bytes);
    }
}

impl Encoding for Scalar {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Option::from(Self::from_canonical_bytes(reader.read()?)).ok_or(ParseError)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.as_bytes().write(bytes);
    }
}

impl Encoding for Point {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Self::decode(reader.read()?)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.encoding().write(bytes);
    }
}

/// Points without a count.
impl<const N: usize> Encoding for [Point; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let mut points = [Point::BASE; N];
        for point in &mut points {
            *point = reader.read()?;
        }
        Ok(points)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|point| point.write(bytes));
    }
}

impl<T: Encoding + Zeroize> Encoding for Zeroizing<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.read().map(Self::new)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        (**self).write(bytes);
    }
}

/// Implements [`Encoding`] for a struct: its fields in the order of the layout. Of a field whose encoding
/// needs to be known to read it, the value behind `in` reads it.
#[macro_export]
macro_rules! encoding {
    ($type:ty: $($field:tt $(in $source:expr)?),+) => {
        impl $crate::codec::Encoding for $type {
            fn read(
                reader: &mut $crate::codec::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::ParseError> {
                Ok(Self { $($field: $crate::encoding!(@read reader $(, $source)?)),+ })
            }

            fn write(&self, bytes: &mut Vec<u8>) {
                $($crate::encoding!(@write self.$field, bytes $(, $source)?);)+
            }
        }
    };
    (@read $reader:ident) => { $reader.read()? };
    (@read $reader:ident, $source:expr) => { $source.read($reader)? };
    (@write $value:expr, $bytes:ident) => { $crate::codec::Encoding::write(&$value, $bytes) };
    (@write $value:expr, $bytes:ident, $source:expr) => { $value.write($bytes) };
}

/// Gives a struct `from_bytes` and `to_bytes` with the layout in the text: an optional version byte, then its
/// [`Encoding`], which the fields behind `;` define as in [`encoding!`](crate::encoding).
#[macro_export]
macro_rules! layout {
    (
        $type:ident $([$length:expr])? -> $bytes:ty = $layout:literal $(, version $version:expr)?;
        $($fields:tt)+
    ) => {
        $crate::encoding!($type: $($fields)+);
        $crate::layout!($type $([$length])? -> $bytes = $layout $(, version $version)?);
    };
    (
        $type:ident $([$length:expr])? -> $bytes:ty = $layout:literal $(, version $version:expr)?
    ) => {
        impl $type {
            $(
                /// The length in bytes.
                pub const LENGTH: usize = $length;
            )?

            #[doc = concat!("Parses `", $layout, "`.")]
            ///
            /// # Errors
            /// The bytes have another form.
            pub fn from_bytes(bytes: &[u8]) -> ::core::result::Result<Self, $crate::ParseError> {
                let mut reader = $crate::codec::Reader::new(bytes);
                $(reader.expect($version)?;)?
                let value = reader.read()?;
                reader.finish()?;
                Ok(value)
            }

            #[doc = concat!("Serializes `", $layout, "`.")]
            #[must_use]
            pub fn to_bytes(&self) -> $bytes {
                let mut bytes = <$bytes>::from(Vec::with_capacity(0 $(+ $length)?));
                $(bytes.push($version);)?
                $crate::codec::Encoding::write(self, &mut bytes);
                bytes
            }
        }
    };
}
