//! The devices of a call's era: their names, their tags, and the look-up of typed tags.

use std::collections::HashMap;

use anteroom_client::{DemuxId, OpaqueUserId, Participant};
use anteroom_protocol::CallLinkSecretParams;

use crate::{
    account::DeviceAccount,
    quotation::{is_number_sign, quoted, without_marks},
    tag::{DeviceTag, TagPrefix},
};

/// Columns of a name in a line of the conversation, with its quotation marks.
const NAME_COLUMNS: usize = 34;
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
    is_admin: bool,
    /// Whether the device has a guest account.
    is_guest: bool,
    is_present: bool,
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

    /// Updates the present devices; each item contains whether the device is an admin.
    pub(super) fn set_present(&mut self, present: &[(DemuxId, bool)]) {
        for known_device in self.known.values_mut() {
            known_device.is_present = false;
        }
        for (device, is_admin) in present {
            let known_device = self.known_device(*device);
            known_device.is_present = true;
            known_device.is_admin = *is_admin;
        }
        if self.known.len() > present.len() + MAX_GONE {
            self.forget_gone();
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

    /// Sets the name that a device has sent. Returns whether its displayed name has changed.
    pub(super) fn set_name(&mut self, device: DemuxId, name: &str) -> bool {
        let name = nameable(name);
        let known_device = self.known_device(device);
        let is_news = name.is_some() && known_device.name() != name.as_deref();
        if name.is_some() {
            known_device.said_name = name;
        }
        is_news
    }

    pub(super) fn name(&self, device: DemuxId) -> Option<&str> {
        self.known.get(&device)?.name()
    }

    /// Returns the account of a device, if the room service reveals it.
    pub(super) fn account(&self, device: DemuxId) -> Option<DeviceAccount> {
        let (_, account) = self.known.get(&device)?.account.as_ref()?;
        Some(*account)
    }

    pub(super) fn is_admin(&self, device: DemuxId) -> bool {
        self.known.get(&device).is_some_and(|one| one.is_admin)
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

    /// Returns the label of a device in a sentence, with its account if it has no name. The mark of an admin
    /// or a guest and the tag precede the name, so that no name can imitate them or move them out of view.
    pub(super) fn label(&self, device: DemuxId) -> String {
        if self.is_own(device) {
            return "You".to_owned();
        }
        let mark = match (self.is_admin(device), self.is_guest(device)) {
            (true, false) => "admin ",
            (false, true) => "guest ",
            (true, true) => "admin guest ",
            (false, false) => "",
        };
        let tag = self.tag(device);
        match (self.name(device), self.account(device)) {
            (Some(name), _) => format!("{mark}{tag} {}", quoted(name, NAME_COLUMNS)),
            (None, Some(account)) => format!("{mark}{tag} {}", account.short()),
            (None, None) => format!("{mark}{tag}"),
        }
    }

    /// Returns the label with the account, for admins who decide about the device.
    pub(super) fn label_with_account(&self, device: DemuxId) -> String {
        let label = self.label(device);
        match self.account(device).filter(|_| self.name(device).is_some()) {
            Some(account) => format!("{label} ({})", account.short()),
            None => label,
        }
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
mod tests {
    use super::*;
    use crate::view::tests::{participant_with, room_params};

    fn device(number: u32) -> DemuxId {
        DemuxId::new(number).unwrap()
    }

    fn prefix(text: &str) -> TagPrefix {
        TagPrefix::parse(text).unwrap()
    }

    #[test]
    fn a_guest_is_marked_where_no_name_can_imitate_it() {
        let mut known_devices = KnownDevices::of_era(device(16));
        for (name, is_guest, label) in [
            ("Zoe", true, "guest #2000 \"Zoe\""),
            ("guest #2000", false, "#2000 \"guest 2000\""),
        ] {
            let participant = Participant {
                is_guest,
                ..participant_with(32, Some(name), None)
            };
            known_devices.introduce(&participant, None);
            assert_eq!(known_devices.label(device(32)), label);
        }
        known_devices.set_present(&[(device(32), true)]);
        let participant = Participant {
            is_guest: true,
            ..participant_with(32, Some("Zoe"), None)
        };
        known_devices.introduce(&participant, None);
        assert_eq!(known_devices.label(device(32)), "admin guest #2000 \"Zoe\"");
    }

    #[test]
    fn a_name_imitates_no_tag_and_hides_none() {
        let mut known_devices = KnownDevices::of_era(device(16));
        known_devices.set_present(&[(device(16), false), (device(32), false), (device(48), true)]);
        for (name, label) in [
            ("Ann#1", "#2000 \"Ann1\""),
            ("#3000 Ann", "#2000 \"3000 Ann\""),
            ("\u{ff03}3000\u{fe5f}", "#2000 \"3000\""),
            ("admin #3000", "#2000 \"admin 3000\""),
            (
                "Zed\" left. admin \u{201c}Boss",
                "#2000 \"Zed' left. admin 'Boss\"",
            ),
            ("a \u{30e} b", "#2000 \"a b\""),
            ("\u{266f}3000 \u{a78c}\u{a78c}", "#2000 \"3000 \u{a78c}\""),
            ("a   b", "#2000 \"a b\""),
            (&"x".repeat(60), &format!("#2000 \"{}…\"", "x".repeat(31))),
        ] {
            known_devices.set_name(device(32), name);
            assert_eq!(known_devices.label(device(32)), label);
        }
        known_devices.set_name(device(48), "Bob");
        assert_eq!(known_devices.label(device(48)), "admin #3000 \"Bob\"");
        assert_eq!(known_devices.label(device(16)), "You");
        assert!(!known_devices.set_name(device(48), "Bob"));
        assert!(!known_devices.set_name(device(48), "##"), "no name");
    }

    fn joined(number: u32, name: Option<&str>, account: u8) -> Participant {
        participant_with(number, name, Some(account))
    }

    #[test]
    fn a_device_is_called_as_it_said_else_as_it_joined_else_by_its_account() {
        let room = room_params();
        let mut known_devices = KnownDevices::of_era(device(16));
        known_devices.set_present(&[(device(32), true)]);
        let introduce = |known_devices: &mut KnownDevices, name, account| {
            known_devices.introduce(&joined(32, name, account), Some(&room))
        };
        assert!(!introduce(&mut known_devices, None, 1));
        assert_eq!(known_devices.label(device(32)), "admin #2000 id#01010101");
        assert!(introduce(&mut known_devices, Some("Bob"), 1));
        assert!(!introduce(&mut known_devices, Some("Bob"), 1));
        assert_eq!(known_devices.label(device(32)), "admin #2000 \"Bob\"");
        assert!(!known_devices.set_name(device(32), "Bob"), "no news");
        assert!(known_devices.set_name(device(32), "Robert"));
        assert!(!introduce(&mut known_devices, Some("Bob"), 1));
        assert_eq!(known_devices.label(device(32)), "admin #2000 \"Robert\"");
        // No name looks like an account, and another account of the same device shows.
        assert!(known_devices.set_name(device(32), "id#01010101"));
        assert_eq!(
            known_devices.label(device(32)),
            "admin #2000 \"id01010101\""
        );
        introduce(&mut known_devices, None, 2);
        let account = known_devices.account(device(32)).unwrap();
        assert_eq!(account.short(), "id#02020202");
        let untold = participant_with(32, None, None);
        known_devices.introduce(&untold, Some(&room));
        assert!(known_devices.account(device(32)).is_none());
    }

    #[test]
    fn a_tag_means_one_device_that_is_there_or_nobody() {
        let mut known_devices = KnownDevices::of_era(device(16));
        // The two ids agree in the twenty bits above the four zero bits.
        let twin = 32 + (1 << 24);
        let all = [16, 32, 48].map(|number| (device(number), false));
        known_devices.set_present(&all);
        assert_eq!(
            known_devices.find(&prefix("2000")),
            TagLookup::Device(device(32))
        );
        assert_eq!(known_devices.find(&prefix("1000")), TagLookup::Own);
        assert_eq!(known_devices.find(&prefix("4000")), TagLookup::Unknown);
        known_devices.set_present(&all[..2]);
        assert_eq!(
            known_devices.find(&prefix("3000")),
            TagLookup::Gone("#3000".to_owned())
        );

        known_devices.set_present(&[all[0], all[1], (device(twin), false)]);
        let tags = ["#2000000".to_owned(), "#2000100".to_owned()];
        assert_eq!(
            known_devices.find(&prefix("2000")),
            TagLookup::Several(tags.to_vec())
        );
        assert_eq!(
            known_devices.find(&prefix("20001")),
            TagLookup::Device(device(twin))
        );
        assert_eq!(known_devices.label(device(32)), "#2000000");
        // The short tag stays ambiguous after the other device has left.
        known_devices.set_present(&all[..2]);
        assert_eq!(
            known_devices.find(&prefix("2000")),
            TagLookup::Several(tags.to_vec())
        );
    }

    #[test]
    fn those_who_left_are_not_remembered_without_end() {
        let mut known_devices = KnownDevices::of_era(device(16));
        for number in 2..=u32::try_from(3 * MAX_GONE).unwrap() {
            known_devices.set_present(&[(device(number * 16), false)]);
            assert!(known_devices.known.len() <= MAX_GONE + 2);
        }
        assert!(known_devices.is_own(device(16)));
        assert_eq!(known_devices.find(&prefix("1000")), TagLookup::Own);
    }
}
