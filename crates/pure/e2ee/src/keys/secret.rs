//! Secrets of 32 random bytes that a client keeps, one type for each use.

/// Defines a secret. It is wiped on drop, and `Debug` shows nothing of it.
macro_rules! stored_secret {
    ($(#[$doc:meta])* pub struct $name:ident;) => {
        $(#[$doc])*
        #[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Draws a secret.
            pub fn random<R: rand_core::CryptoRng + ?Sized>(rng: &mut R) -> Self {
                let mut secret = Self([0; 32]);
                rng.fill_bytes(&mut secret.0);
                secret
            }

            /// Creates a secret from stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        anteroom_protocol::redacted_debug!($name);
    };
}

pub(super) use stored_secret;
