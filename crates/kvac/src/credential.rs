//! A credential: a MAC over attribute points.

use anteroom_sigma::{ParseError, Point, Sho};
use curve25519_dalek::{
    RistrettoPoint, Scalar,
    traits::{Identity, VartimeMultiscalarMul},
};
use zeroize::Zeroize;

use crate::codec::{Reader, Writer};

/// The point of slot 0: the hash of a credential's label and all its public attributes.
#[must_use]
pub fn public_attributes(label: &[u8], attributes: &[u64]) -> Point {
    attributes
        .iter()
        .fold(Sho::new(label), |sho, attribute| {
            sho.with(&attribute.to_be_bytes())
        })
        .point()
        .into()
}

/// `t || U || V`. Its holder keeps it secret: whoever has it can present it.
#[derive(Clone)]
pub struct Credential {
    pub(crate) t: Scalar,
    pub(crate) u: Point,
    pub(crate) v: Point,
}

impl Credential {
    /// Length in bytes.
    pub const LENGTH: usize = 96;

    /// Reads `t || U || V`.
    ///
    /// # Errors
    /// If a part is not canonical, or `U` is the identity: the MAC would say nothing.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let (t, u, v) = (reader.scalar()?, reader.point()?, reader.point()?);
        if *u.element() == RistrettoPoint::identity() {
            return Err(ParseError);
        }
        Ok(Self { t, u, v })
    }

    /// Writes `t || U || V`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_scalar(&self.t);
        bytes.put_point(&self.u);
        bytes.put_point(&self.v);
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // U and V without t present nothing.
        self.t.zeroize();
    }
}

anteroom_sigma::redacted_debug!(Credential);

/// `t*U` where issuer and client both know `t` and `U`: variable time.
pub(crate) fn public_product(t: &Scalar, u: &Point) -> Point {
    RistrettoPoint::vartime_multiscalar_mul([t], [u.element()]).into()
}
