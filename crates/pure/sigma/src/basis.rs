//! Static points with precomputed multiples, for sums in variable time.

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    ristretto::VartimeRistrettoPrecomputation,
    traits::{VartimeMultiscalarMul, VartimePrecomputedMultiscalarMul},
};

use crate::Point;

/// The library stores 64 odd multiples of 160 bytes per point.
const POINT_BYTES: usize = 64 * 160;

/// Static points with their odd multiples, for sums whose scalars are public. It takes 10 KiB per point.
pub struct Basis {
    precomputation: VartimeRistrettoPrecomputation,
    /// The encodings in ascending order, each with the index of its point.
    places: Vec<([u8; 32], usize)>,
}

crate::redacted_debug!(Basis);

impl Basis {
    /// Computes the multiples of points.
    #[must_use]
    pub fn new(points: &[Point]) -> Self {
        let precomputation = VartimeRistrettoPrecomputation::new(points.iter().map(Point::element));
        let mut places: Vec<_> = points
            .iter()
            .map(|point| *point.encoding())
            .zip(0..)
            .collect();
        places.sort_unstable();
        Self {
            precomputation,
            places,
        }
    }

    /// Returns the number of points.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the size of the multiples in bytes.
    #[must_use]
    pub const fn table_bytes(&self) -> usize {
        self.len() * POINT_BYTES
    }

    /// Returns whether there are no points.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the index of a point; `None` if it is not one of these.
    #[must_use]
    pub fn place(&self, encoding: &[u8; 32]) -> Option<usize> {
        let found = self
            .places
            .binary_search_by(|(known, _)| known.cmp(encoding));
        found
            .ok()
            .and_then(|index| self.places.get(index))
            .map(|(_, place)| *place)
    }

    /// Returns the sum of `fixed` times the static points, in their order, and `factors` times `elements`.
    /// Variable time: for public scalars only. Surplus factors or elements are ignored.
    #[must_use]
    pub fn vartime_sum(
        &self,
        fixed: &[Scalar],
        factors: &[Scalar],
        elements: &[RistrettoPoint],
    ) -> RistrettoPoint {
        let fixed = fixed.get(..self.len()).unwrap_or(fixed);
        let count = factors.len().min(elements.len());
        let factors = factors.iter().take(count);
        let elements = elements.iter().take(count);
        if fixed.is_empty() {
            return RistrettoPoint::vartime_multiscalar_mul(factors, elements);
        }
        self.precomputation
            .vartime_mixed_multiscalar_mul(fixed, factors, elements)
    }
}
