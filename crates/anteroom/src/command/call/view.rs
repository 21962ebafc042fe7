//! A call as one participant sees it: events in, lines out.

use std::collections::HashMap;

use anteroom_client::{
    Approval, CallEvent, Chat, DemuxId, DenialReason, Ending, Joined, LinkState, Participant,
    Recipient, RoomName, Roster, Standing,
};

/// What is known of the call.
#[derive(Default)]
pub(super) struct View {
    me: Option<DemuxId>,
    place: String,
    is_admin: bool,
    inside: bool,
    /// Whether the room service said that it ends the call, and so keeps no place in it.
    was_ended: bool,
    roster: Roster,
    names: HashMap<DemuxId, String>,
    /// Short numbers for typing, by first sight.
    numbers: Vec<DemuxId>,
    greetings: Vec<Recipient>,
}

impl View {
    /// Takes an event, and tells it in lines.
    pub(super) fn apply(&mut self, event: &CallEvent) -> Vec<String> {
        match event {
            CallEvent::Joined(joined) => self.joined(joined),
            CallEvent::Roster(roster) => self.changed(roster),
            CallEvent::Admitted => {
                self.enter();
                vec!["You were let in.".to_owned()]
            }
            CallEvent::Link(link) => vec![format!("The link has changed: {}.", describe(link))],
            CallEvent::Message { from, message } => self.said(*from, message),
            CallEvent::Unreadable { from, reason } => vec![format!(
                "! What came as {}'s is not shown: {reason}.",
                self.label(*from)
            )],
            CallEvent::Refused { code, .. } if code == "ended" => {
                self.was_ended = true;
                vec!["The room service has ended the call: it stops, or has lost it.".to_owned()]
            }
            CallEvent::Refused { code, message } => vec![format!("! {message} ({code})")],
            CallEvent::Lost => vec![self.lost().to_owned()],
            CallEvent::Restored(roster) => {
                let mut lines = vec!["The connection is back.".to_owned()];
                lines.extend(self.changed(roster));
                lines
            }
            CallEvent::Ended(ending) => vec![ended(ending)],
            _ => Vec::new(),
        }
    }

    /// To whom this device has not said its name yet. Empty afterwards.
    pub(super) fn take_greetings(&mut self) -> Vec<Recipient> {
        std::mem::take(&mut self.greetings)
    }

