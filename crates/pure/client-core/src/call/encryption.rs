//! The part of a device in the end-to-end encryption of a call: between the messages of the socket and the
//! session that decides.

mod co_admins;
mod devices;
mod outgoing;
mod shared_lobby;

use std::{collections::VecDeque, time::Duration};

use anteroom_e2ee::{Moment, RoomContext};
use anteroom_e2ee_session::{
    BarScope, Command as SessionCommand, CommandError, CommitRejection, Event as SessionEvent,
    Input, JoinedSeat, Output, Session, SessionTime,
};
use anteroom_protocol::{AdminStatement, DemuxId, GroupEpoch, redacted_debug};
use anteroom_wire::rooms::socket::ClientMessage;
use rand_core::CryptoRng;

use self::{
    devices::{devices, listed},
    shared_lobby::SharedLobby,
};
use super::{
    event::{CallEvent, SeatInfo, SeatStatus as ListedStatus},
    group::{GroupCommand, GroupError, GroupState},
    join::JoinOptions,
    roster::Roster,
};

/// The features of a room service that the encryption needs.
const FEATURES: [&str; 2] = ["member", "group"];
/// The feature of room services that deliver statements.
const STATEMENTS: &str = "statements";
/// The time for which a text waits until the device is in the group.
const TEXT_WAIT: Duration = Duration::from_secs(15);
/// The maximum number of texts that wait.
const MAX_TEXTS: usize = 64;

/// The time and the random numbers of an input.
pub(super) struct Surroundings<'s> {
    pub(super) time: SessionTime,
    pub(super) rng: &'s mut (dyn CryptoRng + Send),
}

/// An effect of the session.
pub(super) enum Effect {
    Send(ClientMessage),
    Event(CallEvent),
    Publish(AdminStatement),
}

/// The part of a device in the encryption.
pub(super) struct Encryption {
    session: Session,
    has_admin: bool,
    /// Whether the room service has what the encryption needs.
    is_on: bool,
    told_unsupported: bool,
    /// Whether the device is in the call, and not in its lobby.
    is_active: bool,
    name: Option<String>,
    /// Whether an own commit is under way, to which an error is the answer.
    awaits_commit: bool,
    /// Texts until the device is in the group, with the moments until which they wait.
    texts: VecDeque<(String, Moment)>,
    effects: VecDeque<Effect>,
    told: Option<GroupState>,
    lobby: SharedLobby,
}

redacted_debug!(Encryption);

impl Encryption {
    /// Creates the part of a device that has no seat yet; `None` for one that takes no part.
    pub(super) fn new(options: &JoinOptions) -> Option<Self> {
        let member = options.member.as_ref()?;
        let (account, name) = (options.pass.aci(), options.name.clone());
        let session = Session::new(member.session_options(&options.room, account, name.clone()));
        Some(Self {
            session,
            has_admin: member.has_admin(),
            is_on: false,
            told_unsupported: false,
            is_active: false,
            name,
            awaits_commit: false,
            texts: VecDeque::new(),
            effects: VecDeque::new(),
            told: None,
            lobby: SharedLobby {
                has_passkey: options.passkey.is_some(),
                has_admin_key: member.has_admin_key(),
                ..SharedLobby::default()
            },
        })
    }

    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    pub(super) const fn has_admin(&self) -> bool {
        self.has_admin
    }

    /// Returns the epoch that the device is in.
    pub(super) fn have(&self) -> Option<GroupEpoch> {
        self.session.have()
    }

    /// Returns whether a device takes part: it is a member, or has said that it can be one.
    pub(super) fn takes_part(&self, device: DemuxId, roster: &Roster) -> bool {
        let told = self.told.as_ref();
        told.is_some_and(|told| told.member(device).is_some())
            || listed(roster, device).is_some_and(|one| one.member_key().is_some())
    }

