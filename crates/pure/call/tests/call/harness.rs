//! A call that executes scripts, and its outputs as text.

use std::{fmt, sync::Arc, time::Duration};

use anteroom_call::{
    Audience, Call, Command, Commit, CommitBody, ConnectionId, Input, Join, JoinRandomness, Limits,
    Message, Moment, Output, RelayBody, RelayTarget, ResumeSecret, Role, RosterForm, Welcome,
    WelcomeBody,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, DemuxId, EraId, GroupEpoch, GuestAdmission, Hello,
    LinkState, MemberKey, OpaqueUserId, Restrictions, Timestamp,
    media::{MuteTarget, SessionDescription, ViewRequest},
};

use crate::{
    media_mirror::{MediaMirror, media_text},
    output_texts::{
        START, bytes_text, entries_text, fact_text, moderation_text, roster_text, since_start,
        statement_text, status_text,
    },
    script::{Decision, LinkStep, MutedDevices, SimpleCommand, Step, letter, order_word},
};

/// The set-up of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) approval: bool,
    pub(crate) max_devices: u32,
    pub(crate) devices_per_user: u32,
    /// The minimum time between announcements of the roster, in milliseconds.
    pub(crate) roster_interval: u64,
    pub(crate) max_remembered_users: usize,
    pub(crate) max_co_admins: usize,
    /// Users approved before.
    pub(crate) approved: &'static str,
    /// Users with guest accounts, and their admission.
    pub(crate) guests: &'static str,
    pub(crate) guest_admission: GuestAdmission,
    pub(crate) has_media: bool,
}

impl Setting {
    pub(crate) const APPROVAL: Self = Self {
        approval: true,
        max_devices: 8,
        devices_per_user: 5,
        roster_interval: 0,
        max_remembered_users: 100,
        max_co_admins: 8,
        approved: "",
        guests: "",
        guest_admission: GuestAdmission::Wait,
        has_media: false,
    };
    pub(crate) const FREE: Self = Self {
        approval: false,
        ..Self::APPROVAL
    };
}

/// An output of the call as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The receiving connections; none for a fact.
    pub(crate) to: Vec<u64>,
    pub(crate) text: String,
    pub(crate) revision: Option<LineRevision>,
}

/// The revisions of a message about the roster. The model has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineRevision {
    /// A whole roster.
    Whole(u64),
    /// Changes, from one revision to another.
    Changes(u64, u64),
    /// The last announcement.
    Announced(u64),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to: Vec<String> = self.to.iter().map(u64::to_string).collect();
        match to.as_slice() {
            [] => f.write_str(&self.text),
            to => write!(f, "{}: {}", to.join(","), self.text),
        }
    }
}

/// A call that executes the steps of scripts.
pub(crate) struct Harness {
    call: Call,
    link: LinkState,
    guests: &'static str,
    /// Milliseconds since the start.
    now: u64,
    joins: u8,
    media: MediaMirror,
}

impl Harness {
    pub(crate) fn new(setting: Setting) -> Self {
        let link = LinkState {
            restrictions: if setting.approval {
                Restrictions::AdminApproval
            } else {
                Restrictions::None
            },
            guests: setting.guest_admission,
            name: Arc::from([]),
            revoked: false,
            expiration: Timestamp::from_secs(START + 90 * 86_400),
            delete_at: Timestamp::from_secs(START + 180 * 86_400),
            admin_statement: AdminStatement::default(),
        };
        let call = Call::new(
            EraId::from_bytes([7; 16]),
            link.clone(),
            setting.approved.chars().map(user),
            Limits {
                max_devices: setting.max_devices,
                devices_per_user: setting.devices_per_user,
                roster_interval: Duration::from_millis(setting.roster_interval),
                max_remembered_users: setting.max_remembered_users,
                max_co_admins: setting.max_co_admins,
                has_media: setting.has_media,
            },
        );
        Self {
            call,
            link,
            guests: setting.guests,
            now: 0,
            joins: 0,
            media: MediaMirror::default(),
        }
    }

    pub(crate) const fn call(&self) -> &Call {
        &self.call
    }

