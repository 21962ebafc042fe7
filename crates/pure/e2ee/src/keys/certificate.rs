//! The keys of certificates: the issuer's and that of a device's identity.

use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::public_key::key_pair;

key_pair!(
    /// The key with which an issuer signs certificates. Wiped on drop.
    CertificateKey,
    /// The public half of a [`CertificateKey`]. It stands in the issuer's params and is pinned with them.
    CertificatePublicKey
);

key_pair!(
    /// The key of a device's identity, the same in all rooms. Wiped on drop.
    IdentityKey,
    /// The public half of an [`IdentityKey`]. A certificate ties it to an account.
    IdentityPublicKey
);

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
