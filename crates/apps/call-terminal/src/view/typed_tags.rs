//! The devices that typed tags name.

use anteroom_client::DemuxId;

use super::View;
use crate::{known_devices::TagLookup, tag::TagPrefix};

impl View {
    /// Looks a typed tag up.
    pub(super) fn find(&self, tag: &TagPrefix) -> TagLookup {
        self.known_devices.find(tag)
    }

    /// Returns whether a typed tag is this device's own.
    pub(crate) fn is_own_tag(&self, tag: &TagPrefix) -> bool {
        self.find(tag) == TagLookup::Own
    }

    /// Returns the other device that a typed tag names, or the reason why there is none.
    pub(crate) fn other_device(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        match self.find(tag) {
            TagLookup::Device(device) => Ok(device),
            TagLookup::Own => Err("that is your own tag".to_owned()),
            TagLookup::Gone(label) => Err(format!("{label} is not here any more")),
            TagLookup::Unknown => Err("nobody has that tag: /who lists them".to_owned()),
            TagLookup::Several(tags) => {
                let tags = tags.join(" or ");
                Err(format!("several have had that tag: write {tags}"))
            }
        }
    }

    /// Returns the device whose right as a co-admin is to end: also one that has left, and may come back.
    pub(crate) fn former_nominee(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        let gone = self.known_devices.find_gone(tag);
        gone.map_or_else(|| self.other_device(tag), Ok)
    }

    /// Returns the device about which a decision is. Nobody tells a co-admin who waits while no admin's device is there, so that
    /// a device may be one of those that is not known, or not any more.
    pub(crate) fn decided_device(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        let may_wait = matches!(self.find(tag), TagLookup::Unknown | TagLookup::Gone(_));
        match self.missing_admin().filter(|_| may_wait) {
            Some(why) => Err(why),
            None => self.other_device(tag),
        }
    }
}
