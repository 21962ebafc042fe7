//! Reading and writing of the fixed layouts of the protocol.

use anteroom_sigma::{ParseError, Point};
use curve25519_dalek::Scalar;

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

    /// Reads `N` bytes.
    ///
    /// # Errors
    /// Fewer bytes are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(ParseError)?;
        self.rest = rest;
        Ok(*array)
    }

    /// Reads `length` bytes.
    ///
    /// # Errors
    /// Fewer bytes are left.
    pub fn slice(&mut self, length: usize) -> Result<&'b [u8], ParseError> {
        let (slice, rest) = self.rest.split_at_checked(length).ok_or(ParseError)?;
        self.rest = rest;
        Ok(slice)
    }

    /// Reads one byte, the version.
    ///
    /// # Errors
    /// The byte is not `expected`, or none is left.
    pub fn expect(&mut self, expected: u8) -> Result<(), ParseError> {
        if self.array()? == [expected] {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// Reads a little-endian number of 64 bits.
    ///
    /// # Errors
    /// Fewer than 8 bytes are left.
    pub fn u64(&mut self) -> Result<u64, ParseError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a canonical point.
    ///
    /// # Errors
    /// The next 32 bytes encode no point.
    pub fn point(&mut self) -> Result<Point, ParseError> {
        Point::decode(self.array()?)
    }

    /// Reads `N` canonical points.
    ///
    /// # Errors
    /// One of them is no encoding of a point.
    pub fn points<const N: usize>(&mut self) -> Result<[Point; N], ParseError> {
        let mut points = [Point::BASE; N];
        for point in &mut points {
            *point = self.point()?;
        }
        Ok(points)
    }

    /// Reads a canonical scalar.
    ///
    /// # Errors
    /// The next 32 bytes encode no scalar.
    pub fn scalar(&mut self) -> Result<Scalar, ParseError> {
        Option::from(Scalar::from_canonical_bytes(self.array()?)).ok_or(ParseError)
    }

    /// Reads the length of a vector.
    ///
    /// # Errors
    /// The length is not `expected`.
    pub fn count(&mut self, expected: usize) -> Result<(), ParseError> {
        if self.u64()? == expected as u64 {
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
        self.slice(expected)
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

/// Appends the parts of a layout.
pub trait Writer {
    /// Appends a little-endian number of 64 bits.
    fn put_u64(&mut self, number: u64);
    /// Appends a byte vector: its length, then its bytes.
    fn put_vec(&mut self, bytes: &[u8]);
    /// Appends the encoding of a point.
    fn put_point(&mut self, point: &Point);
    /// Appends the encodings of several points, without a count.
    fn put_points(&mut self, points: &[Point]);
    /// Appends a scalar.
    fn put_scalar(&mut self, scalar: &Scalar);
}

impl Writer for Vec<u8> {
    fn put_u64(&mut self, number: u64) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn put_vec(&mut self, bytes: &[u8]) {
        self.put_u64(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }

    fn put_point(&mut self, point: &Point) {
        self.extend_from_slice(point.encoding());
    }

    fn put_points(&mut self, points: &[Point]) {
        for point in points {
            self.put_point(point);
        }
    }

    fn put_scalar(&mut self, scalar: &Scalar) {
        self.extend_from_slice(scalar.as_bytes());
    }
}
