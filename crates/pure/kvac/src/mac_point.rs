//! The point `U` of a credential.

use anteroom_sigma::{Point, Randomness, Sho};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::VartimeMultiscalarMul};
use zeroize::Zeroizing;

/// A fresh `U`, with what its multiples are computed from.
///
/// Known answers require a point hashed from the randomness. For randomness from a generator, a random scalar
/// `u` and `U = u*G` serve as well: both points are uniform in the group, which is all that the MAC requires
/// of `U`, and the multiples of the second come from the table of `G`. `u` is as secret as the key: it is
/// wiped on drop.
pub(crate) enum MacPoint {
    Hashed(RistrettoPoint),
    Drawn(Zeroizing<Scalar>),
}

impl MacPoint {
    pub(crate) fn squeeze(sho: &mut Sho, randomness: &Randomness) -> Self {
        if randomness.is_drawn() {
            Self::Drawn(Zeroizing::new(sho.scalar()))
        } else {
            Self::Hashed(sho.point())
        }
    }

    /// Returns `U / 2`.
    pub(crate) fn half(&self) -> RistrettoPoint {
        self.public_times(&Scalar::ONE.div_by_2())
    }

    /// Returns a multiple of `U`, in constant time.
    pub(crate) fn times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self {
            Self::Hashed(u) => u * scalar,
            Self::Drawn(u) => Point::BASE.times(&Zeroizing::new(**u * scalar)),
        }
    }

    /// Returns a multiple of `U` by a scalar that both parties know, in variable time.
    pub(crate) fn public_times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self {
            Self::Hashed(u) => RistrettoPoint::vartime_multiscalar_mul([scalar], [u]),
            Self::Drawn(_) => self.times(scalar),
        }
    }
}
