//! The call before the present one of the room, of which nothing counts any more.

use anteroom_client::{MemberPublicKey, Signer};

use super::{View, admissions::CO_ADMIN};
use crate::entry::Entry;

/// The mark of a co-admin before a tag.
const CO_ADMIN_MARK: &str = "co-admin ";

/// The decisions and hands of a call that the room service has lost or ended.
#[derive(Default)]
pub(super) struct FormerCall {
    was_locked: bool,
    /// The other co-admins, with their former tags.
    co_admins: Vec<String>,
    was_co_admin: bool,
    /// The others with a raised hand, with their former tags.
    hands: Vec<String>,
    had_raised_hand: bool,
    /// Whether this device had the admin secret, or needed none since the link names no admin key.
    had_admin_secret: bool,
    /// The devices that were put out, with their former tags.
    put_out: Vec<String>,
}

impl View {
    /// Returns what counts in the call that is left for another one of the room.
    pub(super) fn former_call(&self) -> FormerCall {
        let own = self.own_key();
        let is_own = |key: &&MemberPublicKey| own == Some(**key);
        let co_admins = &self.group.told_co_admins;
        let others = co_admins.iter().filter(|key| !is_own(key));
        let named = others.map(|key| {
            let label = self.signer(Signer::CoAdmin(*key));
            let bare = label.strip_suffix(CO_ADMIN);
            bare.unwrap_or("somebody who has left").to_owned()
        });
        let named = named.chain(self.service_co_admins());
        let raised = self.roster.active.iter();
        let raised = raised.filter(|one| one.hand_raised_at.is_some());
        let (own, others): (Vec<_>, Vec<_>) =
            raised.partition(|one| self.known_devices.is_own(one.demux));
        FormerCall {
            was_locked: self.group.was_locked || self.is_locked_by_service(),
            co_admins: named.collect(),
            was_co_admin: co_admins.iter().any(|key| is_own(&key)) || self.has_service_rights(),
            hands: others.iter().map(|one| self.label(one.demux)).collect(),
            had_raised_hand: !own.is_empty(),
            had_admin_secret: self.group.has_admin_secret()
                || (self.is_admin && !self.has_admin_key()),
            put_out: self.group.put_out.labels(),
        }
    }

    /// Returns the labels of the other co-admins where the room service alone decides who is one.
    fn service_co_admins(&self) -> Vec<String> {
        if self.has_admin_key() {
            return Vec::new();
        }
        let active = self.roster.active.iter();
        let others = active.filter(|one| one.is_co_admin && !self.known_devices.is_own(one.demux));
        let bare = |label: String| {
            label
                .strip_prefix(CO_ADMIN_MARK)
                .unwrap_or(&label)
                .to_owned()
        };
        others.map(|one| bare(self.label(one.demux))).collect()
    }

    /// Says what of the former call does not count in this one, and the next step.
    pub(super) fn ended_decisions(&self, former: &FormerCall) -> Vec<Entry> {
        let tag = self.me.map(|me| self.known_devices.tag(me));
        let tag = tag.unwrap_or_default();
        let mut entries = Vec::new();
        if former.was_locked {
            let next = match former.had_admin_secret {
                true => "/lock locks it again",
                false => "Ask an admin with the admin secret to write /lock",
            };
            entries.push(Entry::Problem(format!(
                "the call began anew and is not locked any more: who is let in comes into the group. {next}"
            )));
        }
        if !former.co_admins.is_empty() {
            let named = former.co_admins.join(", ");
            let (are, tags) = match former.co_admins.len() {
                1 => ("is no co-admin", "this is the former tag"),
                _ => ("are no co-admins", "these are the former tags"),
            };
            let next = match former.had_admin_secret {
                true => "/coadmin with a tag of this call names one anew",
                false => "An admin names one anew with /coadmin",
            };
            entries.push(Entry::Problem(format!(
                "the call began anew, and {named} {are} any more ({tags}). {next}"
            )));
        }
        if former.was_co_admin {
            entries.push(Entry::Problem(format!(
                "the call began anew, and you are no co-admin any more: ask an admin to write /coadmin {tag}"
            )));
        }
        entries.extend(self.ended_removals(former));
        if !former.hands.is_empty() {
            entries.push(Entry::Notice(format!(
                "The call began anew, and these hands are not raised any more (by the former tags): {}.",
                former.hands.join(", ")
            )));
        }
        if former.had_raised_hand {
            entries.push(Entry::Notice(
                "The call began anew, and your hand is not raised any more: /hand raises it again."
                    .to_owned(),
            ));
        }
        entries
    }

    /// Tells those who decide, or did, whom they or others had put out: that ends with a call, and nothing else shows
    /// it.
    fn ended_removals(&self, former: &FormerCall) -> Option<Entry> {
        let decides = self.is_admin || former.had_admin_secret;
        if former.put_out.is_empty() || !(decides || former.was_co_admin) {
            return None;
        }
        let named = former.put_out.join(", ");
        let (was, tags) = match former.put_out.len() {
            1 => ("was", "this is the former tag"),
            _ => ("were", "these are the former tags"),
        };
        let back = match self.is_open {
            true => "may come back into the call and the group",
            false => "may wait in the lobby again, where nothing marks them",
        };
        let next = match decides {
            true => "/block with a tag of this call puts them out anew, also from the lobby",
            false => "Ask an admin to write /block with a tag of this call",
        };
        Some(Entry::Problem(format!(
            "the call began anew, and /remove and /block count for one call: {named} {was} put out before, and {back} \
             ({tags}). {next}"
        )))
    }
}
