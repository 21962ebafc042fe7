//! The people in the call and in its lobby, in rows of a list.

use std::time::Duration;

use anteroom_client::{CertificateStatus, DemuxId, Participant};

use super::{View, words};
use crate::{
    entry::Entry,
    role::Role,
    wait::{Wait, duration},
};

/// The mark of a certified account, between a tag and a name.
const CERTIFIED: &str = "✓";

/// A participant in the call, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PresentRow {
    /// The tag, with the mark of a certified account, and with the short account id of a device without a name.
    pub(crate) label: String,
    pub(crate) name: Option<String>,
    pub(crate) is_own: bool,
    pub(crate) role: Role,
    /// Whether the device has a guest account.
    pub(crate) is_guest: bool,
    pub(crate) has_raised_hand: bool,
    pub(crate) is_lost: bool,
    /// The sources that the device sends, and whether it speaks, the most telling word first.
    pub(crate) media: Vec<&'static str>,
    /// The place in the group of the end-to-end encryption, if it is worth a word.
    pub(crate) group: Option<&'static str>,
}

/// A waiting device, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingRow {
    pub(crate) device: DemuxId,
    /// The tag with its sign.
    pub(crate) tag: String,
    /// The name, if it is known.
    pub(crate) name: Option<String>,
    /// The short account id, if the room service reveals it.
    pub(crate) account: Option<String>,
    /// Whether the device has a guest account.
    pub(crate) is_guest: bool,
    pub(crate) waited: Wait,
}

impl View {
    pub(crate) const fn active_count(&self) -> usize {
        self.roster.active.len()
    }

    pub(crate) const fn waiting_count(&self) -> usize {
        self.roster.pending_count
    }

    /// Returns the rows of the participants in the call.
    pub(crate) fn present(&self) -> Vec<PresentRow> {
        let row = |participant: &Participant| {
            let is_own = self.known_devices.is_own(participant.demux);
            let name = if is_own {
                self.own_name.as_deref()
            } else {
                self.known_devices.name(participant.demux)
            };
            let tag = self.known_devices.tag(participant.demux);
            let account = self.known_devices.account(participant.demux);
            let certified = match self.certificate(participant.demux) {
                CertificateStatus::Valid { .. } => CERTIFIED,
                CertificateStatus::Missing | CertificateStatus::Invalid(_) => "",
            };
            let label = match account.filter(|_| name.is_none() && !is_own) {
                Some(account) => format!("{tag}{certified} {}", account.short()),
                None => format!("{tag}{certified}"),
            };
            PresentRow {
                label,
                name: name.map(ToOwned::to_owned),
                is_own,
                role: self.known_devices.role(participant.demux),
                is_guest: participant.is_guest,
                has_raised_hand: participant.hand_raised_at.is_some(),
                is_lost: participant.is_lost,
                media: self.media_words(participant),
                group: self.group_state(participant),
            }
        };
        self.roster.active.iter().map(row).collect()
    }

    /// The devices in the lobby, for admins.
    pub(crate) fn waiting_devices(&self) -> Vec<DemuxId> {
        self.roster.pending.iter().map(|one| one.demux).collect()
    }

    /// Returns the rows of the lobby, for admins.
    pub(crate) fn waiting(&self, now: Duration) -> Vec<WaitingRow> {
        let known = &self.known_devices;
        let row = |device| WaitingRow {
            device,
            tag: known.tag(device),
            name: known.waiting_name(device).map(ToOwned::to_owned),
            account: known.waiting_account(device).map(|account| account.short()),
            is_guest: known.is_guest(device),
            waited: self.lobby.wait(device, now),
        };
        self.waiting_devices().into_iter().map(row).collect()
    }

    /// Returns the longest waiting time, for admins.
    pub(crate) fn longest_wait(&self, now: Duration) -> Option<Wait> {
        self.waiting(now).into_iter().map(|row| row.waited).max()
    }

    /// Says how old the list is while the connection is lost.
    fn age_of_roster(&self, now: Duration) -> Option<Entry> {
        let age = duration(now.saturating_sub(self.lost_since?));
        Some(Entry::Problem(format!(
            "the connection was lost {age} ago, and this is as of then: others may have come or left since. /who \
             shows who is here once the connection is back, which you are told"
        )))
    }

    /// Returns all participants, one in a line.
    pub(crate) fn everyone(&self, now: Duration) -> Vec<Entry> {
        let place = |participant: &Participant| self.group_place(participant);
        let mut entries: Vec<Entry> = self.age_of_roster(now).into_iter().collect();
        entries.extend(words::everyone(
            &self.known_devices,
            &self.roster,
            (place, |participant: &Participant| {
                self.media_of(participant)
            }),
            |device| self.lobby.wait(device, now),
        ));
        entries.extend(self.unlisted());
        if self.is_group_locked() {
            let text = "The call is locked: nobody new comes into the group.";
            entries.push(Entry::Notice(text.to_owned()));
        }
        entries.extend(self.moderation_notices());
        entries.extend(self.accounts_notice());
        entries
    }
}
