//! Labelled signatures: Ed25519 over `length of the label, 1 byte || label || message`.

mod batch;

use anteroom_protocol::VerifyError;
use ed25519_dalek::{Signature, Signer as _, Verifier as _, VerifyingKey};

/// The length of a signature, in bytes.
pub(crate) const SIGNATURE_LENGTH: usize = 64;

/// The y-coordinates of the eight points of small order, as they are encoded without the sign.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
];

/// The bytes of a signature.
pub(crate) type SignatureBytes = [u8; SIGNATURE_LENGTH];

/// A secret key that signs labelled messages.
pub(crate) trait SigningRole {
    /// Returns the key.
    fn signing_key(&self) -> &ed25519_dalek::SigningKey;

    /// Signs a message under a label.
    fn sign(&self, label: &[u8], message: &[u8]) -> SignatureBytes {
        let message = labelled(label, message);
        self.signing_key().sign(&message).to_bytes()
    }
}

/// A public key that verifies labelled messages.
pub(crate) trait VerifyingRole {
    /// Returns the key.
    fn verifying_key(&self) -> &VerifyingKey;

    /// Returns whether the signatures of messages under a label hold, all of them, as [`batch::all_hold`] judges.
    fn verify_all(&self, label: &[u8], signed: &[(&[u8], &SignatureBytes)]) -> bool {
        let signed = signed
            .iter()
            .map(|(message, signature)| (labelled(label, message), *signature));
        batch::all_hold(self.verifying_key(), &signed.collect::<Vec<_>>())
    }

    /// Verifies the signature of a message under a label, strictly: by the equation without the cofactor, and
    /// with canonical encodings alone.
    fn verify(
        &self,
        label: &[u8],
        message: &[u8],
        signature: &SignatureBytes,
    ) -> Result<(), VerifyError> {
        verify_strictly(self.verifying_key(), &labelled(label, message), signature)
    }
}

/// Verifies a signature with the result of [`VerifyingKey::verify_strict`], without its decompression of `R`.
///
/// Both compute `[s]B - [k]A` and compare its canonical encoding with the bytes of `R`. Where they are equal, `R`
/// is of small order if and only if its bytes are the encoding of such a point.
pub(crate) fn verify_strictly(
    key: &VerifyingKey,
    message: &[u8],
    signature: &SignatureBytes,
) -> Result<(), VerifyError> {
    if key.is_weak() || has_small_order(signature) {
        return Err(VerifyError);
    }
    key.verify(message, &Signature::from_bytes(signature))
        .map_err(|_| VerifyError)
}

/// Returns whether the `R` of a signature is of small order.
fn has_small_order(signature: &SignatureBytes) -> bool {
    let Some(r) = signature.first_chunk() else {
        return false;
    };
    let mut y: [u8; 32] = *r;
    y[31] &= 0x7f;
    SMALL_ORDER.contains(&y)
}

fn labelled(label: &[u8], message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
    [&[length][..], label, message].concat()
}

#[cfg(test)]
mod tests;
