//! The part of a device in the end-to-end encryption of a call: between the messages of the socket and the
//! session that decides.

mod co_admin_keys;
mod co_admins;
mod decision_log;
mod devices;
mod errors;
mod former_co_admins;
mod group_commands;
mod kept_text;
mod outgoing;
mod published_policy;
mod said_text;
mod say_outcome;
mod shared_lobby;
mod texts;
mod users;

use std::{collections::VecDeque, mem};

use anteroom_e2ee::{AdmissionReason, EpochFrames, Moment, RoomContext};
use anteroom_e2ee_session::{
    Command as SessionCommand, CommandError, Event as SessionEvent, Input, JoinedSeat,
    MemberStatus, Output, Session, SessionTime,
};
use anteroom_protocol::{AdminStatement, DemuxId, GroupEpoch, redacted_debug};
use anteroom_wire::rooms::socket::ClientMessage;
use rand_core::CryptoRng;

use self::{
    co_admin_keys::CoAdminKeys, devices::devices, kept_text::KeptText, shared_lobby::SharedLobby,
};
pub(super) use self::{devices::listed, said_text::SaidText, say_outcome::SayOutcome};
use super::{
    event::{CallEvent, SeatInfo, SeatStatus as ListedStatus},
    group::{GroupError, GroupState},
    join::JoinOptions,
    roster::Roster,
    roster_revision::ROSTERS,
};

/// The features of a room service that the encryption needs.
const FEATURES: [&str; 2] = ["member", "group"];
/// The feature of room services that take and deliver statements.
const STATEMENTS: &str = "statements";

/// The time and the random numbers of an input.
pub(super) struct Surroundings<'s> {
    pub(super) time: SessionTime,
    pub(super) rng: &'s mut (dyn CryptoRng + Send),
}

/// An effect of the session.
pub(super) enum Effect {
    Send(ClientMessage),
    /// The messages of a text to the members are before this; those to devices outside of the group may follow.
    Said(SaidText),
    Event(CallEvent),
    Publish(AdminStatement),
    FrameKeys(Box<EpochFrames>),
}

/// The part of a device in the encryption.
pub(super) struct Encryption {
    session: Session,
    has_admin: bool,
    /// Whether the room service has what the encryption needs.
    is_on: bool,
    told_unsupported: bool,
    /// Whether the room service tells the whole roster on request.
    tells_rosters: bool,
    /// Whether another device has the link with an admin key that the own one lacks, or with another one.
    has_other_admin_key: bool,
    /// Whether the device is in the call, and not in its lobby.
    is_active: bool,
    name: Option<String>,
    /// Whether an own commit is under way, to which an error is the answer.
    awaits_commit: bool,
    /// Texts until a member is there to hear them.
    texts: VecDeque<KeptText>,
    /// The moment at which the device was back in the call after a lost connection.
    returned_at: Option<Moment>,
    effects: VecDeque<Effect>,
    told: Option<GroupState>,
    /// The counter of the policy that was published since the room service showed another one during the call.
    published_again: Option<u64>,
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
            tells_rosters: false,
            has_other_admin_key: false,
            is_active: false,
            name,
            awaits_commit: false,
            texts: VecDeque::new(),
            returned_at: None,
            effects: VecDeque::new(),
            told: None,
            published_again: None,
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

