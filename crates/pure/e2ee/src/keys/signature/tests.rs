//! The strict verification has the result of that of `ed25519-dalek`.

use curve25519_dalek::{
    Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha512};

use super::{SMALL_ORDER, SignatureBytes, verify_strictly};

const MESSAGE: &[u8] = b"a message";

/// A secret scalar with a point of small order beside its public point.
struct Signer {
    secret: Scalar,
    public: EdwardsPoint,
}

impl Signer {
    fn new(number: u64, torsion: EdwardsPoint) -> Self {
        let secret = Scalar::from(number) * Scalar::from(u64::MAX);
        Self {
            secret,
            public: ED25519_BASEPOINT_POINT * secret + torsion,
        }
    }

    fn key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(self.public.compress().as_bytes()).unwrap()
    }

    /// Signs with the point `[nonce]B` and a point beside it.
    fn sign(&self, nonce: Scalar, beside: EdwardsPoint) -> SignatureBytes {
        let r = (ED25519_BASEPOINT_POINT * nonce + beside).compress();
        self.sign_with(r, nonce)
    }

    fn sign_with(&self, r: CompressedEdwardsY, nonce: Scalar) -> SignatureBytes {
        let hash = Sha512::new()
            .chain_update(r.as_bytes())
            .chain_update(self.public.compress().as_bytes())
            .chain_update(MESSAGE);
        let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let response = nonce + challenge * self.secret;
        Signature::from_components(r.to_bytes(), response.to_bytes()).to_bytes()
    }
}

/// Verifies in both ways, and returns the result. The third value is that of the verification that is not strict.
fn verified(key: &VerifyingKey, signature: &SignatureBytes) -> (bool, bool, bool) {
    let parsed = Signature::from_bytes(signature);
    (
        verify_strictly(key, MESSAGE, signature).is_ok(),
        key.verify_strict(MESSAGE, &parsed).is_ok(),
        key.verify(MESSAGE, &parsed).is_ok(),
    )
}

#[test]
fn the_points_of_small_order_are_those_of_the_curve() {
    let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| {
            let mut y = point.compress().to_bytes();
            y[31] &= 0x7f;
            y
        })
        .collect();
    encodings.sort_unstable();
    encodings.dedup();
    let mut known = SMALL_ORDER;
    known.sort_unstable();
    assert_eq!(encodings, known);
}

#[test]
fn signatures_with_parts_of_small_order_are_judged_as_strictly() {
    let mut counts = [0; 3];
    for (number, beside_key) in (1..).zip(EIGHT_TORSION) {
        let signer = Signer::new(number, beside_key);
        for beside_nonce in EIGHT_TORSION {
            // The nonce 0 makes an `R` of small order.
            for nonce in (0..8_u64).map(Scalar::from) {
                let signature = signer.sign(nonce, beside_nonce);
                let (own, strict, lax) = verified(&signer.key(), &signature);
                assert_eq!(own, strict);
                counts[0] += u32::from(own);
                counts[1] += u32::from(lax && !own);
                counts[2] += u32::from(!lax);
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn signatures_under_keys_of_small_order_are_refused() {
    let mut lax_ones = 0;
    for public in EIGHT_TORSION {
        let signer = Signer {
            secret: Scalar::ZERO,
            public,
        };
        for nonce in (0..8_u64).map(Scalar::from) {
            let signature = signer.sign(nonce, EIGHT_TORSION[0]);
            let (own, strict, lax) = verified(&signer.key(), &signature);
            assert_eq!((own, strict), (false, false));
            lax_ones += u32::from(lax);
        }
    }
    assert!(lax_ones > 0);
}

#[test]
fn other_encodings_of_a_signature_are_refused() {
    let signer = Signer::new(9, EIGHT_TORSION[0]);
    let signature = signer.sign(Scalar::from(5_u64), EIGHT_TORSION[0]);
    assert_eq!(verified(&signer.key(), &signature), (true, true, true));
    // Each encoding of a y-coordinate above the prime, as `R`.
    for low in 0xed..=0xff {
        for sign in [0x7f, 0xff] {
            let mut r = [0xff; 32];
            (r[0], r[31]) = (low, sign);
            for nonce in (0..3_u64).map(Scalar::from) {
                let signature = signer.sign_with(CompressedEdwardsY(r), nonce);
                assert_eq!(verified(&signer.key(), &signature), (false, false, false));
            }
        }
    }
    // The scalar plus the order of the group.
    let order = (-Scalar::ONE).to_bytes();
    let mut large = signature;
    let mut carry = 1;
    for (byte, digit) in large[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(digit) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(verified(&signer.key(), &large), (false, false, false));
}

#[test]
fn changed_signatures_are_judged_as_strictly() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let signer = Signer::new(11, EIGHT_TORSION[0]);
    let signature = signer.sign(Scalar::from(7_u64), EIGHT_TORSION[0]);
    for bit in 0..512 {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verified(&signer.key(), &changed), (false, false, false));
        rng.fill_bytes(&mut changed);
        assert_eq!(verified(&signer.key(), &changed), (false, false, false));
    }
}
