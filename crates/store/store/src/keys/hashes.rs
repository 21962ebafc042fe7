//! Keyed hashes, as a database stores them.

use subtle::ConstantTimeEq as _;

use crate::bytes::opaque_bytes;

opaque_bytes! {
    /// A keyed hash of a value under which its row is found: 32 bytes.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct BlindIndex([u8; 32]);
}

/// Defines a keyed hash of a secret.
macro_rules! secret_hash {
    ($(#[$doc:meta])* pub struct $name:ident;) => {
        opaque_bytes! {
            $(#[$doc])*
            ///
            /// `==` does not exist: [`Self::matches`] compares in constant time.
            #[derive(Clone)]
            pub struct $name([u8; 32]);
        }

        impl $name {
            /// Returns whether two hashes are equal, in constant time.
            #[must_use]
            pub fn matches(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }
    };
}

secret_hash! {
    /// A keyed hash of a device's password: 32 bytes.
    pub struct PasswordHash;
}
secret_hash! {
    /// A keyed hash of a link's admin passkey: 32 bytes.
    pub struct PasskeyHash;
}
