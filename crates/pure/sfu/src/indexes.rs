//! Small numbers that stand for devices, users and slots inside a call, so that a packet needs no look-up.

/// The number of an active device in its call. It is given again after the device has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceIndex(usize);

/// The number of a user in its call. It is not given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex(usize);

/// The number of a slot of a viewer, in the order of the m-lines of its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(usize);

macro_rules! index {
    ($($name:ident),*) => {
        $(impl $name {
            /// Creates the index from its number.
            #[must_use]
            pub const fn new(number: usize) -> Self {
                Self(number)
            }

            /// Returns the number.
            #[must_use]
            pub const fn number(self) -> usize {
                self.0
            }
        })*
    };
}

index!(DeviceIndex, UserIndex, SlotIndex);
