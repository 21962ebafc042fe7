//! Values that only a measurement uses.

use std::hint::black_box;

/// Makes the compiler believe that a value is used.
pub(super) fn hide<T>(value: T) {
    black_box(value);
}
