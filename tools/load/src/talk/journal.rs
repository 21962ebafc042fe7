//! The sounds that a device has said and heard.

use std::collections::BTreeMap;

use anteroom_client::DemuxId;
use tokio::time::Instant;

/// The maximum length of a packet: configuration, number, and what makes it as long as those of people.
const LENGTH: usize = 64;
/// Configuration 31 of Opus: 20 ms of full band, mono, one frame.
const CONFIGURATION: u8 = 31 << 3;

/// A device's notes.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Its seat, once it has one.
    pub(crate) demux: Option<DemuxId>,
    /// The devices in the call.
    pub(crate) active: usize,
    /// The number of sounds that it has said: the next one has this number.
    pub(crate) said: u32,
    /// The numbers of the sounds that it has heard, with the moments, by their senders.
    pub(crate) heard: BTreeMap<DemuxId, Vec<(u32, Instant)>>,
    /// Whether it has left.
    pub(crate) has_left: bool,
    /// An unexpected event.
    pub(crate) fault: Option<String>,
}

impl Journal {
    pub(super) fn blame(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    pub(super) fn note(&mut self, sender: DemuxId, packet: &[u8], moment: Instant) {
        match number_of(packet) {
            Some(number) => self.heard.entry(sender).or_default().push((number, moment)),
            None => self.blame(format!("{sender} said what nobody says")),
        }
    }

    /// Returns the last number that was heard of a device.
    pub(crate) fn last(&self, sender: DemuxId) -> Option<u32> {
        let numbers = self.heard.get(&sender)?.iter();
        numbers.map(|(number, _)| *number).max()
    }

    /// Fails unless every sound of a device from the first that was heard on was heard, once and in order.
    pub(crate) fn check(&self, sender: DemuxId) -> Result<u32, String> {
        let heard = self.heard.get(&sender).map_or(&[][..], Vec::as_slice);
        let first = heard.first().map(|(number, _)| *number);
        for ((number, _), expected) in heard.iter().zip(first.unwrap_or_default()..) {
            if *number != expected {
                return Err(format!(
                    "sound {number} of {sender} came instead of {expected}"
                ));
            }
        }
        Ok(heard.len().try_into().unwrap_or(u32::MAX))
    }
}

/// Returns the packet with a number.
pub(super) fn packet(number: u32) -> Vec<u8> {
    let mut packet = vec![CONFIGURATION];
    packet.extend(number.to_be_bytes());
    packet.resize(LENGTH, 7);
    packet
}

fn number_of(packet: &[u8]) -> Option<u32> {
    let (configuration, rest) = packet.split_first()?;
    let number = rest.first_chunk()?;
    let is_ours = *configuration == CONFIGURATION && packet.len() == LENGTH;
    is_ours.then(|| u32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> DemuxId {
        DemuxId::new(16).unwrap()
    }

    fn journal(numbers: &[u32]) -> Journal {
        let mut journal = Journal::default();
        for number in numbers {
            journal.note(sender(), &packet(*number), Instant::now());
        }
        journal
    }

    #[test]
    fn a_lost_a_doubled_and_a_reordered_sound_are_noticed() {
        for (numbers, good) in [
            (&[][..], true),
            (&[7, 8, 9], true),
            (&[7, 9], false),
            (&[7, 7], false),
            (&[8, 7], false),
        ] {
            let checked = journal(numbers).check(sender());
            assert_eq!(checked.is_ok(), good, "{numbers:?}");
        }
        assert_eq!(journal(&[7, 8]).last(sender()), Some(8));
    }

    #[test]
    fn something_else_than_a_number_is_a_fault() {
        let mut journal = journal(&[1]);
        journal.note(sender(), b"hello", Instant::now());
        assert!(journal.fault.is_some());
    }
}
