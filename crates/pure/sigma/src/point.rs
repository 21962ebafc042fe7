//! Points with their encoding, and with a table if they are static.

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    constants::{
        RISTRETTO_BASEPOINT_COMPRESSED, RISTRETTO_BASEPOINT_POINT, RISTRETTO_BASEPOINT_TABLE,
    },
    ristretto::{CompressedRistretto, RistrettoBasepointTable},
};

use crate::ParseError;

/// A group element with its encoding.
///
/// A proof hashes all of its points, and compressing one costs as much as a tenth of a multiplication. An
/// encoding that is known already (because the point was received in it, or is a constant) is therefore
/// stored with the element.
#[derive(Clone, Copy)]
pub struct Point {
    element: RistrettoPoint,
    encoding: CompressedRistretto,
    table: Option<&'static RistrettoBasepointTable>,
}

impl Point {
    /// The basepoint `G`, with its table.
    pub const BASE: Self = Self {
        element: RISTRETTO_BASEPOINT_POINT,
        encoding: RISTRETTO_BASEPOINT_COMPRESSED,
        table: Some(RISTRETTO_BASEPOINT_TABLE),
    };

    /// Decodes a canonical encoding.
    ///
    /// # Errors
    /// The 32 bytes are no canonical encoding of a point.
    pub fn decode(encoding: [u8; 32]) -> Result<Self, ParseError> {
        let encoding = CompressedRistretto(encoding);
        let element = encoding.decompress().ok_or(ParseError)?;
        Ok(Self {
            element,
            encoding,
            table: None,
        })
    }

    /// Creates a point from an element and its encoding. The encoding is not compared with the element.
    #[must_use]
    pub const fn new(element: RistrettoPoint, encoding: CompressedRistretto) -> Self {
        Self {
            element,
            encoding,
            table: None,
        }
    }

    /// Returns the doubles of points, compressed with a single inversion.
    #[must_use]
    pub fn doubles(halves: &[RistrettoPoint]) -> Vec<Self> {
        let encodings = RistrettoPoint::double_and_compress_batch(halves);
        let elements = halves.iter().map(|half| half + half);
        elements
            .zip(encodings)
            .map(|(element, encoding)| Self::new(element, encoding))
            .collect()
    }

    /// Attaches a table of multiples, which makes multiplication in constant time about three times as fast.
    /// A table takes 30 KiB.
    #[must_use]
    pub const fn with_table(mut self, table: &'static RistrettoBasepointTable) -> Self {
        self.table = Some(table);
        self
    }

    /// Returns the group element.
    #[must_use]
    pub const fn element(&self) -> &RistrettoPoint {
        &self.element
    }

    /// Returns the 32-byte encoding.
    #[must_use]
    pub const fn encoding(&self) -> &[u8; 32] {
        self.encoding.as_bytes()
    }

    /// Returns the table of multiples, if the point is static.
    pub(crate) const fn table(&self) -> Option<&'static RistrettoBasepointTable> {
        self.table
    }

    /// Returns the size of the table in bytes; 0 if there is none.
    #[must_use]
    pub const fn table_bytes(&self) -> usize {
        match self.table {
            Some(_) => size_of::<RistrettoBasepointTable>(),
            None => 0,
        }
    }

    /// Multiplies in constant time.
    #[must_use]
    pub fn times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self.table {
            Some(table) => table * scalar,
            None => self.element * scalar,
        }
    }
}

impl From<RistrettoPoint> for Point {
    /// Compresses the element.
    fn from(element: RistrettoPoint) -> Self {
        Self {
            element,
            encoding: element.compress(),
            table: None,
        }
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        // Encodings are canonical: equal elements have equal encodings.
        self.encoding == other.encoding
    }
}

impl Eq for Point {}

crate::redacted_debug!(Point);
