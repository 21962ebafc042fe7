//! The messages that one device has received, which must be complete and in order.

use std::collections::BTreeMap;

use anteroom_client::DemuxId;

/// The length of a message before it is sealed, that of a short chat message.
const LENGTH: usize = 120;
const HEAD: usize = 10;

/// The recipients of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Audience {
    All,
    One,
}

/// A numbered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberedMessage {
    pub(crate) round: u32,
    pub(crate) audience: Audience,
    /// Whether messages may be missing, since the services are killed in this round.
    pub(crate) gaps: bool,
    /// The number of the message, from 1.
    pub(crate) number: u32,
}

/// The last number received in each stream.
#[derive(Debug, Default)]
pub(crate) struct SequenceTracker {
    last: BTreeMap<(u32, DemuxId, Audience), u32>,
    heard: u64,
}

impl NumberedMessage {
    pub(crate) fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let head = [
            u8::from(self.audience == Audience::One),
            u8::from(self.gaps),
        ]
        .into_iter()
        .chain(self.round.to_be_bytes())
        .chain(self.number.to_be_bytes());
        for (byte, value) in bytes.iter_mut().zip(head) {
            *byte = value;
        }
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != LENGTH {
            return None;
        }
        let head = bytes.first_chunk::<HEAD>()?;
        let [audience, gaps, r0, r1, r2, r3, n0, n1, n2, n3] = *head;
        Some(Self {
            round: u32::from_be_bytes([r0, r1, r2, r3]),
            audience: match audience {
                0 => Audience::All,
                1 => Audience::One,
                _ => return None,
            },
            gaps: match gaps {
                0 => false,
                1 => true,
                _ => return None,
            },
            number: u32::from_be_bytes([n0, n1, n2, n3]),
        })
    }
}

impl SequenceTracker {
    /// Records a message. Returns a description of the fault if it is not the next one of its stream.
    pub(crate) fn note(&mut self, from: DemuxId, message: NumberedMessage) -> Result<(), String> {
        let stream = (message.round, from, message.audience);
        let last = self.last.entry(stream).or_default();
        let next = *last + 1;
        let good = if message.gaps {
            message.number >= next
        } else {
            message.number == next
        };
        if !good {
            return Err(format!(
                "{from} to {:?}: message {} of round {} came instead of {next}",
                message.audience, message.number, message.round
            ));
        }
        *last = message.number;
        self.heard += 1;
        Ok(())
    }

    /// Returns the last number of a stream.
    pub(crate) fn last(&self, round: u32, from: DemuxId, audience: Audience) -> u32 {
        let stream = (round, from, audience);
        self.last.get(&stream).copied().unwrap_or_default()
    }

    /// Returns the number of received messages.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }

    /// Forgets rounds before this one.
    pub(crate) fn forget_before(&mut self, round: u32) {
        self.last.retain(|(of, ..), _| *of >= round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32, gaps: bool) -> NumberedMessage {
        NumberedMessage {
            round: 7,
            audience: Audience::All,
            gaps,
            number,
        }
    }

    fn demux() -> DemuxId {
        DemuxId::new(16).unwrap()
    }

    #[test]
    fn messages_come_back_from_bytes() {
        for audience in [Audience::All, Audience::One] {
            for gaps in [false, true] {
                let message = NumberedMessage {
                    round: 3,
                    audience,
                    gaps,
                    number: 1_000_000,
                };
                assert_eq!(NumberedMessage::parse(&message.to_bytes()), Some(message));
            }
        }
        assert_eq!(NumberedMessage::parse(b"hello"), None);
    }

    #[test]
    fn a_lost_a_doubled_and_a_reordered_message_are_noticed() {
        for (numbers, good) in [
            (&[1, 2, 3][..], true),
            (&[2], false),
            (&[1, 3], false),
            (&[1, 1], false),
            (&[1, 2, 1], false),
        ] {
            let mut sequence = SequenceTracker::default();
            let noted = numbers
                .iter()
                .try_for_each(|number| sequence.note(demux(), message(*number, false)));
            assert_eq!(noted.is_ok(), good, "{numbers:?}");
        }
    }

    #[test]
    fn around_a_kill_messages_may_be_lost_but_neither_doubled_nor_reordered() {
        for (numbers, good) in [(&[4, 5, 9][..], true), (&[4, 4], false), (&[4, 3], false)] {
            let mut sequence = SequenceTracker::default();
            let noted = numbers
                .iter()
                .try_for_each(|number| sequence.note(demux(), message(*number, true)));
            assert_eq!(noted.is_ok(), good, "{numbers:?}");
        }
    }
}
