//! Members from whom nothing comes. Those of the same moment are told together: where it is all of the others, one's
//! own connection may be the cause.

use std::{mem, time::Duration};

use anteroom_client::{DemuxId, MemberStatus};

use super::{View, changed_devices::find, rosters::GATHERING};
use crate::entry::Entry;

/// The maximum number of members that a line names.
const NAMED: usize = 4;

impl View {
    /// Takes note that a member is not confirmed any more, or is again.
    pub(super) fn note_confirmation(&mut self, leaf: u32, is_confirmed: bool) {
        let Some(member) = self.group.member(leaf) else {
            return;
        };
        let key = *member.claims.member_key.as_bytes();
        let told = &mut self.group.told_silent;
        // A leaf that was made anew is not confirmed from its start, which is not told.
        let is_news = match is_confirmed {
            true => told.remove(&key),
            false => told.insert(key),
        };
        if is_news {
            self.group.silence.add(key, is_confirmed);
        }
    }

    /// Gathers the news about silent members for a moment.
    pub(super) fn gather_silence(&mut self, now: Duration) {
        let news = &self.group.silence;
        if !(news.silent.is_empty() && news.heard.is_empty()) {
            self.tell_at.get_or_insert(now + GATHERING);
        }
    }

    /// Returns the lines about those who are not confirmed any more, and those who are again.
    pub(super) fn silence_entries(&mut self) -> Vec<Entry> {
        let news = mem::take(&mut self.group.silence);
        let heard = match self.named(&news.heard).as_slice() {
            [] => None,
            [one] => Some(format!("{one} is confirmed again.")),
            several => Some(format!("{} are confirmed again.", listed(several))),
        };
        let silent = self.named(&news.silent);
        let are = match silent.len() {
            1 => "is",
            _ => "are",
        };
        let silent = (!silent.is_empty()).then(|| {
            let all = listed(&silent);
            match self.hears_nobody() {
                true => format!(
                    "{all} {are} not confirmed: nothing has come from anybody in the group for 20 s. Your own \
                     connection may be the cause."
                ),
                false => {
                    format!("{all} {are} not confirmed: nothing has come from them for 20 s.")
                }
            }
        });
        let texts = [heard, silent].into_iter().flatten();
        texts.map(Entry::Notice).collect()
    }

    /// Returns the warning of a device that has stopped sending, with those who are silent.
    pub(super) fn sending_stopped(&self) -> Entry {
        let silent = self.others_in_group().filter(|one| self.is_silent(one));
        let named: Vec<String> = silent
            .map(|member| {
                let device = member.claims.demux_id;
                let lost = match self.has_lost_connection(device) {
                    true => " (connection lost)",
                    false => "",
                };
                format!("{}{lost}", self.label(device))
            })
            .collect();
        let text = match (self.hears_nobody(), named.is_empty()) {
            (true, _) => "nothing has come from anybody in the group for 20 s. Your own connection may be the cause; or \
                they hear other people than you do. It goes on by itself once they are heard; if they are not, look \
                at your connection, and leave and join again"
                .to_owned(),
            (false, is_unknown) => {
                let from = match is_unknown {
                    true => "more than half of the others".to_owned(),
                    false => format!("{}, more than half of the others", named.join(", ")),
                };
                format!(
                    "nothing has come from {from}, for 20 s, so they may hear other people than you do, or have lost \
                     their connections. It goes on by itself once they are heard; if they are not, all leave and \
                     join again"
                )
            }
        };
        Entry::Problem(format!("nothing that you say is sent any more: {text}"))
    }

    fn others_in_group(&self) -> impl Iterator<Item = &MemberStatus> {
        let members = self.group.state.iter().flat_map(|state| &state.members);
        members.filter(|member| !member.is_own)
    }

    fn is_silent(&self, member: &MemberStatus) -> bool {
        let key = member.claims.member_key.as_bytes();
        !member.is_confirmed || self.group.told_silent.contains(key)
    }

    fn hears_nobody(&self) -> bool {
        let mut others = self.others_in_group().peekable();
        others.peek().is_some() && others.all(|one| self.is_silent(one))
    }

    fn has_lost_connection(&self, device: DemuxId) -> bool {
        find(&self.roster.active, device).is_some_and(|listed| listed.is_lost)
    }

    /// Returns the labels of the members with these keys who are in the group yet.
    fn named(&self, keys: &[[u8; 32]]) -> Vec<String> {
        let members = self.others_in_group();
        let members = members.filter(|one| keys.contains(one.claims.member_key.as_bytes()));
        members.map(|one| self.member_label(&one.claims)).collect()
    }
}

/// Returns the first labels, and the number of the others.
fn listed(labels: &[String]) -> String {
    let named: Vec<&str> = labels.iter().take(NAMED).map(String::as_str).collect();
    let named = named.join(", ");
    match labels.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
