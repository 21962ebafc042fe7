//! The verification words, in sentences.

use std::mem;

use anteroom_client::{GroupEpoch, Listing, MemberPublicKey, MemberStatus, ShownWords};
use anteroom_console::terminal;

use super::{View, words};
use crate::entry::Entry;

impl View {
    /// States whether people come with certificates by the link of the call.
    pub(crate) const fn with_certificates(mut self, with_certificates: bool) -> Self {
        self.leaves_out_certificates = !with_certificates;
        self
    }

    /// Says which words the person has compared, and who came in after.
    pub(super) fn words_compared(&mut self, epoch: GroupEpoch, keys: &[MemberPublicKey]) -> Entry {
        self.group.shown_at = None;
        self.group.has_compared = true;
        self.group.is_advised = false;
        // The next state says the same.
        let members = self.group.state.iter_mut();
        for member in members.flat_map(|state| &mut state.members) {
            member.is_compared |= keys.contains(&member.claims.member_key);
        }
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let later = members.filter(|member| !member.is_own && !member.is_compared);
        let later: Vec<String> = later
            .map(|member| {
                let label = self.member_label(&member.claims);
                format!("{label} came in after, {}", self.admission(member.reason))
            })
            .collect();
        let later = match later.as_slice() {
            [] => String::new(),
            later => format!(" {}.", later.join("; ")),
        };
        Entry::Notice(format!(
            "You have compared the words of {} with {}.{later}",
            words::change(epoch),
            words::members(keys.len())
        ))
    }

    /// Returns the epoch of the words that were shown last and not compared yet.
    pub(crate) const fn shown_words(&self) -> Option<GroupEpoch> {
        self.group.shown_at
    }

    /// Returns the reason why there are no words that can be marked as compared, and the next step.
    pub(crate) const fn lacks_words(&self) -> &'static str {
        match self.group.has_compared {
            true => {
                "you have compared the words that were shown last already: /verify shows those of the group as it is \
                 now"
            }
            false => "no words were shown: write /verify first",
        }
    }

    /// Freezes the words that this device has computed, with their members.
    pub(super) fn show_words(&mut self, shown: &ShownWords) -> Vec<Entry> {
        self.group.shown_at = Some(shown.epoch);
        let words = shown.words.iter();
        let words: Vec<String> = words
            .map(|word| format!("{} ({})", word.word, word.number))
            .collect();
        let others = shown.members.iter().filter(|member| !member.is_own);
        let (unlisted, listed): (Vec<_>, Vec<_>) =
            others.partition(|member| member.listing == Listing::Unlisted);
        let named = |members: &[&MemberStatus]| {
            let labels = members.iter().map(|one| self.member_label(&one.claims));
            labels.collect::<Vec<_>>().join(", ")
        };
        let mut lines = vec![
            format!(
                "Words of {}, {}:",
                words::change(shown.epoch),
                terminal::second(shown.time)
            ),
            format!("  {}", words.join(", ")),
            format!(
                "Compare them, or their numbers, by voice with {}.",
                named(&listed)
            ),
        ];
        if !unlisted.is_empty() {
            lines.push(format!(
                "In the group too, and not listed in the call, since they have just left or are hidden: {}.",
                named(&unlisted)
            ));
        }
        lines.push("If they match, write /verify match.".to_owned());
        lines.push("If they differ at the same change, somebody may listen in.".to_owned());
        let mut entries: Vec<Entry> = lines.into_iter().map(Entry::Notice).collect();
        entries.extend(self.accounts_notice());
        entries
    }

    /// Returns the notice about a link that leaves certificates out.
    pub(super) fn accounts_notice(&self) -> Option<Entry> {
        let text = "The link leaves certificates out: accounts are as told by the server.";
        self.leaves_out_certificates
            .then(|| Entry::Notice(text.to_owned()))
    }

    /// Tells that a commit came after the words that were shown.
    pub(super) fn words_outdated(&self, shown: GroupEpoch, present: Option<GroupEpoch>) -> Entry {
        let words = words::change(shown);
        let mut members = self.group.state.iter().flat_map(|state| &state.members);
        let text = match present {
            None => format!(
                "Your words are of {words}, and you are out of that group now. Once you are in again, write /verify \
                 again."
            ),
            Some(_) if members.all(|member| member.is_own) => {
                format!("Your words are of {words}, and nobody else is in the group now.")
            }
            Some(present) => format!(
                "Your words are of {words}, and the group is at {} now. If you have compared them, write \
                 /verify match; if not, write /verify again, both of you.",
                words::change(present)
            ),
        };
        Entry::Notice(text)
    }

    /// Returns the sentence about somebody who comes after words were compared. The next step is told once, by it or
    /// by the line about words that are of an earlier change.
    pub(super) fn after_comparison(&mut self, member: &MemberStatus) -> &'static str {
        if member.is_compared {
            return " You have compared words with this key before.";
        }
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let mut others = members.filter(|member| !member.is_own);
        if !others.any(|member| member.is_compared) {
            return "";
        }
        match self.group.shown_at.is_some() || mem::replace(&mut self.group.is_advised, true) {
            true => " You have not compared words with this key.",
            false => " You have not compared words with this key: write /verify, both of you.",
        }
    }
}