    /// Returns the next deadline in milliseconds since the start.
    pub(crate) fn deadline(&mut self) -> Option<u64> {
        match self.call.poll_output() {
            Output::Wait(until) => until.map(since_start),
            other => panic!("not drained: {other:?}"),
        }
    }

    /// Returns all rosters as text.
    pub(crate) fn rosters(&self) -> [String; 3] {
        [Audience::Lobby, Audience::Everyone, Audience::Admins]
            .map(|who| roster_text(&self.call.roster(who)))
    }

    pub(crate) fn play(&mut self, step: &Step) -> Vec<Line> {
        let mut lines = Vec::new();
        for input in self.inputs(step) {
            self.call.handle(moment(self.now), input);
            loop {
                match self.call.poll_output() {
                    Output::Wait(_) => break,
                    output => {
                        self.media.follow(&output);
                        lines.push(line(output));
                    }
                }
            }
        }
        self.media.check(&self.call);
        lines
    }

    fn inputs(&mut self, step: &Step) -> Vec<Input> {
        let say = |number: &u64, command| Input::Command {
            connection: ConnectionId::new(*number),
            command,
        };
        let input = match step {
            Step::Join {
                connection,
                user: name,
                admin,
                changes,
                hello,
                member,
                resume,
                have,
                ids,
            } => {
                self.joins += 1;
                let id = u32::try_from(*connection).unwrap();
                let ids = ids.unwrap_or([id; 4]);
                Input::Join(Join {
                    connection: ConnectionId::new(*connection),
                    user: user(*name),
                    role: if *admin { Role::Admin } else { Role::Guest },
                    has_guest_account: self.guests.contains(*name),
                    roster: if *changes {
                        RosterForm::Changes
                    } else {
                        RosterForm::Whole
                    },
                    have: have.map(group_epoch),
                    hello: hello.then(|| Hello::new([self.joins]).unwrap()),
                    member: member.map(|number| MemberKey::from_bytes([number; 32])),
                    resume: resume.map(|number| ResumeSecret::from_bytes([number; 32])),
                    randomness: JoinRandomness::from_parts(
                        ids.map(|id| id << 4 | 9),
                        [self.joins; 32],
                    ),
                })
            }
            Step::Say(number, SimpleCommand::Leave) => say(number, Command::Leave),
            Step::Say(number, SimpleCommand::Ping) => say(number, Command::Ping),
            Step::Say(number, SimpleCommand::Up) => {
                say(number, Command::RaiseHand { raised: true })
            }
            Step::Say(number, SimpleCommand::Down) => {
                say(number, Command::RaiseHand { raised: false })
            }
            Step::Say(number, SimpleCommand::Who) => say(number, Command::Participants),
            Step::Say(number, SimpleCommand::Missed) => {
                Input::RosterMissed(ConnectionId::new(*number))
            }
            Step::Say(number, SimpleCommand::Drops) => {
                Input::Disconnected(ConnectionId::new(*number))
            }
            Step::RelayToAll(number, count, kib) => {
                let relay = || relay(RelayTarget::All, *kib);
                return (0..*count).map(|_| say(number, relay())).collect();
            }
            Step::RelayTo(number, id) => say(number, relay(RelayTarget::One(demux_id(*id)), 0)),
            Step::Commit {
                connection,
                at,
                kib,
                to,
            } => say(connection, commit(group_epoch(*at), *kib, to)),
            Step::Refuse(number, at) => say(number, Command::Refuse(group_epoch(*at))),
            Step::Decide(number, decision, id) => {
                let id = demux_id(*id);
                let command = match decision {
                    Decision::Approve(statement) => Command::Approve {
                        device: id,
                        statement: statement.map(|byte| ApprovalStatement::new([byte]).unwrap()),
                    },
                    Decision::Deny => Command::Deny(id),
                    Decision::Remove => Command::Remove(id),
                    Decision::Block => Command::Block(id),
                    Decision::LowerHand => Command::LowerHand(id),
                };
                say(number, command)
            }
            Step::Lock(number, is_locked) => say(
                number,
                Command::Lock {
                    is_locked: *is_locked,
                },
            ),
            Step::Approval(number, is_on) => say(number, Command::Approval { is_on: *is_on }),
            Step::CoAdmin(number, name, is_on) => say(
                number,
                Command::CoAdmin {
                    user: user(*name),
                    is_on: *is_on,
                },
            ),
            Step::Offer(number, session) => say(
                number,
                Command::Offer {
                    session: *session,
                    offer: SessionDescription::new("offer".to_owned()),
                },
            ),
            Step::View(number) => say(number, Command::View(ViewRequest::default())),
            Step::Publish(number, sources) => say(number, Command::Publish(*sources)),
            Step::Mute(number, order, devices, source) => say(
                number,
                Command::Mute {
                    target: match devices {
                        MutedDevices::One(id) => MuteTarget::One(demux_id(*id)),
                        MutedDevices::AllBut(ids) => {
                            MuteTarget::AllBut(ids.iter().copied().map(demux_id).collect())
                        }
                    },
                    source: *source,
                    order: *order,
                },
            ),
            Step::SourceDropped(id, source) => Input::SourceDropped {
                device: demux_id(*id),
                source: *source,
            },
            Step::Link(change) => {
                match change {
                    LinkStep::Revoked => self.link.revoked = true,
                    LinkStep::Open => self.link.revoked = false,
                    LinkStep::Unlimited => {
                        let link = LinkState {
                            restrictions: Restrictions::None,
                            ..self.link.clone()
                        };
                        return vec![Input::LinkChanged(link)];
                    }
                    LinkStep::Statement(byte) => {
                        self.link.admin_statement = AdminStatement::new([*byte]).unwrap();
                    }
                    LinkStep::Expires(seconds) => {
                        self.link.expiration = Timestamp::from_secs(START + seconds);
                    }
                }
                Input::LinkChanged(self.link.clone())
            }
            Step::End => Input::End,
            Step::Dismiss => Input::Dismiss,
            Step::Later(time) => {
                self.now += time;
                return Vec::new();
            }
            Step::Wait(time) => {
                self.now += time;
                Input::TimePassed
            }
        };
        vec![input]
    }
}

