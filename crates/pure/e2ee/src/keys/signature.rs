//! Labelled signatures: Ed25519 over `length of the label, 1 byte || label || message`.

use anteroom_protocol::VerifyError;
use ed25519_dalek::{Signature, Signer as _};

/// The length of a signature, in bytes.
pub(crate) const SIGNATURE_LENGTH: usize = 64;

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
    fn verifying_key(&self) -> &ed25519_dalek::VerifyingKey;

    /// Verifies the signature of a message under a label, strictly: by the equation without the cofactor, and
    /// with canonical encodings alone.
    fn verify(
        &self,
        label: &[u8],
        message: &[u8],
        signature: &SignatureBytes,
    ) -> Result<(), VerifyError> {
        let signature = Signature::from_bytes(signature);
        self.verifying_key()
            .verify_strict(&labelled(label, message), &signature)
            .map_err(|_| VerifyError)
    }
}

fn labelled(label: &[u8], message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
    [&[length][..], label, message].concat()
}
