//! The record of the hints about links that lack the admin key or name another one.

use crate::hint_times::HintTimes;

/// The hints that a device has given, and whether it got one.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdminHints {
    pub(crate) given: HintTimes,
    is_told: bool,
}

impl AdminHints {
    /// Returns whether the person has yet to be told that the own link differs, and takes note of it.
    pub(crate) const fn is_untold(&mut self) -> bool {
        !core::mem::replace(&mut self.is_told, true)
    }

    /// Returns whether the person was told that the own link differs.
    pub(crate) const fn is_told(&self) -> bool {
        self.is_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_once_that_the_own_link_differs() {
        let mut hints = AdminHints::default();
        assert_eq!([hints.is_untold(), hints.is_untold()], [true, false]);
    }
}