    /// The device of a short number.
    pub(super) fn device(&self, number: u32) -> Option<DemuxId> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.numbers.get(index).copied()
    }

    /// What the room is called.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) const fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// Those in the call, a label each.
    pub(super) fn present(&self) -> Vec<String> {
        let label = |participant: &Participant| {
            let hand = participant.hand_raised_at.map_or("", |_| " (hand raised)");
            self.known_label(participant.demux) + hand
        };
        self.roster.active.iter().map(label).collect()
    }

    /// Those in the lobby, with the number that commands take and a label each.
    pub(super) fn waiting(&self) -> Vec<(u32, String)> {
        let one = |participant: &Participant| {
            let known = self
                .numbers
                .iter()
                .position(|one| *one == participant.demux)?;
            let number = u32::try_from(known + 1).ok()?;
            Some((number, self.known_label(participant.demux)))
        };
        self.roster.pending.iter().filter_map(one).collect()
    }

    /// Everyone, a line each.
    pub(super) fn everyone(&mut self) -> Vec<String> {
        let Roster {
            active, pending, ..
        } = self.roster.clone();
        let mut line = |participant: &Participant, place: &str| {
            let hand = match participant.hand_raised_at {
                Some(_) => ", with a raised hand",
                None => "",
            };
            let lost = if participant.is_lost {
                ", connection lost"
            } else {
                ""
            };
            format!("  {} ({place}{hand}{lost})", self.label(participant.demux))
        };
        let active = active.iter().map(|one| (one, "in the call"));
        let pending = pending.iter().map(|one| (one, "in the lobby"));
        active
            .chain(pending)
            .map(|(one, place)| line(one, place))
            .collect()
    }

    const fn lost(&self) -> &'static str {
        if self.was_ended {
            "Your place is not kept; trying for a minute to join again."
        } else {
            "The connection is lost; trying for a minute to come back. A room service that still \
             runs keeps your place for 30 seconds."
        }
    }

    fn joined(&mut self, joined: &Joined) -> Vec<String> {
        // A new place may mean a new era, in which the old numbers are nobody's.
        *self = Self {
            me: Some(joined.demux),
            is_admin: joined.is_admin,
            ..Self::default()
        };
        self.place = match &joined.link.name {
            RoomName::Known(name) => name.clone(),
            RoomName::None | RoomName::Unreadable => "A call without a name".to_owned(),
        };
        let place = match &joined.link.name {
            RoomName::Known(name) => format!("\"{name}\""),
            RoomName::None | RoomName::Unreadable => "a call without a name".to_owned(),
        };
        let mut lines = match joined.standing {
            Standing::Active => {
                self.enter();
                let role = if joined.is_admin { ", as an admin" } else { "" };
                vec![format!("You are in {place}{role}.")]
            }
            Standing::Pending => vec![format!(
                "You wait in the lobby of {place} until an admin lets you in."
            )],
        };
        lines.extend(self.changed(&joined.roster));
        lines
    }

    fn enter(&mut self) {
        self.inside = true;
        self.greetings = vec![Recipient::All];
    }

    fn changed(&mut self, roster: &Roster) -> Vec<String> {
        let before = std::mem::replace(&mut self.roster, roster.clone());
        let mut lines = Vec::new();
        let others = |list: &[Participant]| -> Vec<Participant> {
            let others = list.iter().filter(|other| Some(other.demux) != self.me);
            others.cloned().collect()
        };
        let active = others(&roster.active);
        let pending = others(&roster.pending);
        let gone = others(&before.active)
            .into_iter()
            .chain(others(&before.pending));
        for other in gone {
            if !contains(&roster.active, other.demux) && !contains(&roster.pending, other.demux) {
                lines.push(format!("{} left.", self.label(other.demux)));
            }
        }
        for other in &active {
            let label = self.label(other.demux);
            match find(&before.active, other.demux) {
                None => {
                    lines.push(format!("{label} is here."));
                    if self.inside && self.greetings != [Recipient::All] {
                        self.greetings.push(Recipient::One(other.demux));
                    }
                }
                Some(known) => match (known.hand_raised_at, other.hand_raised_at) {
                    (None, Some(_)) => lines.push(format!("{label} raised a hand.")),
                    (Some(_), None) => lines.push(format!("{label} lowered the hand.")),
                    _ => {}
                },
            }
            let was_lost = find(&before.active, other.demux).is_some_and(|known| known.is_lost);
            match (was_lost, other.is_lost) {
                (false, true) => lines.push(format!("{label} has lost the connection.")),
                (true, false) => lines.push(format!("{label} is connected again.")),
                _ => {}
            }
        }
        for other in &pending {
            if !contains(&before.pending, other.demux) {
                let label = self.label(other.demux);
                let number = self.number(other.demux);
                lines.push(format!(
                    "{label} waits in the lobby: /admit {number} or /deny {number}"
                ));
            }
        }
        if self.inside && !self.is_admin && roster.pending_count > before.pending_count {
            lines.push(match roster.pending_count {
                1 => "Somebody waits in the lobby.".to_owned(),
                count => format!("{count} wait in the lobby."),
            });
        }
        lines
    }

    fn said(&mut self, from: DemuxId, message: &[u8]) -> Vec<String> {
        match Chat::from_bytes(message) {
            Some(Chat::Text { text }) => vec![format!("{}: {text}", self.label(from))],
            // A device without a name is called by its number.
            Some(Chat::Hello { name }) if !name.is_empty() => {
                let before = self.label(from);
                let line = format!("{before} is called {name}.");
                let news = self.names.get(&from) != Some(&name);
                self.names.insert(from, name);
                Vec::from_iter(news.then_some(line))
            }
            _ => Vec::new(),
        }
    }

    /// A name is the device's own word: the number beside it cannot be chosen.
    fn label(&mut self, device: DemuxId) -> String {
        if Some(device) != self.me {
            self.number(device);
        }
        self.known_label(device)
    }

    fn known_label(&self, device: DemuxId) -> String {
        if Some(device) == self.me {
            return "You".to_owned();
        }
        let known = self.numbers.iter().position(|known| *known == device);
        let number = known.map_or(0, |index| index + 1);
        match self.names.get(&device) {
            Some(name) => format!("{name}#{number}"),
            None => format!("#{number}"),
        }
    }

    fn number(&mut self, device: DemuxId) -> usize {
        let known = self.numbers.iter().position(|known| *known == device);
        let index = known.unwrap_or_else(|| {
            self.numbers.push(device);
            self.numbers.len() - 1
        });
        index + 1
    }
}

fn find(list: &[Participant], device: DemuxId) -> Option<&Participant> {
    list.iter().find(|participant| participant.demux == device)
}

fn contains(list: &[Participant], device: DemuxId) -> bool {
    find(list, device).is_some()
}

fn describe(link: &LinkState) -> String {
    let approval = match link.approval {
        Approval::Required => "new guests wait in the lobby",
        Approval::Off => "new guests are in at once",
    };
    let state = if link.revoked {
        "it is revoked, nobody can join any more"
    } else {
        approval
    };
    match &link.name {
        RoomName::Known(name) => format!("the room is called \"{name}\", {state}"),
        RoomName::None | RoomName::Unreadable => format!("the room has no name, {state}"),
    }
}

fn ended(ending: &Ending) -> String {
    match ending {
        Ending::Left => "You left.".to_owned(),
        Ending::Denied(DenialReason::Ended) => "The call ended before you were let in.".to_owned(),
        Ending::Denied(DenialReason::Admin) => "An admin did not let you in.".to_owned(),
        Ending::Removed => "An admin sent you away.".to_owned(),
        Ending::EndedByAdmin => "An admin ended the call.".to_owned(),
        Ending::Displaced => "The call is full, and an admin needed your place.".to_owned(),
        Ending::Blocked => "An admin sent you away for the rest of this call.".to_owned(),
        Ending::Failed(error) => format!("The call is over for you: {error}."),
        _ => "The call is over for you.".to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests;
