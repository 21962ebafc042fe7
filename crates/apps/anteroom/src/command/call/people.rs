//! The devices of a call's era: their names, their tags, and the look-up of typed tags.

use std::collections::HashMap;

use anteroom_client::{DemuxId, OpaqueUserId, Participant};
use anteroom_protocol::CallLinkSecretParams;

use super::{
    account::Account,
    quotation::{is_number_sign, quoted, without_marks},
    tag::{Tag, TagPrefix},
};

/// Columns of a name in what is told, with its quotation marks.
const NAME_COLUMNS: usize = 34;
/// People who are remembered after they left.
const MAX_GONE: usize = 4096;

/// All devices seen in an era.
#[derive(Default)]
pub(super) struct People {
    me: Option<DemuxId>,
    known: HashMap<DemuxId, Person>,
    /// The number of known devices with each short tag.
    short_tags: HashMap<String, usize>,
}

#[derive(Default)]
struct Person {
    /// The name from the device's `hello` message.
    said_name: Option<String>,
    /// The name from its join.
    joined_name: Option<String>,
    account: Option<(OpaqueUserId, Account)>,
    is_admin: bool,
    is_present: bool,
}

/// The result of looking up a typed tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
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
pub(super) fn shown_name(name: &str) -> String {
    let name: String = name.chars().filter(|one| !is_number_sign(*one)).collect();
    let name = without_marks(&name);
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ")
}

/// Returns a name as it is displayed; `None` if nothing visible remains.
fn nameable(name: &str) -> Option<String> {
    Some(shown_name(name)).filter(|name| !name.is_empty())
}

impl Person {
    fn name(&self) -> Option<&str> {
        self.said_name.as_deref().or(self.joined_name.as_deref())
    }
}

impl People {
    /// Creates the list with this device only.
    pub(super) fn of_era(me: DemuxId) -> Self {
        let mut people = Self::default();
        people.set_own(me);
        people
    }

    /// Sets this device.
    pub(super) fn set_own(&mut self, me: DemuxId) {
        self.me = Some(me);
        self.person(me);
    }

    pub(super) fn is_own(&self, device: DemuxId) -> bool {
        self.me == Some(device)
    }

