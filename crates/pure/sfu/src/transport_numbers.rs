//! The transport-wide numbers of a device's packets, which may not go back to before their beginning.
//!
//! The code of connections extends each number of 16 bits by the highest one before it. A number that is more than
//! half of them above a low one becomes one before 0, of 64 bits, and the next report is to name all numbers between
//! the two: it takes all memory that there is. So until a packet that is verified has a number in the upper half,
//! numbers are taken up to 32,000 above the highest one that is verified. Before the first one of these, they are
//! taken up to 32,000 above the lowest one that was taken.

/// The number of numbers above a known one that are taken.
const AHEAD: u16 = 32_000;

/// The first number of the upper half.
const UPPER_HALF: u16 = 1 << 15;

/// The transport-wide numbers of a device's packets. The module's documentation has the rules.
#[derive(Clone, Copy, Debug)]
pub struct TransportNumbers {
    /// The id of the header extension that has them.
    id: Option<u8>,
    /// The highest number of a verified packet.
    highest: Option<u16>,
    /// The lowest number that was taken.
    lowest: u16,
    /// Whether a verified packet had a number in the upper half.
    is_safe: bool,
}

impl TransportNumbers {
    /// Creates those of a connection that has just begun, with the id of the header extension that has them.
    #[must_use]
    pub const fn new(id: Option<u8>) -> Self {
        Self {
            id,
            highest: None,
            lowest: u16::MAX,
            is_safe: false,
        }
    }

    /// Returns whether a packet is taken.
    pub fn receive(&mut self, packet: &[u8]) -> bool {
        let Some(id) = self.id.filter(|_| !self.is_safe) else {
            return true;
        };
        let mut rest = extensions(packet);
        while let Some((other, value)) = rest.as_mut().and_then(Elements::next) {
            let number = value.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
            let Some(number) = number.filter(|_| other == id) else {
                continue;
            };
            let known = self.highest.unwrap_or(self.lowest);
            if number > known.saturating_add(AHEAD) {
                return false;
            }
            self.lowest = self.lowest.min(number);
        }
        true
    }

    /// Notes the number of a packet that has been verified.
    pub fn verify(&mut self, number: u16) {
        self.is_safe |= number >= UPPER_HALF;
        self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
    }
}

/// The elements of the extension of a header.
struct Elements<'a> {
    rest: &'a [u8],
    has_long_form: bool,
}

/// Returns the extension of a packet's header.
fn extensions(packet: &[u8]) -> Option<Elements<'_>> {
    let first = *packet.first()?;
    let after_sources = packet.get(12 + 4 * usize::from(first & 0x0f)..)?;
    let (form, rest) = after_sources.split_first_chunk::<2>()?;
    let (words, rest) = rest.split_first_chunk::<2>()?;
    let length = 4 * usize::from(u16::from_be_bytes(*words));
    let has_long_form = match u16::from_be_bytes(*form) {
        0xbede => false,
        0x1000..=0x100f => true,
        _ => return None,
    };
    let rest = rest.get(..length).filter(|_| first & 0x10 != 0)?;
    Some(Elements {
        rest,
        has_long_form,
    })
}

impl<'a> Elements<'a> {
    /// Returns the next element, with its id.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        while let [0, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (id, length, rest) = match (self.has_long_form, self.rest) {
            (true, [id, length, rest @ ..]) => (*id, usize::from(*length), rest),
            (false, [head, rest @ ..]) => (*head >> 4, usize::from(*head & 0x0f) + 1, rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((id, value))
    }
}
