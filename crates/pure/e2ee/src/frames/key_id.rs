//! Key ids of frames.

use super::context::FrameContext;

const CONTEXT_BITS: u32 = 3;
const LEAF_BITS: u32 = 10;

/// The number of leaves that key ids can name.
pub(super) const MAX_LEAVES: u32 = 1 << LEAF_BITS;

/// The id of a key: `epoch modulo 256 (8 bits) || leaf (10) || context (3)`, 21 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FrameKeyId {
    pub(super) short_epoch: u8,
    pub(super) leaf: u32,
    pub(super) context: FrameContext,
}

impl FrameKeyId {
    /// Returns the last 8 bits of an epoch.
    pub(super) fn short_epoch(epoch: u64) -> u8 {
        let [.., last] = epoch.to_be_bytes();
        last
    }

    /// Returns the number in SFrame's header.
    pub(super) fn number(self) -> u64 {
        u64::from(self.short_epoch) << (LEAF_BITS + CONTEXT_BITS)
            | u64::from(self.leaf) << CONTEXT_BITS
            | u64::from(self.context.number())
    }

    /// Parses a number; `None` for one that no member makes.
    pub(super) fn from_number(number: u64) -> Option<Self> {
        let bits = u32::try_from(number).ok()?;
        let context = u8::try_from(bits & ((1 << CONTEXT_BITS) - 1)).ok()?;
        Some(Self {
            short_epoch: u8::try_from(bits >> (LEAF_BITS + CONTEXT_BITS)).ok()?,
            leaf: bits >> CONTEXT_BITS & (MAX_LEAVES - 1),
            context: FrameContext::from_number(context)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_others_are_refused() {
        for (number, expected) in [(0, true), (3, true), (4, false), (7, false)] {
            assert_eq!(FrameKeyId::from_number(number).is_some(), expected);
        }
        for number in [1, 0x1f_ffff & !7, 0x1f_ffff & !4] {
            let id = FrameKeyId::from_number(number);
            assert_eq!(id.map(FrameKeyId::number), Some(number));
        }
        assert_eq!(FrameKeyId::from_number(1 << 21), None);
        assert_eq!(FrameKeyId::from_number(1 << 40), None);
        let id = FrameKeyId {
            short_epoch: FrameKeyId::short_epoch(0x1_02),
            leaf: 5,
            context: FrameContext::Screen,
        };
        assert_eq!(id.number(), 2 << 13 | 5 << 3 | 2);
    }
}
