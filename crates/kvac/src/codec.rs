//! Reading and writing the fixed layouts of the protocol.

use anteroom_sigma::{ParseError, Point};
use curve25519_dalek::Scalar;

/// A strict reader over untrusted bytes: whatever is missing, left over or not canonical is one
/// opaque error.
#[derive(Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(ParseError)?;
        self.rest = rest;
        Ok(*array)
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn slice(&mut self, length: usize) -> Result<&'b [u8], ParseError> {
        let (slice, rest) = self.rest.split_at_checked(length).ok_or(ParseError)?;
        self.rest = rest;
        Ok(slice)
    }

    /// One byte that must be `expected`: a version.
    ///
    /// # Errors
    /// If it is another.
    pub fn expect(&mut self, expected: u8) -> Result<(), ParseError> {
        if self.array()? == [expected] {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// A little-endian number of 64 bits.
    ///
    /// # Errors
    /// If fewer than 8 bytes are left.
    pub fn u64(&mut self) -> Result<u64, ParseError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A canonical point.
    ///
    /// # Errors
    /// If the next 32 bytes are none.
    pub fn point(&mut self) -> Result<Point, ParseError> {
        Point::decode(self.array()?)
    }

    /// `N` canonical points.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn points<const N: usize>(&mut self) -> Result<[Point; N], ParseError> {
        let mut points = [Point::BASE; N];
        for point in &mut points {
            *point = self.point()?;
        }
        Ok(points)
    }

    /// A canonical scalar.
    ///
    /// # Errors
    /// If the next 32 bytes are none.
    pub fn scalar(&mut self) -> Result<Scalar, ParseError> {
        Option::from(Scalar::from_canonical_bytes(self.array()?)).ok_or(ParseError)
    }

    /// The count in front of a vector that must have `expected` elements.
    ///
    /// # Errors
    /// If it says another.
    pub fn count(&mut self, expected: usize) -> Result<(), ParseError> {
        if self.u64()? == expected as u64 {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// A byte vector that must be `expected` long.
    ///
    /// # Errors
    /// If it is not.
    pub fn vec(&mut self, expected: usize) -> Result<&'b [u8], ParseError> {
        self.count(expected)?;
        self.slice(expected)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If bytes are left over.
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
    /// A little-endian number of 64 bits.
    fn put_u64(&mut self, number: u64);
    /// A byte vector: its length, then its bytes.
    fn put_vec(&mut self, bytes: &[u8]);
    /// The encoding of a point.
    fn put_point(&mut self, point: &Point);
    /// The encodings of several points, without a count.
    fn put_points(&mut self, points: &[Point]);
    /// A scalar.
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
