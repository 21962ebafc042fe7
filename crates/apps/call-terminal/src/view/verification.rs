//! The verification words, in sentences.

use anteroom_client::{GroupEpoch, MemberPublicKey, ShownWords};
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
        // The next state says the same.
        let members = self.group.state.iter_mut();
        for member in members.flat_map(|state| &mut state.members) {
            member.is_compared |= keys.contains(&member.claims.member_key);
        }
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let later =
            members.filter(|member| !member.is_own && !keys.contains(&member.claims.member_key));
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

    /// Freezes the words that this device has computed, with their members.
    pub(super) fn show_words(&mut self, shown: &ShownWords) -> Vec<Entry> {
        let others = || shown.members.iter().filter(|member| !member.is_own);
        self.group.shown_at = Some(shown.epoch);
        let words = shown.words.iter();
        let words: Vec<String> = words
            .map(|word| format!("{} ({})", word.word, word.number))
            .collect();
        let others: Vec<String> = others()
            .map(|member| self.member_label(&member.claims))
            .collect();
        let others = match others.as_slice() {
            [] => "the others, once they are there".to_owned(),
            others => others.join(", "),
        };
        let change = words::change(shown.epoch);
        let mut entries = vec![
            Entry::Notice(format!(
                "Words of {change}, {}:",
                terminal::second(shown.time)
            )),
            Entry::Notice(format!("  {}", words.join(", "))),
            Entry::Notice(format!(
                "Compare these words, or their numbers, with {others}: read them to each other where you \
                 know the voices. Words of another change are other words. If they match, write \
                 /verify match."
            )),
        ];
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
        let now = match present {
            Some(present) => format!("the group is at {} now", words::change(present)),
            None => "you are out of that group now".to_owned(),
        };
        Entry::Notice(format!(
            "Your words are of {}, and {now}. Somebody who looks now sees other words: write /verify again, \
             both of you, unless you have compared already: then /verify match is for the people that were \
             listed with your words.",
            words::change(shown)
        ))
    }

    /// Returns the sentence about somebody who comes after words were compared.
    pub(super) fn after_comparison(&self) -> &'static str {
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let mut others = members.filter(|member| !member.is_own);
        match others.any(|member| member.is_compared) {
            true => " That was after you compared the words: compare anew.",
            false => "",
        }
    }
}
