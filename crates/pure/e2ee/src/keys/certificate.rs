//! The keys of certificates: the issuer's and that of a device's identity.

use anteroom_protocol::{VerifyError, redacted_debug};
use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    public_key::{self, PublicKeyError, key_pair},
    signature::{SignatureBytes, SigningRole, verify_labelled},
};

key_pair!(
    /// The key with which an issuer signs certificates. Wiped on drop.
    CertificateKey,
    /// The public half of a [`CertificateKey`]. It stands in the issuer's params and is pinned with them.
    CertificatePublicKey
);

/// The key of a device's identity, the same in all rooms. Wiped on drop.
#[derive(Clone)]
pub struct IdentityKey(SigningKey);

/// The public half of an [`IdentityKey`]. A certificate ties it to an account.
///
/// One that stands in a certificate may be no key at all: that shows where a signature is verified. A member parses
/// the certificates of all leaves of a call that it joins, and verifies those whose accounts it shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityPublicKey([u8; 32]);

redacted_debug!(IdentityKey);
redacted_debug!(IdentityPublicKey);

impl IdentityKey {
    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> IdentityPublicKey {
        IdentityPublicKey(self.0.verifying_key().to_bytes())
    }
}

impl SigningRole for IdentityKey {
    fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl IdentityPublicKey {
    /// Parses the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// The bytes are no canonical encoding of a point of large order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        public_key::parse(bytes).map(|key| Self(key.to_bytes()))
    }

    /// Takes bytes that are not known to be a key.
    pub(crate) const fn from_certificate(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes of RFC 8032.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Verifies the signature of a message under a label, strictly. Under bytes that are no key none holds.
    pub(crate) fn verify(
        &self,
        label: &[u8],
        message: &[u8],
        signature: &SignatureBytes,
    ) -> Result<(), VerifyError> {
        let key = public_key::parse(&self.0).map_err(|PublicKeyError| VerifyError)?;
        verify_labelled(&key, label, message, signature)
    }
}

/// Defines how a secret key is drawn and stored.
macro_rules! stored_key {
    ($secret:ident) => {
        impl $secret {
            /// Draws a key.
            pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
                let mut seed = Zeroizing::new([0; 32]);
                rng.fill_bytes(seed.as_mut_slice());
                Self::from_seed(&seed)
            }

            /// Creates a key from its stored seed, 32 bytes.
            #[must_use]
            pub fn from_seed(seed: &[u8; 32]) -> Self {
                Self(SigningKey::from_bytes(seed))
            }

            /// Returns the seed.
            #[must_use]
            pub fn seed(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }
        }
    };
}

stored_key!(CertificateKey);
stored_key!(IdentityKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_bytes_of_a_certificate_that_are_no_key_no_signature_holds() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        // `R` is the neutral element and `s` is 0: the equation holds under the neutral element as a key.
        let mut signature = [0; 64];
        signature[0] = 1;
        for (what, bytes) in [
            ("a point of small order", neutral),
            ("no point", [2; 32]),
            ("a coordinate above the prime", [0xff; 32]),
        ] {
            assert!(IdentityPublicKey::from_bytes(&bytes).is_err(), "{what}");
            let key = IdentityPublicKey::from_certificate(bytes);
            assert_eq!(key.as_bytes(), &bytes, "{what}");
            assert!(
                key.verify(b"label", b"message", &signature).is_err(),
                "{what}"
            );
        }
        let secret = IdentityKey::from_seed(&[1; 32]);
        let key = IdentityPublicKey::from_certificate(*secret.public().as_bytes());
        let signature = secret.sign(b"label", b"message");
        assert!(key.verify(b"label", b"message", &signature).is_ok());
        assert!(key.verify(b"label", b"another", &signature).is_err());
    }
}