    /// Takes the maximum number of devices of a user in the call.
    pub(super) const fn allow_devices(&mut self, max_devices: usize) {
        self.session.allow_devices(max_devices);
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
        self.tells_rosters = has(&ROSTERS);
        self.is_active = info.status == ListedStatus::Active;
        self.returned_at = self.lobby.own.map(|_| surroundings.time.moment);
        self.awaits_commit = false;
        self.publish_again(info);
        let former = &mut self.lobby;
        let mut records = mem::take(&mut former.records);
        let co_admin_keys = mem::take(&mut former.co_admin_keys);
        let same_era = former.era == Some(info.era);
        let same_seat = same_era && former.own == Some(info.demux);
        // Each call is told how its group is, also if it is like the one before.
        let told = self.told.take();
        self.told = told.filter(|_| same_era);
        self.has_other_admin_key &= same_seat;
        let waiting = mem::take(&mut former.waiting);
        let waiting = if same_seat { waiting } else { Vec::new() };
        records.begin(info.era);
        records.see(&info.roster);
        self.lobby = SharedLobby {
            has_passkey: self.lobby.has_passkey,
            has_admin_key: self.lobby.has_admin_key,
            has_statements: info.features.iter().any(|feature| feature == STATEMENTS),
            own: Some(info.demux),
            era: Some(info.era),
            roster: info.roster.clone(),
            records,
            co_admin_keys: match same_era {
                true => co_admin_keys,
                false => CoAdminKeys::default(),
            },
            waiting,
            told_at: self.lobby.told_at,
            ..SharedLobby::default()
        };
        if self.is_on && !self.lobby.waiting.is_empty() {
            self.show_lobby();
        }
        if !self.is_on {
            self.turn_off(surroundings);
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

    /// Ends what was at an earlier seat, since the room service states no groups any more.
    fn turn_off(&mut self, surroundings: Surroundings<'_>) {
        let Surroundings { time, rng } = surroundings;
        self.session.handle(Input::Disconnected, time, rng);
        self.take_outputs(time.moment);
        if !mem::replace(&mut self.told_unsupported, true) {
            self.tell(CallEvent::GroupRefused(GroupError::Unsupported));
        }
        self.give_up_texts(GroupError::Unsupported);
        let state = GroupState {
            has_admin: self.has_admin,
            ..GroupState::default()
        };
        // Where the link names an admin key, what comes under the key of the link is marked.
        if self
            .told
            .as_ref()
            .map_or(self.has_admin, |told| *told != state)
        {
            self.told = Some(state.clone());
            self.tell(CallEvent::GroupChanged(Box::new(state)));
        }
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

    /// Takes note that the room service has told a commit of this device.
    pub(super) const fn take_own_commit(&mut self) {
        self.awaits_commit = false;
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

    /// Returns the moment at which the passing of time has an effect.
    pub(super) fn next_tick(&self) -> Option<Moment> {
        let session = self.session.next_tick().filter(|_| self.is_on);
        let text = self.texts.front().map(|text| text.until);
        let lobby = self.lobby.due.filter(|_| self.is_on);
        session.into_iter().chain(text).chain(lobby).min()
    }

    /// Returns the next effect.
    pub(super) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn tell(&mut self, event: CallEvent) {
        self.effects.push_back(Effect::Event(event));
    }

    /// Takes the outputs of the session, says the texts that have waited, and tells how the group is now.
    fn settle(&mut self, surroundings: Surroundings<'_>) {
        let Surroundings { time, rng } = surroundings;
        self.take_outputs(time.moment);
        self.settle_texts(time, rng);
        self.take_outputs(time.moment);
        let mut state = self.state();
        state.has_admin_device = self.lobby.admin_device(&state).is_some();
        if self.is_on && self.told.as_ref() != Some(&state) {
            self.see_co_admins(&state);
            self.told = Some(state.clone());
            self.tell(CallEvent::GroupChanged(Box::new(state)));
        }
        self.share_lobby(Surroundings { time, rng });
    }

    /// Returns the group as it is now.
    fn state(&self) -> GroupState {
        let context = self.session.context();
        let members = self.session.members();
        let authority = context.and_then(RoomContext::authority);
        let co_admins = authority.map_or(&[][..], |authority| authority.co_admins);
        let is_admin = |member: &&MemberStatus| {
            let key = &member.claims.member_key;
            member.reason == AdmissionReason::Admin
                || co_admins.iter().any(|one| one.member_key == *key)
        };
        let admins = members.iter().filter(|_| self.has_admin);
        let admins = admins.filter(is_admin);
        GroupState {
            admins: admins.map(|member| member.claims.member_key).collect(),
            members,
            may_send: self.session.may_send(),
            is_locked: context.is_some_and(RoomContext::is_locked),
            has_admin: self.has_admin,
            co_admins: co_admins.iter().map(|one| one.member_key).collect(),
            is_co_admin: self.session.is_co_admin(),
            signs_approvals: self.session.has_admin_key() || self.session.is_co_admin(),
            has_admin_device: false,
        }
    }

    fn take_outputs(&mut self, now: Moment) {
        while let Some(output) = self.session.poll_output() {
            let effect = match output {
                Output::FrameKeys(frames) => Some(Effect::FrameKeys(Box::new(frames))),
                Output::Send(message) => self.message(message),
                Output::Event(SessionEvent::Lobby(devices)) => {
                    self.take_lobby(devices);
                    continue;
                }
                Output::Event(SessionEvent::Decision { claims, decision }) => {
                    self.take_decision(claims, decision, now);
                    continue;
                }
                Output::Event(event) => {
                    self.see_admin_key(&event);
                    Some(Effect::Event(CallEvent::Group(Box::new(event))))
                }
            };
            self.effects.extend(effect);
        }
    }
}