    /// Takes a seat.
    pub(super) fn enter(
        &mut self,
        info: &SeatInfo,
        (present, missed): (Option<GroupEpoch>, usize),
        surroundings: Surroundings<'_>,
    ) {
        let has = |wanted: &&str| info.features.iter().any(|feature| feature == wanted);
        self.is_on = FEATURES.iter().all(has);
        self.is_active = info.status == ListedStatus::Active;
        self.awaits_commit = false;
        self.lobby = SharedLobby {
            has_passkey: self.lobby.has_passkey,
            has_admin_key: self.lobby.has_admin_key,
            has_statements: info.features.iter().any(|feature| feature == STATEMENTS),
            own: Some(info.demux),
            roster: info.roster.clone(),
            ..SharedLobby::default()
        };
        if !self.is_on {
            if !std::mem::replace(&mut self.told_unsupported, true) {
                self.tell(CallEvent::GroupRefused(GroupError::Unsupported));
            }
            return;
        }
        self.told_unsupported = false;
        let statement = info.statement.as_ref();
        let joined = JoinedSeat {
            demux_id: info.demux,
            era: info.era,
            is_active: self.is_active,
            present,
            missed,
            statement: statement.map(|statement| statement.as_bytes().to_vec()),
            roster: devices(&info.roster),
        };
        let Surroundings { time, rng } = surroundings;
        self.session.handle(Input::Joined(joined), time, rng);
        let policy = &info.link.admin_statement;
        if !policy.is_empty() {
            let policy = Input::Policy(policy.as_bytes().to_vec());
            self.session.handle(policy, time, rng);
        }
        self.settle(Surroundings { time, rng });
    }

    /// Takes an input.
    pub(super) fn handle(&mut self, input: Input, surroundings: Surroundings<'_>) {
        self.is_active |= matches!(input, Input::Admitted { .. });
        if self.is_on {
            let Surroundings { time, rng } = surroundings;
            self.session.handle(input, time, rng);
            self.settle(Surroundings { time, rng });
        }
    }

    pub(super) fn take_roster(&mut self, roster: &Roster, surroundings: Surroundings<'_>) {
        self.keep_roster(roster);
        self.handle(Input::Roster(devices(roster)), surroundings);
    }

    /// Takes an error of the room service. Returns whether it is the answer to a message of the session.
    pub(super) fn take_error(
        &mut self,
        code: &str,
        present: Option<GroupEpoch>,
        of: Option<&str>,
        surroundings: Surroundings<'_>,
    ) -> bool {
        let rejection = match code {
            "rate_limited" => CommitRejection::RateLimited,
            "forbidden" => CommitRejection::Forbidden,
            _ => CommitRejection::Other,
        };
        let input = match code {
            _ if !self.is_on => return false,
            "commits_dropped" => Input::CommitsDropped,
            _ if of == Some("refuse") => Input::RefusalRejected(rejection),
            "stale_commit" => Input::StaleCommit { present },
            _ if !self.awaits_commit => return false,
            "rate_limited" | "forbidden" | "too_large" | "not_active" | "unknown_device" => {
                Input::CommitRejected(rejection)
            }
            _ => return false,
        };
        if !matches!(input, Input::RefusalRejected(_)) {
            self.awaits_commit = false;
        }
        self.handle(input, surroundings);
        true
    }

    /// Takes note that the room service has told a commit of this device.
    pub(super) const fn take_own_commit(&mut self) {
        self.awaits_commit = false;
    }

    /// Says a text to the members, or once the device is one of them.
    pub(super) fn say(&mut self, text: &str, roster: &Roster, surroundings: Surroundings<'_>) {
        let command = SessionCommand::Say(text.to_owned());
        let Surroundings { time, rng } = surroundings;
        match self.session.command(command, time, rng) {
            Ok(()) => {}
            Err(CommandError::NotInGroup) => self.keep_text(text, roster, time),
            Err(error) => self.give_up(text, error.into()),
        }
        self.settle(Surroundings { time, rng });
    }

    /// Changes the name that the members see, if it is another one.
    pub(super) fn set_name(&mut self, name: &str, surroundings: Surroundings<'_>) {
        if self.name.as_deref() == Some(name) {
            return;
        }
        self.name = Some(name.to_owned());
        let Surroundings { time, rng } = surroundings;
        let command = SessionCommand::SetName(name.to_owned());
        if let Err(error) = self.session.command(command, time, rng)
            && error != CommandError::NotInGroup
        {
            self.tell(CallEvent::GroupRefused(error.into()));
        }
        self.settle(Surroundings { time, rng });
    }

    /// Puts a device out of the group, if this one can: the room service sends it away in any case.
    pub(super) fn bar(&mut self, device: DemuxId, scope: BarScope, surroundings: Surroundings<'_>) {
        let Surroundings { time, rng } = surroundings;
        let command = SessionCommand::Bar { device, scope };
        if self.is_on
            && let Err(error) = self.session.command(command, time, rng)
            && matches!(
                error,
                CommandError::Statement(_) | CommandError::NotConnected | CommandError::OwnDevice
            )
        {
            self.tell(CallEvent::GroupRefused(error.into()));
        }
        self.settle(Surroundings { time, rng });
    }

