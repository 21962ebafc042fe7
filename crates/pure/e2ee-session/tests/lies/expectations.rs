//! The expectations of a story about the people in it.

use std::collections::BTreeSet;

use anteroom_e2ee_session::{Command, Event, MemberStatus};

use crate::stage::Stage;

impl Stage {
    /// Returns the values that a person's events have.
    pub(crate) fn seen<T>(&self, who: usize, value: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.people[who].events.iter().filter_map(value).collect()
    }

    /// Returns whether a person has seen an event.
    pub(crate) fn has_seen(&self, who: usize, is_wanted: impl Fn(&Event) -> bool) -> bool {
        self.people[who].events.iter().any(is_wanted)
    }

    /// Forgets the events until now.
    pub(crate) fn forget(&mut self) {
        for person in &mut self.people {
            person.events.clear();
        }
    }

    /// Returns the person with a member's key.
    pub(crate) fn person_of(&self, member: &MemberStatus) -> Option<usize> {
        let key = member.claims.member_key;
        let mut people = self.people.iter();
        people.position(|person| person.member_key.public() == key)
    }

    /// Returns the people in the group of a person, by that person's own tree.
    pub(crate) fn group_of(&self, who: usize) -> BTreeSet<usize> {
        let members = self.people[who].session.members();
        let people = members.iter().map(|member| {
            let person = self.person_of(member);
            person.unwrap_or_else(|| panic!("a stranger is in the group of {who}: {member:?}"))
        });
        people.collect()
    }

    /// Returns how a person sees another one.
    pub(crate) fn status(&self, who: usize, other: usize) -> MemberStatus {
        let members = self.people[who].session.members();
        let mut members = members.into_iter();
        let status = members.find(|member| self.person_of(member) == Some(other));
        status.unwrap_or_else(|| panic!("{other} is not in the group of {who}"))
    }

    /// Returns whether these people, and nobody else, are in one epoch of one group.
    pub(crate) fn are_together(&self, people: &[usize]) -> bool {
        let expected: BTreeSet<usize> = people.iter().copied().collect();
        let epoch = self.people[people[0]].session.have();
        epoch.is_some()
            && people.iter().all(|who| {
                self.people[*who].session.have() == epoch && self.group_of(*who) == expected
            })
    }

    /// Checks that these people, and nobody else, are in one epoch of one group.
    #[track_caller]
    pub(crate) fn assert_together(&self, people: &[usize]) {
        let states = people.iter().map(|who| {
            let epoch = self.people[*who].session.have();
            let events: Vec<String> = self.people[*who].events.iter().map(name).collect();
            let group = self.group_of(*who);
            format!("{who} is in {epoch:?} with {group:?}: {events:?}")
        });
        let states: Vec<String> = states.collect();
        let are_together = self.are_together(people);
        assert!(are_together, "{people:?} are not together: {states:#?}");
    }

    /// Lets a person say a text. Returns the people who see it, each as what they see of its sender.
    pub(crate) fn heard(&mut self, from: usize, text: &str) -> Vec<(usize, Option<usize>)> {
        self.command(from, Command::Say(text.to_owned()));
        self.run(200);
        let hearers = self.people.iter().enumerate();
        let hearers = hearers.flat_map(|(who, person)| {
            let claims = person.events.iter().filter_map(|event| match event {
                Event::Text {
                    claims,
                    text: heard,
                    ..
                } if heard == text => Some(claims.member_key),
                _ => None,
            });
            let senders = claims.map(|key| {
                let mut people = self.people.iter();
                people.position(|one| one.member_key.public() == key)
            });
            senders.map(move |sender| (who, sender)).collect::<Vec<_>>()
        });
        hearers.collect()
    }

    /// Checks that these people hear each other, once each, and that nobody else hears them.
    #[track_caller]
    pub(crate) fn assert_talk(&mut self, people: &[usize]) {
        for from in people {
            let text = format!("this is {from}, {:?}", self.now());
            let heard: BTreeSet<_> = self.heard(*from, &text).into_iter().collect();
            let others = people.iter().filter(|who| *who != from);
            let expected: BTreeSet<_> = others.map(|who| (*who, Some(*from))).collect();
            assert_eq!(heard, expected, "{from} speaks");
        }
    }
}

/// Returns the short form of an event.
fn name(event: &Event) -> String {
    match event {
        Event::Entered { epoch, .. } => format!("Entered {epoch:?}"),
        Event::MemberAdded { .. } => "MemberAdded".to_owned(),
        Event::MemberRemoved { reason, .. } => format!("MemberRemoved {reason:?}"),
        Event::NotAdmitted { refusal, .. } => format!("NotAdmitted {refusal:?}"),
        Event::Text { text, .. } => format!("Text {text}"),
        Event::CommitRefused { error, .. } => format!("CommitRefused {error:?}"),
        other => format!("{other:?}"),
    }
}
