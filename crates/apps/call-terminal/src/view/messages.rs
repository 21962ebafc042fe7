//! Messages under the key of the link.

use std::time::Duration;

use anteroom_client::{Chat, DemuxId};

use super::{View, words};
use crate::{entry::Entry, presence::Change};

impl View {
    pub(super) fn receive(&mut self, from: DemuxId, message: &[u8], now: Duration) -> Vec<Entry> {
        match Chat::from_bytes(message) {
            Some(Chat::Text { text }) if !text.is_empty() => vec![Entry::Message {
                author: self.outside_author(from),
                text: words::bounded(&text, words::MAX_MESSAGE_LINES),
            }],
            // A device without a name is displayed by its tag.
            Some(Chat::Hello { name }) if self.known_devices.set_name(from, &name) => {
                self.gathered.add(from, Change::Named);
                self.gather_until(now);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
