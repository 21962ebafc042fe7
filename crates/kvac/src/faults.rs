//! Faults of a processor, for the tests of what they must not do.

use anteroom_sigma::Point;
use curve25519_dalek::{RistrettoPoint, Scalar};

/// Limbs of 64 bits in a scalar.
pub(crate) const LIMBS: usize = 4;
/// Bytes in a limb.
const LIMB: usize = 8;

/// Flips one limb.
pub(crate) fn flip(scalar: &mut Scalar, limb: usize) {
    let mut bytes = scalar.to_bytes();
    for byte in bytes.iter_mut().skip(LIMB * limb).take(LIMB) {
        *byte ^= 0xff;
    }
    *scalar = Scalar::from_bytes_mod_order(bytes);
}

/// What becomes of a point when a limb of `scalar` was flipped on its way into a multiple of the
/// basepoint that is a part of it.
pub(crate) fn shift(point: &mut RistrettoPoint, scalar: &Scalar, limb: usize) {
    let mut flipped = *scalar;
    flip(&mut flipped, limb);
    *point += Point::BASE.times(&(flipped - scalar));
}
