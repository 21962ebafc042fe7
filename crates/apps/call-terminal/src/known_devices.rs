//! The devices of a call's era: their names, their tags, and the look-up of typed tags.

mod labels;

use std::collections::HashMap;

use anteroom_client::{DemuxId, MemberStatus, OpaqueUserId, Participant};
use anteroom_protocol::CallLinkSecretParams;

use crate::{
    account::DeviceAccount,
    quotation::{is_number_sign, without_marks},
    role::Role,
    tag::{DeviceTag, TagPrefix},
};

/// The maximum number of known devices that have left.
const MAX_GONE: usize = 4096;

/// All devices seen in an era.
#[derive(Default)]
pub(crate) struct KnownDevices {
    me: Option<DemuxId>,
    known: HashMap<DemuxId, KnownDevice>,
    /// The number of known devices with each short tag.
    short_tags: HashMap<String, usize>,
}

#[derive(Default)]
struct KnownDevice {
    /// The name from the device's `hello` message.
    said_name: Option<String>,
    /// The name from its join.
    joined_name: Option<String>,
    account: Option<(OpaqueUserId, DeviceAccount)>,
    /// The member of the group with this device, as its key proves it. It goes before the entry that the room
    /// service lists.
    member: Option<ProvenMember>,
    /// The rights by the room service's word.
    role: Role,
    /// Whether the device has a guest account.
    is_guest: bool,
    is_present: bool,
    /// Whether the roster lists the device in the lobby.
    is_waiting: bool,
}

struct ProvenMember {
    name: Option<String>,
    account: DeviceAccount,
    /// The rights by what the member can sign; `None` where the room service decides who is an admin.
    role: Option<Role>,
}

/// The result of looking up a typed tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TagLookup {
    Device(DemuxId),
    /// This device.
    Own,
    /// A device that left, with its label.
    Gone(String),
    /// Several devices, with their whole tags.
    Several(Vec<String>),
    Unknown,
}

/// Returns a name as it is displayed beside a tag: without number signs, which could imitate a tag, and
/// without runs of spaces.
pub(crate) fn shown_name(name: &str) -> String {
    let name: String = name.chars().filter(|one| !is_number_sign(*one)).collect();
    let name = without_marks(&name);
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ")
}

/// Returns a name as it is displayed; `None` if nothing visible remains.
fn nameable(name: &str) -> Option<String> {
    Some(shown_name(name)).filter(|name| !name.is_empty())
}

impl KnownDevice {
    fn name(&self) -> Option<&str> {
        if let Some(member) = &self.member {
            return member.name.as_deref();
        }
        self.said_name.as_deref().or(self.joined_name.as_deref())
    }
}

impl KnownDevices {
    /// Creates the list with this device only.
    pub(super) fn of_era(me: DemuxId) -> Self {
        let mut known_devices = Self::default();
        known_devices.set_own(me);
        known_devices
    }

    pub(super) fn set_own(&mut self, me: DemuxId) {
        self.me = Some(me);
        self.known_device(me);
    }

    pub(super) fn is_own(&self, device: DemuxId) -> bool {
        self.me == Some(device)
    }

    /// Updates the present devices, each with its rights by the room service's word.
    pub(super) fn set_present(&mut self, present: &[(DemuxId, Role)]) {
        for known_device in self.known.values_mut() {
            known_device.is_present = false;
            known_device.is_waiting = false;
        }
        for (device, role) in present {
            let known_device = self.known_device(*device);
            known_device.is_present = true;
            known_device.role = *role;
        }
        if self.known.len() > present.len() + MAX_GONE {
            self.forget_gone();
        }
    }

    /// Marks the devices in the lobby.
    pub(super) fn set_waiting(&mut self, waiting: &[Participant]) {
        for participant in waiting {
            self.known_device(participant.demux).is_waiting = true;
        }
    }

    /// Applies a roster's data of a device: the name from its join, and its account. Returns whether its
    /// displayed name has changed.
    pub(super) fn introduce(
        &mut self,
        participant: &Participant,
        room: Option<&CallLinkSecretParams>,
    ) -> bool {
        let known_device = self.known_device(participant.demux);
        let known = known_device.account.as_ref().map(|(user, _)| user);
        if known != participant.user.as_ref() {
            if known.is_some() {
                // Somebody else had the number when it was said.
                known_device.said_name = None;
            }
            let user = participant.user.clone().zip(room);
            known_device.account = user.map(|(user, room)| {
                let account = DeviceAccount::of(&user, room);
                (user, account)
            });
        }
        let before = known_device.name().map(ToOwned::to_owned);
        known_device.is_guest = participant.is_guest;
        known_device.joined_name = participant.name.as_deref().and_then(nameable);
        known_device.name().is_some() && known_device.name() != before.as_deref()
    }

    /// Forgets the members of the group.
    pub(super) fn clear_members(&mut self) {
        for known_device in self.known.values_mut() {
            known_device.member = None;
        }
    }

    /// Adds a member of the group, with its rights where the members decide them.
    pub(super) fn add_member(
        &mut self,
        member: &MemberStatus,
        role: Option<Role>,
        room: Option<&CallLinkSecretParams>,
    ) {
        let name = member.name.as_deref().and_then(nameable);
        let account = room.map(|room| DeviceAccount::of(&member.claims.user, room));
        let proven = account.map(|account| ProvenMember {
            name,
            account,
            role,
        });
        self.known_device(member.claims.demux_id).member = proven;
    }