    /// Updates the present devices; each item contains whether the device is an admin.
    pub(super) fn set_present(&mut self, present: &[(DemuxId, bool)]) {
        for person in self.known.values_mut() {
            person.is_present = false;
        }
        for (device, is_admin) in present {
            let person = self.person(*device);
            person.is_present = true;
            person.is_admin = *is_admin;
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
        let person = self.person(participant.demux);
        let known = person.account.as_ref().map(|(user, _)| user);
        if known != participant.user.as_ref() {
            let user = participant.user.clone().zip(room);
            person.account = user.map(|(user, room)| {
                let account = Account::of(&user, room);
                (user, account)
            });
        }
        let before = person.name().map(ToOwned::to_owned);
        person.joined_name = participant.name.as_deref().and_then(nameable);
        person.name().is_some() && person.name() != before.as_deref()
    }

    /// Sets the name that a device has sent. Returns whether its displayed name has changed.
    pub(super) fn set_name(&mut self, device: DemuxId, name: &str) -> bool {
        let name = nameable(name);
        let person = self.person(device);
        let is_news = name.is_some() && person.name() != name.as_deref();
        if name.is_some() {
            person.said_name = name;
        }
        is_news
    }

    pub(super) fn name(&self, device: DemuxId) -> Option<&str> {
        self.known.get(&device)?.name()
    }

    /// Returns the account of a device, if the room service reveals it.
    pub(super) fn account(&self, device: DemuxId) -> Option<Account> {
        let (_, account) = self.known.get(&device)?.account.as_ref()?;
        Some(*account)
    }

    pub(super) fn is_admin(&self, device: DemuxId) -> bool {
        self.known.get(&device).is_some_and(|one| one.is_admin)
    }

    /// Returns the tag of a device with its sign, with as many digits as tell it from all others.
    pub(super) fn tag(&self, device: DemuxId) -> String {
        let tag = Tag::of(device);
        match self.short_tags.get(&tag.short()) {
            Some(2..) => format!("#{}", tag.whole()),
            _ => format!("#{}", tag.short()),
        }
    }

    /// Returns the label of a device in a sentence, with its account if it has no name. The mark of an admin
    /// and the tag precede the name, so that no name can imitate them or move them out of view.
    pub(super) fn label(&self, device: DemuxId) -> String {
        if self.is_own(device) {
            return "You".to_owned();
        }
        let mark = if self.is_admin(device) { "admin " } else { "" };
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
    pub(super) fn find(&self, prefix: &TagPrefix) -> Lookup {
        let matching = |(device, _): &(&DemuxId, &Person)| Tag::of(**device).starts_with(prefix);
        let mut found: Vec<_> = self.known.iter().filter(matching).collect();
        found.sort_by_key(|(device, _)| **device);
        match found.as_slice() {
            [] => Lookup::Unknown,
            [(device, _)] if self.is_own(**device) => Lookup::Own,
            [(device, person)] if person.is_present => Lookup::Device(**device),
            [(device, _)] => Lookup::Gone(self.label(**device)),
            several => {
                let tag =
                    |(device, _): &(&DemuxId, &Person)| format!("#{}", Tag::of(**device).whole());
                Lookup::Several(several.iter().map(tag).collect())
            }
        }
    }

    fn person(&mut self, device: DemuxId) -> &mut Person {
        self.known.entry(device).or_insert_with(|| {
            *self.short_tags.entry(Tag::of(device).short()).or_default() += 1;
            Person::default()
        })
    }

    fn forget_gone(&mut self) {
        let me = self.me;
        self.known
            .retain(|device, person| person.is_present || Some(*device) == me);
        self.short_tags.clear();
        for device in self.known.keys() {
            *self.short_tags.entry(Tag::of(*device).short()).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::call::view::tests::{participant_with, room_params};

    fn device(number: u32) -> DemuxId {
        DemuxId::new(number).unwrap()
    }

    fn prefix(text: &str) -> TagPrefix {
        TagPrefix::parse(text).unwrap()
    }

    #[test]
    fn a_name_imitates_no_tag_and_hides_none() {
        let mut people = People::of_era(device(16));
        people.set_present(&[(device(16), false), (device(32), false), (device(48), true)]);
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
            people.set_name(device(32), name);
            assert_eq!(people.label(device(32)), label);
        }
        people.set_name(device(48), "Bob");
        assert_eq!(people.label(device(48)), "admin #3000 \"Bob\"");
        assert_eq!(people.label(device(16)), "You");
        assert!(!people.set_name(device(48), "Bob"));
        assert!(!people.set_name(device(48), "##"), "no name");
    }

    fn joined(number: u32, name: Option<&str>, account: u8) -> Participant {
        participant_with(number, name, Some(account))
    }

    #[test]
    fn a_device_is_called_as_it_said_else_as_it_joined_else_by_its_account() {
        let room = room_params();
        let mut people = People::of_era(device(16));
        people.set_present(&[(device(32), true)]);
        let introduce = |people: &mut People, name, account| {
            people.introduce(&joined(32, name, account), Some(&room))
        };
        assert!(!introduce(&mut people, None, 1));
        assert_eq!(people.label(device(32)), "admin #2000 id#01010101");
        assert!(introduce(&mut people, Some("Bob"), 1));
        assert!(!introduce(&mut people, Some("Bob"), 1));
        assert_eq!(people.label(device(32)), "admin #2000 \"Bob\"");
        assert!(!people.set_name(device(32), "Bob"), "no news");
        assert!(people.set_name(device(32), "Robert"));
        assert!(!introduce(&mut people, Some("Bob"), 1));
        assert_eq!(people.label(device(32)), "admin #2000 \"Robert\"");
        // No name looks like an account, and another account of the same device shows.
        assert!(people.set_name(device(32), "id#01010101"));
        assert_eq!(people.label(device(32)), "admin #2000 \"id01010101\"");
        introduce(&mut people, None, 2);
        let account = people.account(device(32)).unwrap();
        assert_eq!(account.short(), "id#02020202");
        let untold = participant_with(32, None, None);
        people.introduce(&untold, Some(&room));
        assert!(people.account(device(32)).is_none());
    }

    #[test]
    fn a_tag_means_one_device_that_is_there_or_nobody() {
        let mut people = People::of_era(device(16));
        // The two ids agree in the twenty bits above the four zero bits.
        let twin = 32 + (1 << 24);
        let all = [16, 32, 48].map(|number| (device(number), false));
        people.set_present(&all);
        assert_eq!(people.find(&prefix("2000")), Lookup::Device(device(32)));
        assert_eq!(people.find(&prefix("1000")), Lookup::Own);
        assert_eq!(people.find(&prefix("4000")), Lookup::Unknown);
        people.set_present(&all[..2]);
        assert_eq!(
            people.find(&prefix("3000")),
            Lookup::Gone("#3000".to_owned())
        );

        people.set_present(&[all[0], all[1], (device(twin), false)]);
        let tags = ["#2000000".to_owned(), "#2000100".to_owned()];
        assert_eq!(people.find(&prefix("2000")), Lookup::Several(tags.to_vec()));
        assert_eq!(people.find(&prefix("20001")), Lookup::Device(device(twin)));
        assert_eq!(people.label(device(32)), "#2000000");
        // The short tag stays ambiguous after the other device has left.
        people.set_present(&all[..2]);
        assert_eq!(people.find(&prefix("2000")), Lookup::Several(tags.to_vec()));
    }

    #[test]
    fn those_who_left_are_not_remembered_without_end() {
        let mut people = People::of_era(device(16));
        for number in 2..=u32::try_from(3 * MAX_GONE).unwrap() {
            people.set_present(&[(device(number * 16), false)]);
            assert!(people.known.len() <= MAX_GONE + 2);
        }
        assert!(people.is_own(device(16)));
        assert_eq!(people.find(&prefix("1000")), Lookup::Own);
    }
}
