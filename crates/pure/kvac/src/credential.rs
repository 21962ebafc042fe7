//! A credential: a MAC over attribute points.

use std::sync::OnceLock;

use anteroom_sigma::{ParseError, Point, Sho};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::Identity};
use zeroize::Zeroize;

use crate::{
    cache::BoundedCache,
    codec::{Encoding, Reader},
};

/// The points of the days that were used last, by label and day.
static DAYS: BoundedCache<(&'static [u8], u64), Point> = BoundedCache::new();

/// Returns the point of slot 0 for a credential whose only public attribute is a day. Recent points are
/// cached, since all requests concern the same few days.
#[must_use]
pub fn public_day(label: &'static [u8], day: u64) -> Point {
    DAYS.of((label, day), || public_attributes(label, &[day]))
}

/// Returns the point of slot 0: the hash of a credential's label and all its public attributes.
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

/// A credential `t || U || V`. It is secret, since any holder can present it.
#[derive(Clone)]
pub struct Credential {
    pub(crate) t: Scalar,
    pub(crate) u: Point,
    pub(crate) v: Point,
    /// `t*U`, computed at its first use.
    t_u: OnceLock<RistrettoPoint>,
}

impl Credential {
    pub(crate) const fn new(t: Scalar, u: Point, v: Point) -> Self {
        let t_u = OnceLock::new();
        Self { t, u, v, t_u }
    }

    /// Stores `t*U`.
    pub(crate) fn with_t_u(self, t_u: RistrettoPoint) -> Self {
        self.t_u.get_or_init(|| t_u);
        self
    }

    /// Returns `t*U`, in constant time.
    pub(crate) fn t_u(&self) -> &RistrettoPoint {
        self.t_u.get_or_init(|| self.u.times(&self.t))
    }
}

/// `t || U || V`.
impl Encoding for Credential {
    /// Refuses the identity as `U`, with which the MAC would not depend on the attributes.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let (t, u, v) = (reader.read()?, reader.read::<Point>()?, reader.read()?);
        if *u.element() == RistrettoPoint::identity() {
            return Err(ParseError);
        }
        Ok(Self::new(t, u, v))
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.t.write(bytes);
        [self.u, self.v].write(bytes);
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // U and V are useless without t.
        self.t.zeroize();
        if let Some(t_u) = self.t_u.get_mut() {
            t_u.zeroize();
        }
    }
}

anteroom_sigma::redacted_debug!(Credential);
