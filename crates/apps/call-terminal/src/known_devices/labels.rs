//! The labels of devices: the marks of their rights, their tags, and their names or accounts.

use anteroom_client::{DemuxId, MemberLeaf};
use anteroom_protocol::CallLinkSecretParams;

use super::{KnownDevices, nameable};
use crate::{account::DeviceAccount, quotation::quoted};

/// Columns of a name in a line of the conversation, with its quotation marks.
const NAME_COLUMNS: usize = 34;
/// Columns of a name where it is decided about, or stands in a list: those of 60 letters, with the marks.
const WHOLE_NAME: usize = 62;

impl KnownDevices {
    /// Returns the label of a device in a sentence, with its account if it has no name. The mark of an admin
    /// or a guest and the tag precede the name, so that no name can imitate them or move them out of view.
    pub(crate) fn label(&self, device: DemuxId) -> String {
        self.label_of(device, NAME_COLUMNS)
    }

    /// Returns the label of a device for a list, with more of its name, and with the mark of this device too.
    pub(crate) fn whole_label(&self, device: DemuxId) -> String {
        if !self.is_own(device) {
            return self.label_of(device, WHOLE_NAME);
        }
        match self.role(device).mark(self.is_guest(device)).trim_end() {
            "" => "You".to_owned(),
            mark if mark.starts_with('a') => format!("You, an {mark}"),
            mark => format!("You, a {mark}"),
        }
    }

    fn label_of(&self, device: DemuxId, columns: usize) -> String {
        if self.is_own(device) {
            return "You".to_owned();
        }
        let tag = self.mark_and_tag(device);
        match (self.name(device), self.account(device)) {
            (Some(name), _) => format!("{tag} {}", quoted(name, columns)),
            (None, Some(account)) => format!("{tag} {}", account.short()),
            (None, None) => tag,
        }
    }

    /// Returns the mark of an admin or a guest, and the tag.
    pub(crate) fn mark_and_tag(&self, device: DemuxId) -> String {
        let mark = self.role(device).mark(self.is_guest(device));
        format!("{mark}{}", self.tag(device))
    }

    fn waiting_mark(&self, device: DemuxId) -> &'static str {
        let known_device = self.known.get(&device);
        let role = known_device.map(|one| one.role).unwrap_or_default();
        role.mark(self.is_guest(device))
    }

    /// Returns the label of who has signed a leaf, whether the group has it still or not.
    pub(crate) fn claims_label(
        &self,
        claims: &MemberLeaf,
        room: Option<&CallLinkSecretParams>,
    ) -> String {
        let tag = self.tag(claims.demux_id);
        let name = claims.name.as_deref().and_then(nameable);
        let account = room.map(|room| DeviceAccount::of(&claims.user, room));
        match (name, account) {
            (Some(name), _) => format!("{tag} {}", quoted(&name, NAME_COLUMNS)),
            (None, Some(account)) => format!("{tag} {}", account.short()),
            (None, None) => tag,
        }
    }

    /// Returns the label of a waiting device with the account, for admins who decide about it.
    pub(crate) fn waiting_label_with_account(&self, device: DemuxId) -> String {
        let label = self.waiting_label(device);
        let has_name = self.waiting_name(device).is_some();
        match self.waiting_account(device).filter(|_| has_name) {
            Some(account) => format!("{label} ({})", account.short()),
            None => label,
        }
    }

    /// Returns the label of a waiting device, from its entry in the roster alone.
    pub(crate) fn waiting_label(&self, device: DemuxId) -> String {
        if self.is_own(device) {
            return "You".to_owned();
        }
        let tag = format!("{}{}", self.waiting_mark(device), self.tag(device));
        match (self.waiting_name(device), self.waiting_account(device)) {
            (Some(name), _) => format!("{tag} {}", quoted(name, WHOLE_NAME)),
            (None, Some(account)) => format!("{tag} {}", account.short()),
            (None, None) => tag,
        }
    }

    /// Returns the label of a device about which this one decides.
    pub(crate) fn decision_label(&self, device: DemuxId) -> String {
        match self.is_waiting(device) {
            true => self.waiting_label(device),
            false => self.label(device),
        }
    }
}