pub(crate) fn user(name: char) -> OpaqueUserId {
    OpaqueUserId::parse(&name.to_string()).unwrap()
}

fn demux_id(number: u32) -> DemuxId {
    DemuxId::new(number << 4).unwrap()
}

fn moment(since_start: u64) -> Moment {
    Moment::from_millis(START * 1_000 + since_start)
}

fn relay(to: RelayTarget, kib: u32) -> Command {
    let length = usize::try_from(kib).unwrap() * 1024;
    let body = match length {
        0 => RelayBody::new(*b"sealed"),
        length => RelayBody::new(vec![7; length]),
    };
    let body = body.unwrap();
    Command::Relay { to, body }
}

const fn group_epoch((group, epoch): (u32, u64)) -> GroupEpoch {
    GroupEpoch { group, epoch }
}

/// Returns a commit whose body and Welcome say the epoch. The body has `kib` KiB at least.
fn commit(at: GroupEpoch, kib: u32, to: &[u32]) -> Command {
    let mut body = epoch_text(at).into_bytes();
    body.resize(body.len().max(usize::try_from(kib).unwrap() * 1024), b' ');
    let welcome = (!to.is_empty()).then(|| Welcome {
        to: to.iter().copied().map(demux_id).collect(),
        body: WelcomeBody::new(epoch_text(at.next()).into_bytes()).unwrap(),
    });
    Command::Commit(Commit {
        at,
        body: CommitBody::new(body).unwrap(),
        welcome,
    })
}

fn epoch_text(at: GroupEpoch) -> String {
    format!("{}/{}", at.group, at.epoch)
}

/// Returns the epoch after a space; nothing before the start of a group.
fn present_text(present: GroupEpoch) -> String {
    if present == GroupEpoch::default() {
        return String::new();
    }
    format!(" {}", epoch_text(present))
}

fn line(output: Output) -> Line {
    let (to, text, revision) = match output {
        Output::Send { to, message } => {
            let revision = revision_of(&message);
            (vec![to.number()], message_text(&message), revision)
        }
        Output::Broadcast { to, message } => {
            let to = to.into_iter().map(ConnectionId::number).collect();
            (to, message_text(&message), revision_of(&message))
        }
        Output::Dropped(connection) => (vec![connection.number()], "dropped".to_owned(), None),
        Output::Close { connection, reason } => {
            let text = format!("close {reason:?}").to_lowercase();
            (vec![connection.number()], text, None)
        }
        Output::Media(command) => (Vec::new(), media_text(&command), None),
        Output::Fact(fact) => (Vec::new(), fact_text(&fact), None),
        Output::Wait(_) => panic!("waiting is not doing"),
    };
    Line { to, text, revision }
}

