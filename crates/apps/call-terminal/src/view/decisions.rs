//! The decisions of this device about other ones.

use anteroom_client::DemuxId;

use super::{View, words};
use crate::{entry::Entry, input::Decision};

impl View {
    /// Applies this device's decision about another one, and returns its sentence. It stands for the
    /// other device's departure.
    pub(crate) fn decide(&mut self, decision: Decision, device: DemuxId) -> Entry {
        if decision != Decision::Admit {
            self.dismissed.insert(device);
        }
        words::decision(decision, &self.known_devices.decision_label(device))
    }
}
