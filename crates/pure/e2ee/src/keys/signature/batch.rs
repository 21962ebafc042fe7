//! The signatures of one key over many messages, verified together.

use curve25519_dalek::{
    Scalar,
    constants::ED25519_BASEPOINT_POINT,
    edwards::{CompressedEdwardsY, EdwardsPoint},
    traits::{IsIdentity as _, VartimeMultiscalarMul as _},
};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};

use super::form::{SignatureBytes, has_small_order};
use crate::labels;

/// A signature of a batch, as numbers.
struct Term {
    /// `R`.
    nonce: EdwardsPoint,
    /// `s`.
    response: Scalar,
    /// `k`, the hash of `R`, the key and the message.
    challenge: Scalar,
}

/// Returns whether the signatures of a key over messages hold, all of them.
///
/// With the challenges k of RFC 8032, section 5.1.7, and factors z of 128 bits, it computes
/// `Σ z R + (Σ z k) A - (Σ z s) B` and compares it with the neutral element. The factors are a hash of everything
/// that they multiply.
///
/// Without the key's secret nobody brings a batch to hold that [`super::verify_strictly`] refuses. Its owner can, with
/// signatures whose `R` has a part of small order: a part of order 2 passes where its factor is even, of order 4 or 8
/// where that divides it, and the parts of two signatures can take each other away. The owner tries some. So a batch is
/// for those signatures alone whose owner gains nothing by it.
pub(super) fn all_hold(key: &VerifyingKey, signed: &[(Vec<u8>, &SignatureBytes)]) -> bool {
    if key.is_weak() {
        return false;
    }
    let terms = signed
        .iter()
        .map(|(message, signature)| Term::of(key, message, signature));
    let Some(terms) = terms.collect::<Option<Vec<Term>>>() else {
        return false;
    };
    let seed = seed(key, signed, &terms);
    let factors: Vec<Scalar> = (0..).zip(&terms).map(|(at, _)| factor(&seed, at)).collect();
    let sum = |part: fn(&Term) -> Scalar| -> Scalar {
        let products = factors.iter().zip(&terms);
        products.map(|(factor, term)| factor * part(term)).sum()
    };
    let of_key = sum(|term| term.challenge);
    let of_base = -sum(|term| term.response);
    let points = terms.iter().map(|term| term.nonce);
    EdwardsPoint::vartime_multiscalar_mul(
        factors.iter().copied().chain([of_key, of_base]),
        points.chain([key.to_edwards(), ED25519_BASEPOINT_POINT]),
    )
    .is_identity()
}

impl Term {
    /// Reads a signature. `None`: it holds for no message.
    fn of(key: &VerifyingKey, message: &[u8], signature: &SignatureBytes) -> Option<Self> {
        let (nonce, response) = signature.split_first_chunk::<32>()?;
        if has_small_order(signature) || !is_canonical(nonce) {
            return None;
        }
        let hash = Sha512::new()
            .chain_update(nonce)
            .chain_update(key.as_bytes())
            .chain_update(message);
        let response = Scalar::from_canonical_bytes(response.try_into().ok()?);
        Some(Self {
            nonce: CompressedEdwardsY(*nonce).decompress()?,
            response: Option::from(response)?,
            challenge: Scalar::from_bytes_mod_order_wide(&hash.finalize().into()),
        })
    }
}

/// Returns whether the y-coordinate of an encoded point is below the prime.
fn is_canonical(point: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = point;
    let is_above = *low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && high | 0x80 == 0xff;
    !is_above
}

/// Returns the hash of all that the factors multiply. The challenges stand for the messages.
fn seed(key: &VerifyingKey, signed: &[(Vec<u8>, &SignatureBytes)], terms: &[Term]) -> [u8; 64] {
    let mut hash = Sha512::new();
    hash.update(labels::SIGNATURE_BATCH);
    hash.update(key.as_bytes());
    for ((_, signature), term) in signed.iter().zip(terms) {
        hash.update(*signature);
        hash.update(term.challenge.as_bytes());
    }
    hash.finalize().into()
}

/// Returns a factor: a number of 128 bits.
fn factor(seed: &[u8; 64], at: u64) -> Scalar {
    let hash = Sha512::new()
        .chain_update(seed)
        .chain_update(at.to_be_bytes());
    let bytes: [u8; 64] = hash.finalize().into();
    let number = bytes.first_chunk().copied().unwrap_or_default();
    Scalar::from(u128::from_le_bytes(number))
}
