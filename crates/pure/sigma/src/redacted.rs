//! `Debug` without content.

/// Implements `Debug` with the type's name alone.
///
/// Used for secrets, and for points, proofs and ciphertexts too: they identify accounts and rooms, and must
/// not appear in a log.
#[macro_export]
macro_rules! redacted_debug {
    (impl [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    };
    ($type:ty) => {
        $crate::redacted_debug!(impl [] $type);
    };
}