fn revision_of(message: &Message) -> Option<LineRevision> {
    Some(match message {
        Message::Joined(joined) => LineRevision::Whole(joined.roster_revision.number()),
        Message::Participants { revision, .. } => LineRevision::Whole(revision.number()),
        Message::Roster {
            since, revision, ..
        } => LineRevision::Changes(since.number(), revision.number()),
        Message::Pong { roster_revision } => LineRevision::Announced(roster_revision.number()),
        _ => return None,
    })
}

fn message_text(message: &Message) -> String {
    match message {
        Message::Joined(joined) => format!(
            "joined {} {}{}{} secret {} {}{}{}{}",
            joined.demux_id.number() >> 4,
            status_text(joined.status),
            if joined.is_admin { " admin" } else { "" },
            statement_text(joined.statement.as_ref()),
            joined.resume.as_bytes()[0],
            roster_text(&joined.roster),
            present_text(joined.present),
            match joined.missed_commits {
                0 => String::new(),
                number => format!(" missed {number}"),
            },
            moderation_text(joined),
        ),
        Message::Participants { roster, .. } => format!("participants {}", roster_text(roster)),
        Message::Roster { changes, .. } => {
            let mut left: Vec<String> = changes
                .left
                .iter()
                .map(|id| (id.number() >> 4).to_string())
                .collect();
            left.sort();
            format!(
                "roster +[{}] ~[{}] -[{}] {}",
                entries_text(&changes.joined),
                entries_text(&changes.changed),
                left.join(" "),
                changes.pending_count,
            )
        }
        Message::Admitted { present, statement } => format!(
            "admitted{}{}",
            statement_text(statement.as_ref()),
            present_text(*present)
        ),
        Message::NewStatement { present, statement } => format!(
            "admitted{}{}",
            statement_text(Some(statement)),
            present_text(*present)
        ),
        Message::Denied(reason) => format!("denied {}", reason.as_str()),
        Message::Removed => "removed".to_owned(),
        Message::Blocked => "blocked".to_owned(),
        Message::Link(link) => format!(
            "link {}{}{}",
            link.restrictions.as_str(),
            if link.revoked { " revoked" } else { "" },
            bytes_text(link.admin_statement.as_bytes()),
        ),
        Message::Moderation {
            moderation,
            is_admin,
        } => format!(
            "moderation{}{}{}",
            if moderation.is_locked { " locked" } else { "" },
            if moderation.asks_approval {
                " approval"
            } else {
                ""
            },
            if *is_admin { " admin" } else { "" },
        ),
        Message::Relay { from, body } => {
            let kib = body.as_bytes().len() / 1024;
            assert!(kib > 0 || body.as_bytes() == b"sealed");
            format!("relay from {}", from.number() >> 4)
        }
        Message::Commit { at, from, body } => {
            let text = str::from_utf8(body.as_bytes()).unwrap();
            assert_eq!(text.trim_end(), epoch_text(*at));
            format!("commit {} from {}", epoch_text(*at), from.number() >> 4)
        }
        Message::Welcome { at, from, body } => {
            assert_eq!(body.as_bytes(), epoch_text(*at).as_bytes());
            format!("welcome {} from {}", epoch_text(*at), from.number() >> 4)
        }
        Message::Refuse { at, from } => {
            format!("refuse {} from {}", epoch_text(*at), from.number() >> 4)
        }
        Message::Muted { by, source, order } => format!(
            "muted {} {} by {}",
            order_word(*order),
            letter(*source),
            by.number() >> 4
        ),
        Message::GroupError { of, code, present } => {
            let epoch = epoch_text(*present);
            format!("error {} of {} {epoch}", code.as_str(), of.as_str())
        }
        Message::Error(code) => format!("error {}", code.as_str()),
        Message::Pong { .. } => "pong".to_owned(),
    }
}