    /// Carries out a command about the group.
    pub(super) fn command(&mut self, command: GroupCommand, surroundings: Surroundings<'_>) {
        let Surroundings { time, rng } = surroundings;
        let done = match command {
            GroupCommand::ShowWords => self.session.show_words(time).map(|words| {
                self.tell(CallEvent::Words(Box::new(words)));
            }),
            GroupCommand::Lock(on) => self.session.command(SessionCommand::Lock(on), time, rng),
            GroupCommand::WordsMatch(epoch) => {
                let command = SessionCommand::WordsMatch(epoch);
                self.session.command(command, time, rng)
            }
            GroupCommand::AddCoAdmin(device) => self.co_admins_with(device).and_then(|all| {
                let command = SessionCommand::SetCoAdmins(all);
                self.session.command(command, time, rng)
            }),
            GroupCommand::RemoveCoAdmin(device) => {
                self.co_admins_without(device).and_then(|others| {
                    let command = SessionCommand::SetCoAdmins(others);
                    self.session.command(command, time, rng)
                })
            }
        };
        if let Err(error) = done {
            self.tell(CallEvent::GroupRefused(error.into()));
        }
        self.settle(Surroundings { time, rng });
    }

    /// Returns the moment at which the passing of time has an effect.
    pub(super) fn next_tick(&self) -> Option<Moment> {
        let session = self.session.next_tick().filter(|_| self.is_on);
        let text = self.texts.front().map(|(_, until)| *until);
        session.into_iter().chain(text).min()
    }

    pub(super) fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Returns the next effect.
    pub(super) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Keeps a text while others may let this device in.
    fn keep_text(&mut self, text: &str, roster: &Roster, time: SessionTime) {
        let others: Vec<_> = roster.active.iter().filter(|one| !one.is_lost).collect();
        let can_hear = others.iter().filter(|one| one.member_key().is_some());
        // This device is one of both. Those in the lobby are not shown which of the others can hear.
        if can_hear.count() > 1 || !self.is_active {
            if self.texts.len() < MAX_TEXTS {
                let until = time.moment.plus(TEXT_WAIT);
                self.texts.push_back((text.to_owned(), until));
            } else {
                self.give_up(text, GroupError::NotLetIn);
            }
        } else if others.len() > 1 && self.has_admin {
            self.give_up(text, GroupError::NobodyHears);
        }
    }

    fn give_up(&mut self, text: &str, error: GroupError) {
        let text = text.to_owned();
        self.tell(CallEvent::NotSaid { text, error });
    }

    fn tell(&mut self, event: CallEvent) {
        self.effects.push_back(Effect::Event(event));
    }

    /// Takes the outputs of the session, says the texts that have waited, and tells how the group is now.
    fn settle(&mut self, surroundings: Surroundings<'_>) {
        let Surroundings { time, rng } = surroundings;
        self.take_outputs();
        while let Some((text, until)) = self.texts.pop_front() {
            if self.session.may_send() {
                let said = self
                    .session
                    .command(SessionCommand::Say(text.clone()), time, rng);
                if let Err(error) = said {
                    self.give_up(&text, error.into());
                }
            } else if until <= time.moment {
                self.give_up(&text, GroupError::NotLetIn);
            } else {
                self.texts.push_front((text, until));
                break;
            }
        }
        self.take_outputs();
        let context = self.session.context();
        let mut state = GroupState {
            members: self.session.members(),
            may_send: self.session.may_send(),
            is_locked: context.is_some_and(RoomContext::is_locked),
            has_admin: self.has_admin,
            is_co_admin: self.session.is_co_admin(),
            has_admin_device: false,
        };
        state.has_admin_device = self.lobby.admin_device(&state).is_some();
        if self.is_on && self.told.as_ref() != Some(&state) {
            self.told = Some(state.clone());
            self.tell(CallEvent::GroupChanged(Box::new(state)));
        }
        self.share_lobby(Surroundings { time, rng });
    }

    fn take_outputs(&mut self) {
        while let Some(output) = self.session.poll_output() {
            let effect = match output {
                // This client sends no frames.
                Output::FrameKeys(_) => continue,
                Output::Send(message) => self.message(message),
                Output::Event(SessionEvent::Lobby(devices)) => {
                    self.take_lobby(devices);
                    continue;
                }
                Output::Event(event) => {
                    if let SessionEvent::Decision { decision, .. } = &event {
                        let message = self.passed_on(decision);
                        self.effects.extend(message.map(Effect::Send));
                    }
                    Some(Effect::Event(CallEvent::Group(Box::new(event))))
                }
            };
            self.effects.extend(effect);
        }
    }
}
