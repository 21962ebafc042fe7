//! Labelled signatures: Ed25519 over `length of the label, 1 byte || label || message`.

mod batch;
mod form;

use anteroom_protocol::VerifyError;
use ed25519_dalek::{Signature, Signer as _, Verifier as _, VerifyingKey};

use self::form::has_small_order;
pub(crate) use self::form::{SIGNATURE_LENGTH, SignatureBytes};

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
        verify_labelled(self.verifying_key(), label, message, signature)
    }
}

/// Verifies the signature of a message under a label, as [`VerifyingRole::verify`].
pub(super) fn verify_labelled(
    key: &VerifyingKey,
    label: &[u8],
    message: &[u8],
    signature: &SignatureBytes,
) -> Result<(), VerifyError> {
    verify_strictly(key, &labelled(label, message), signature)
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

fn labelled(label: &[u8], message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
    [&[length][..], label, message].concat()
}

#[cfg(test)]
mod tests;
