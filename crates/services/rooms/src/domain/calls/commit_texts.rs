//! The JSON of commits that devices have missed, which all of them share.

use std::collections::VecDeque;

use anteroom_call::{KEPT_COMMITS, Message};
use anteroom_protocol::GroupEpoch;
use bytes::Bytes;

use super::outbound::{OutboundMessage, QueueKind};

/// The maximum bytes of the texts: the commits that a call keeps, as base64 with the JSON around it.
const MAX_TEXTS: usize = 1536 * 1024;

/// The texts of the commits that were sent to resumed devices. However many devices resume and however slowly
/// they read, these texts are in memory once.
#[derive(Debug, Default)]
pub(super) struct CommitTexts {
    /// The commits of one group, by the epochs that they end.
    texts: VecDeque<(GroupEpoch, Bytes)>,
    bytes: usize,
}

impl CommitTexts {
    /// Encodes a message to one device. A commit of the call is encoded once.
    pub(super) fn encode(&mut self, message: &Message) -> OutboundMessage {
        let Message::Commit { at, .. } = message else {
            return OutboundMessage::of_call(message);
        };
        if let Some((_, text)) = self.texts.iter().find(|(known, _)| known == at) {
            return OutboundMessage {
                text: text.clone(),
                kind: QueueKind::Group,
            };
        }
        let encoded = OutboundMessage::of_call(message);
        if self
            .texts
            .back()
            .is_some_and(|(last, _)| last.group != at.group)
        {
            *self = Self::default();
        }
        self.bytes += encoded.text.len();
        self.texts.push_back((*at, encoded.text.clone()));
        while self.texts.len() > KEPT_COMMITS || self.bytes > MAX_TEXTS {
            let oldest = self.texts.pop_front();
            self.bytes -= oldest.map_or(0, |(_, text)| text.len());
        }
        encoded
    }
}

#[cfg(test)]
mod tests {
    use anteroom_call::CommitBody;
    use anteroom_protocol::DemuxId;

    use super::*;

    fn commit(group: u32, epoch: u64) -> Message {
        Message::Commit {
            at: GroupEpoch { group, epoch },
            from: DemuxId::new(16).unwrap(),
            body: CommitBody::new(vec![7; 64 * 1024]).unwrap(),
        }
    }

    #[test]
    fn devices_that_missed_the_same_commits_share_their_texts() {
        let mut texts = CommitTexts::default();
        let mut sent = |epoch| texts.encode(&commit(1, epoch)).text;
        let first: Vec<Bytes> = (1..17).map(&mut sent).collect();
        for (number, text) in (1..).zip(&first) {
            let again = sent(number);
            assert_eq!(again.as_ptr(), text.as_ptr(), "{number}");
            assert_eq!(*again, *OutboundMessage::of_call(&commit(1, number)).text);
        }
    }

    #[test]
    fn the_texts_are_those_of_one_group_and_bounded() {
        let mut texts = CommitTexts::default();
        for epoch in 0..100 {
            let sent = texts.encode(&commit(1, epoch));
            assert_eq!(sent.kind, QueueKind::Group);
            assert!(texts.bytes <= MAX_TEXTS, "{}", texts.bytes);
        }
        assert!(texts.texts.len() >= 16, "a MiB of commits fits");
        texts.encode(&Message::Removed);
        texts.encode(&commit(2, 1));
        assert_eq!(texts.texts.len(), 1);
    }
}