    /// Sets the name that a device has sent from outside of the group. Returns whether its displayed name has
    /// changed.
    pub(super) fn set_name(&mut self, device: DemuxId, name: &str) -> bool {
        let name = nameable(name);
        let known_device = self.known_device(device);
        let is_news = name.is_some()
            && known_device.member.is_none()
            && known_device.name() != name.as_deref();
        if name.is_some() {
            known_device.said_name = name;
        }
        is_news
    }

    /// Sets the name that a member has told the group. Returns whether its displayed name has changed.
    pub(super) fn set_member_name(&mut self, device: DemuxId, name: &str) -> bool {
        let name = nameable(name);
        let member = self.known_device(device).member.as_mut();
        match member.filter(|member| name.is_some() && member.name != name) {
            Some(member) => {
                member.name = name;
                true
            }
            None => false,
        }
    }

    pub(super) fn name(&self, device: DemuxId) -> Option<&str> {
        self.known.get(&device)?.name()
    }

    /// Returns the account of a device, if the room service reveals it.
    pub(super) fn account(&self, device: DemuxId) -> Option<DeviceAccount> {
        let known_device = self.known.get(&device)?;
        let member = known_device.member.as_ref().map(|member| member.account);
        member.or_else(|| known_device.account.as_ref().map(|(_, account)| *account))
    }

    /// Returns the rights of a device: of a member of the group by what it can sign, where the link names an
    /// admin key, and of others by the room service's word.
    pub(super) fn role(&self, device: DemuxId) -> Role {
        let known_device = self.known.get(&device);
        let member = known_device.and_then(|one| one.member.as_ref()?.role);
        let listed = known_device.map(|one| one.role);
        member.or(listed).unwrap_or_default()
    }

    /// Returns whether a device has a guest account.
    pub(super) fn is_guest(&self, device: DemuxId) -> bool {
        self.known.get(&device).is_some_and(|one| one.is_guest)
    }

    /// Returns the tag of a device with its sign, with as many digits as tell it from all others.
    pub(super) fn tag(&self, device: DemuxId) -> String {
        let tag = DeviceTag::of(device);
        match self.short_tags.get(tag.short()) {
            Some(2..) => format!("#{}", tag.whole()),
            _ => format!("#{}", tag.short()),
        }
    }

    /// Returns the name of a waiting device, from its entry in the roster alone: a member of the group with its
    /// number is somebody else.
    pub(super) fn waiting_name(&self, device: DemuxId) -> Option<&str> {
        self.known.get(&device)?.joined_name.as_deref()
    }

    /// Returns the account of a waiting device, from its entry in the roster alone.
    pub(super) fn waiting_account(&self, device: DemuxId) -> Option<DeviceAccount> {
        let account = self.known.get(&device)?.account.as_ref();
        account.map(|(_, account)| *account)
    }

    /// Returns the account of a device about which this one decides.
    pub(super) fn decision_account(&self, device: DemuxId) -> Option<DeviceAccount> {
        match self.is_waiting(device) {
            true => self.waiting_account(device),
            false => self.account(device),
        }
    }

    /// Returns whether the roster lists the device in the lobby.
    pub(super) fn is_waiting(&self, device: DemuxId) -> bool {
        self.known.get(&device).is_some_and(|one| one.is_waiting)
    }

    /// Returns the device that a typed tag names, if it is one that has left.
    pub(super) fn find_gone(&self, prefix: &TagPrefix) -> Option<DemuxId> {
        let mut matching = self
            .known
            .iter()
            .filter(|(device, _)| DeviceTag::of(**device).starts_with(prefix));
        let (device, known_device) = matching.next()?;
        let is_gone = !known_device.is_present && !self.is_own(*device);
        (is_gone && matching.next().is_none()).then_some(*device)
    }

    /// Looks a typed tag up.
    pub(super) fn find(&self, prefix: &TagPrefix) -> TagLookup {
        let matching =
            |(device, _): &(&DemuxId, &KnownDevice)| DeviceTag::of(**device).starts_with(prefix);
        let mut found: Vec<_> = self.known.iter().filter(matching).collect();
        found.sort_by_key(|(device, _)| **device);
        match found.as_slice() {
            [] => TagLookup::Unknown,
            [(device, _)] if self.is_own(**device) => TagLookup::Own,
            [(device, known_device)] if known_device.is_present => TagLookup::Device(**device),
            [(device, _)] => TagLookup::Gone(self.label(**device)),
            several => {
                let tag = |(device, _): &(&DemuxId, &KnownDevice)| {
                    format!("#{}", DeviceTag::of(**device).whole())
                };
                TagLookup::Several(several.iter().map(tag).collect())
            }
        }
    }

    fn known_device(&mut self, device: DemuxId) -> &mut KnownDevice {
        self.known.entry(device).or_insert_with(|| {
            count_tag(&mut self.short_tags, device);
            KnownDevice::default()
        })
    }

    fn forget_gone(&mut self) {
        let me = self.me;
        self.known
            .retain(|device, known_device| known_device.is_present || Some(*device) == me);
        self.short_tags.clear();
        for device in self.known.keys() {
            count_tag(&mut self.short_tags, *device);
        }
    }
}

fn count_tag(short_tags: &mut HashMap<String, usize>, device: DemuxId) {
    let tag = DeviceTag::of(device).short().to_owned();
    *short_tags.entry(tag).or_default() += 1;
}

#[cfg(test)]
mod tests;
