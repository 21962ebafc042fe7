//! Short names of devices that are the same for all participants of a call.
//!
//! The room service assigns every device a random demux id, and none twice in an era. A tag is the digits and
//! letters of that number: all participants see the same tag, a reconnection preserves it, and no later
//! device gets it.

use std::fmt;

use anteroom_client::DemuxId;

/// The digits of a tag. No two look alike.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The number of digits of a whole tag: 32 bits, five per digit.
const WHOLE: usize = 7;
/// The number of displayed digits if they identify one device.
const SHORT: usize = 4;

/// The name of a device: all its digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DeviceTag(String);

/// The first digits of a tag, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagPrefix(String);

impl DeviceTag {
    pub(super) fn of(device: DemuxId) -> Self {
        // The low four bits of a demux id are zero, so they are moved to the end.
        let mut number = device.number().rotate_right(4);
        let digit = |_| {
            let digit = usize::try_from(number % 32).ok();
            number /= 32;
            let digit = digit.and_then(|index| DIGITS.get(index));
            char::from(*digit.unwrap_or(&b'0'))
        };
        Self((0..WHOLE).map(digit).collect())
    }

    /// Returns the digits that are shown.
    pub(super) fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or_default()
    }

    /// Returns all digits.
    pub(super) fn whole(&self) -> &str {
        &self.0
    }

    /// Returns whether it begins like this.
    pub(super) fn starts_with(&self, prefix: &TagPrefix) -> bool {
        self.0.starts_with(&prefix.0)
    }
}

impl TagPrefix {
    /// Parses four to seven digits, with or without a `#`, in upper or lower case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let digits: Option<String> = text.chars().map(digit).collect();
        digits
            .filter(|digits| (SHORT..=WHOLE).contains(&digits.len()))
            .map(Self)
    }
}

impl fmt::Display for TagPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}

/// Returns the digit that a character represents.
fn digit(character: char) -> Option<char> {
    let digit = match character.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let is_digit = u8::try_from(digit).is_ok_and(|byte| DIGITS.contains(&byte));
    is_digit.then_some(digit)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn tag(number: u32) -> DeviceTag {
        DeviceTag::of(DemuxId::new(number).unwrap())
    }

    #[test]
    fn every_device_has_a_tag_of_its_own() {
        let numbers = (1..=4096).flat_map(|number| [number << 4, number << 20]);
        let numbers: HashSet<u32> = numbers.filter(|number| *number != 0).collect();
        let tags: HashSet<DeviceTag> = numbers.iter().copied().map(tag).collect();
        assert_eq!(tags.len(), numbers.len());
        for (number, short, whole) in [
            (16, "1000", "1000000"),
            (0x1234_5670, "7bh6", "7bh6j00"),
            (0xffff_fff0, "zzzz", "zzzzz70"),
        ] {
            assert_eq!(tag(number).short(), short, "{number}");
            assert_eq!(tag(number).whole(), whole, "{number}");
        }
    }

    #[test]
    fn tags_are_read_as_people_write_them() {
        let device = tag(0x1234_5670);
        for text in ["7bh6", "#7bh6", "7BH6", "7bh6j", "7bh6jo0", "#7Bh6J0O"] {
            let prefix = TagPrefix::parse(text).unwrap();
            assert!(device.starts_with(&prefix), "{text}");
        }
        for text in [
            "", "#", "7bh", "7bh6j000", "7b h6", "##7bh6", "7bhu", "7bhé", "1",
        ] {
            assert_eq!(TagPrefix::parse(text), None, "{text}");
        }
        assert!(!device.starts_with(&TagPrefix::parse("7bh7").unwrap()));
    }
}
