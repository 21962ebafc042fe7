//! Simulated faults of a processor, for tests.

use anteroom_sigma::Point;
use curve25519_dalek::{RistrettoPoint, Scalar};

/// The number of 64-bit limbs in a scalar.
pub(crate) const LIMBS: usize = 4;
/// The number of bytes in a limb.
const LIMB: usize = 8;

/// Flips one limb.
pub(crate) fn flip(scalar: &mut Scalar, limb: usize) {
    let mut bytes = scalar.to_bytes();
    for byte in bytes.iter_mut().skip(LIMB * limb).take(LIMB) {
        *byte ^= 0xff;
    }
    *scalar = Scalar::from_bytes_mod_order(bytes);
}

/// Shifts a point as if a limb of `scalar` had been flipped during the computation of a multiple of the
/// basepoint that is a summand of it.
pub(crate) fn shift(point: &mut RistrettoPoint, scalar: &Scalar, limb: usize) {
    let mut flipped = *scalar;
    flip(&mut flipped, limb);
    *point += Point::BASE.times(&(flipped - scalar));
}
