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

use super::{
    SignatureBytes, SigningRole, VerifyingRole, batch::all_hold, form::SMALL_ORDER, verify_strictly,
};

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
    let large = large(signature);
    assert_eq!(verified(&signer.key(), &large), (false, false, false));
}

/// Adds the order of the group to the scalar of a signature.
fn large(mut signature: SignatureBytes) -> SignatureBytes {
    let order = (-Scalar::ONE).to_bytes();
    let mut carry = 1;
    for (byte, digit) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(digit) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    signature
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

/// A key that signs labelled messages.
struct Role(ed25519_dalek::SigningKey);

impl SigningRole for Role {
    fn signing_key(&self) -> &ed25519_dalek::SigningKey {
        &self.0
    }
}

struct PublicRole(VerifyingKey);

impl VerifyingRole for PublicRole {
    fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }
}

#[test]
fn a_batch_holds_if_each_signature_does() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let role = Role(ed25519_dalek::SigningKey::from_bytes(&[7; 32]));
    let public = PublicRole(role.0.verifying_key());
    for count in [0, 1, 2, 3, 50, 190, 250] {
        let messages: Vec<[u8; 40]> = (0..count)
            .map(|_| {
                let mut message = [0; 40];
                rng.fill_bytes(&mut message);
                message
            })
            .collect();
        let signatures: Vec<SignatureBytes> = messages
            .iter()
            .map(|message| role.sign(b"label", message))
            .collect();
        let holds = |label: &[u8], public: &PublicRole, signatures: &[SignatureBytes]| {
            let messages = messages.iter().map(|message| &message[..]);
            let signed: Vec<_> = messages.zip(signatures).collect();
            public.verify_all(label, &signed)
        };
        assert!(holds(b"label", &public, &signatures), "{count}");
        let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(holds(b"other", &public, &signatures), count == 0);
        assert_eq!(holds(b"label", &PublicRole(other), &signatures), count == 0);
        // One changed bit, and two signatures in the place of each other.
        for (at, message) in messages.iter().enumerate().step_by(17) {
            let mut changed = signatures.clone();
            let bit = usize::try_from(rng.next_u32() % 512).unwrap();
            changed[at][bit / 8] ^= 1 << (bit % 8);
            assert!(public.verify(b"label", message, &changed[at]).is_err());
            assert!(!holds(b"label", &public, &changed), "{count}, {at}, {bit}");
        }
        if count > 1 {
            let mut swapped = signatures.clone();
            swapped.swap(0, 1);
            assert!(!holds(b"label", &public, &swapped));
        }
    }
}

#[test]
fn a_batch_takes_no_signature_of_another_form() {
    let holds = |key: &VerifyingKey, signature: &SignatureBytes| {
        all_hold(key, &[(MESSAGE.to_vec(), signature)])
    };
    let none = EIGHT_TORSION[0];
    let signer = Signer::new(9, none);
    let good = signer.sign(Scalar::from(5_u64), none);
    assert!(holds(&signer.key(), &good));
    for torsion in EIGHT_TORSION {
        let small_nonce = signer.sign(Scalar::ZERO, torsion);
        assert!(!holds(&signer.key(), &small_nonce));
        let weak = Signer {
            secret: Scalar::ZERO,
            public: torsion,
        };
        let by_weak_key = weak.sign(Scalar::from(5_u64), none);
        assert!(!holds(&weak.key(), &by_weak_key));
    }
    for low in 0xed..=0xff {
        for sign in [0x7f, 0xff] {
            let mut r = [0xff; 32];
            (r[0], r[31]) = (low, sign);
            let other_encoding = signer.sign_with(CompressedEdwardsY(r), Scalar::ONE);
            assert!(!holds(&signer.key(), &other_encoding));
        }
    }
    assert!(!holds(&signer.key(), &large(good)));
}

/// The owner of the key gives `R` a part of small order. The batch takes some of these, and the strict verification none.
#[test]
fn a_batch_takes_a_part_of_small_order_as_often_as_a_factor_takes_it_away() {
    let signer = Signer::new(9, EIGHT_TORSION[0]);
    let good = signer.sign(Scalar::from(5_u64), EIGHT_TORSION[0]);
    // The multiples of a point of order 8.
    for (number, order) in [(1, 8), (2, 4), (4, 2), (0, 1)] {
        let mut taken = 0_u32;
        for nonce in (1..=512_u64).map(Scalar::from) {
            let mixed = signer.sign(nonce, EIGHT_TORSION[number]);
            let is_strict = verify_strictly(&signer.key(), MESSAGE, &mixed).is_ok();
            assert_eq!(is_strict, order == 1);
            let both = [(MESSAGE.to_vec(), &good), (MESSAGE.to_vec(), &mixed)];
            taken += u32::from(all_hold(&signer.key(), &both));
        }
        // Far from the others: six deviations of 512 throws are 68 at most.
        let expected = 512 / order;
        assert!(taken.abs_diff(expected) <= 68, "{order}: {taken}");
        assert!(order == 1 || taken < 512);
    }
    // The parts of two signatures take each other away, where the sum of the factors is even.
    let mut taken = 0_u32;
    for nonce in (1..=64_u64).map(Scalar::from) {
        let mixed = [nonce, nonce + Scalar::ONE].map(|one| signer.sign(one, EIGHT_TORSION[4]));
        let both = mixed.each_ref().map(|one| (MESSAGE.to_vec(), one));
        taken += u32::from(all_hold(&signer.key(), &both));
    }
    assert!((1..64).contains(&taken), "{taken}");
}
