//! The operations that are measured.

use strum::{IntoStaticStr, VariantArray};

/// The number of devices that a commit of many adds.
const MANY: u32 = 10;

/// The number of frames that one run seals or opens, so that a clock can time them.
const FRAMES: u32 = 100;

/// A measured operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    /// Making the key package of a device.
    KeyPackage,
    /// Verifying a key package, committing its Add, and merging the commit when it comes back.
    Add,
    /// Checking that commit as another member, and merging it.
    Process,
    /// Joining by the Welcome of that commit, with the checks of the whole tree.
    Join,
    /// Committing the Remove of a device, and merging the commit when it comes back.
    Remove,
    /// [`Self::Add`] with 10 devices in one commit.
    AddTen,
    /// [`Self::Process`] of that commit.
    ProcessTen,
    /// [`Self::Join`] as one of the 10.
    JoinTen,
    /// The verification words of an epoch.
    Words,
    /// Sealing a frame of 1,200 bytes.
    SealShort,
    /// Opening it.
    OpenShort,
    /// Sealing a frame of 30,000 bytes.
    SealLong,
    /// Opening it.
    OpenLong,
}

impl Operation {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the number, by which a module of WebAssembly is told the operation.
    #[must_use]
    pub fn number(self) -> u32 {
        let before = Self::VARIANTS.iter().take_while(|one| **one != self);
        before.fold(0, |number, _| number + 1)
    }

    /// Returns the operation with a number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let mut all = Self::VARIANTS.iter().copied();
        all.find(|one| one.number() == number)
    }

    /// Returns whether the time depends on the number of members.
    #[must_use]
    pub const fn depends_on_members(self) -> bool {
        self.added() > 0
    }

    /// Returns how often one run does the operation.
    #[must_use]
    pub const fn repeats(self) -> u32 {
        match self {
            Self::SealShort | Self::OpenShort | Self::SealLong | Self::OpenLong => FRAMES,
            _ => 1,
        }
    }

    /// Returns the number of devices that the commit of the operation adds, or has added before.
    pub(crate) const fn added(self) -> u32 {
        match self {
            Self::Add | Self::Process | Self::Join | Self::Remove => 1,
            Self::AddTen | Self::ProcessTen | Self::JoinTen => MANY,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_operations() {
        for operation in Operation::VARIANTS {
            assert_eq!(Operation::from_number(operation.number()), Some(*operation));
        }
        assert_eq!(Operation::from_number(99), None);
    }
}
