//! Byte strings of a fixed length.

/// Defines a type of `$length` bytes. Its `Debug` shows none of them.
macro_rules! opaque_bytes {
    ($(#[$attribute:meta])* pub struct $name:ident([u8; $length:literal]);) => {
        $(#[$attribute])*
        pub struct $name([u8; $length]);

        impl $name {
            /// Creates the value from its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        crate::opaque_debug::opaque_debug!($name);
    };
}

pub(crate) use opaque_bytes;
