//! `Debug` for what must not show itself.

/// Implements `Debug` with the type's name alone.
///
/// Secrets, but also points, proofs and ciphertexts, which stand for accounts and rooms: none of
/// them belongs into a log.
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
