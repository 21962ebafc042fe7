//! The point `U` of a credential.

use anteroom_sigma::{Point, Randomness, Sho};
use curve25519_dalek::{RistrettoPoint, Scalar, traits::VartimeMultiscalarMul};
use zeroize::Zeroizing;

/// Where a fresh `U` comes from, and with it all its multiples.
///
/// Known answers ask for a point hashed from the randomness. Whoever draws randomness may as well
/// draw `u` and take `U = u*G`: both are uniform in the group, which is all the MAC asks of `U`,
/// and the multiples of the second come from the table of `G`. `u` is as secret as the key: it is
/// wiped with the rest.
pub(crate) enum Source {
    Hashed(RistrettoPoint),
    Drawn(Zeroizing<Scalar>),
}

impl Source {
    pub(crate) fn squeeze(sho: &mut Sho, randomness: &Randomness) -> Self {
        if randomness.is_drawn() {
            Self::Drawn(Zeroizing::new(sho.scalar()))
        } else {
            Self::Hashed(sho.point())
        }
    }

    /// `U / 2`.
    pub(crate) fn half(&self) -> RistrettoPoint {
        self.public_times(&Scalar::ONE.div_by_2())
    }

    /// A multiple of `U`, in constant time.
    pub(crate) fn times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self {
            Self::Hashed(u) => u * scalar,
            Self::Drawn(u) => Point::BASE.times(&Zeroizing::new(**u * scalar)),
        }
    }

    /// A multiple of `U` by a scalar that both ends know.
    pub(crate) fn public_times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self {
            Self::Hashed(u) => RistrettoPoint::vartime_multiscalar_mul([scalar], [u]),
            Self::Drawn(_) => self.times(scalar),
        }
    }
}
