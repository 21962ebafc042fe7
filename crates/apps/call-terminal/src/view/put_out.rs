//! The devices that admins and co-admins have put out of the call, as far as this device knows. That ends with the call.

use std::collections::VecDeque;

use anteroom_client::{DemuxId, MemberPublicKey};

/// The maximum number of devices that are remembered as put out. Of more, the first ones are only counted.
const MAX_PUT_OUT: usize = 16;

/// A device that was put out.
pub(super) struct PutOutDevice {
    pub(super) device: DemuxId,
    pub(super) key: Option<MemberPublicKey>,
    pub(super) label: String,
}

/// The devices that were put out of the call, and have not been in its group since.
#[derive(Default)]
pub(super) struct PutOut {
    devices: VecDeque<PutOutDevice>,
    unnamed: usize,
}

impl PutOut {
    /// Returns the labels, with the number of devices that are remembered without one at the end.
    pub(super) fn labels(&self) -> Vec<String> {
        let labels = self.devices.iter().map(|one| one.label.clone());
        let more = (self.unnamed > 0).then(|| format!("{} more", self.unnamed));
        labels.chain(more).collect()
    }

    /// Forgets a device whose removal was refused, or is unknown.
    pub(super) fn forget(&mut self, device: DemuxId) {
        self.devices.retain(|one| one.device != device);
    }

    /// Forgets the devices with a key that is in the group.
    pub(super) fn forget_member(&mut self, key: MemberPublicKey) {
        self.devices.retain(|one| one.key != Some(key));
    }

    pub(super) fn add(&mut self, added: PutOutDevice) {
        let is_known = |one: &PutOutDevice| {
            one.device == added.device || (one.key.is_some() && one.key == added.key)
        };
        if self.devices.iter().any(is_known) {
            return;
        }
        if self.devices.len() >= MAX_PUT_OUT {
            self.devices.pop_front();
            self.unnamed = self.unnamed.saturating_add(1);
        }
        self.devices.push_back(added);
    }
}
