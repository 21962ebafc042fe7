//! A simple model of a call: lists that are searched, without derived state. Announcements are computed from
//! the states before and after.

mod decisions;
mod groups;
mod media;
mod messages;
mod moderation;
mod rosters;
mod seats;

use std::collections::BTreeMap;

use anteroom_protocol::{
    GuestAdmission,
    media::{PerSource, Source},
};

use self::{
    groups::Groups,
    rosters::{Visibility, VisibleDevice},
};

use crate::{
    harness::{Line, Setting},
    script::{LinkStep, SimpleCommand, Step},
};

const LOST_AFTER: u64 = 30_000;
const KEPT_FOR: u64 = 30_000;

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: u32,
    pub(crate) user: char,
    pub(crate) admin: bool,
    /// Whether the device has the rights of an admin without the passkey.
    co_admin: bool,
    pub(crate) active: bool,
    pub(crate) connection: Option<u64>,
    /// The moment of the last message, or of the loss of the connection.
    since: u64,
    pub(crate) secret: u8,
    hand: Option<u64>,
    changes: bool,
    pub(crate) hello: Option<u8>,
    pub(crate) member: Option<u8>,
    /// The statement with which the device was admitted.
    statement: Option<u8>,
    /// Whether the device has not received the hellos of the devices that were active before its admission.
    lacks_hellos: bool,
    hands: BucketLevel,
    moderations: BucketLevel,
    offers: BucketLevel,
    views: BucketLevel,
    publications: BucketLevel,
    /// The sources that the device publishes, those that are muted, and those that are held.
    published: PerSource<bool>,
    muted: PerSource<bool>,
    held: PerSource<bool>,
    questions: BucketLevel,
    told_to_slow_down: bool,
    /// The answers with missed commits.
    missed: BucketLevel,
    /// The group of which the device has refused a commit since it was last welcomed.
    refused_group: u32,
    /// The last commits that the device has refused.
    refused: Vec<(u32, u64)>,
    /// The length of the history when the device last received the whole roster.
    knows: usize,
}

/// The level of a leaky bucket in thousandths, and the moment at which it was updated.
#[derive(Clone, Copy, Debug, Default)]
struct BucketLevel(u64, u64);

impl BucketLevel {
    /// Adds `more` to the level if the sum is within `limit`; `back` leaks in a second.
    fn fill(&mut self, more: u64, limit: u64, back: u64, now: u64) -> bool {
        let left = self.0.saturating_sub((now - self.1) * back);
        let fits = left + more * 1_000 <= limit * 1_000;
        if fits {
            *self = Self(left + more * 1_000, now);
        }
        fits
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    setting: Setting,
    pub(crate) devices: Vec<Device>,
    approved: Vec<char>,
    denied: Vec<char>,
    blocked: Vec<char>,
    co_admins: Vec<char>,
    /// The users who have been active and not been sent away since.
    era_users: Vec<char>,
    locked: bool,
    /// The approval that an admin has decided on.
    approval: Option<bool>,
    /// Whether those who wait for an approval come in without one.
    lets_in: bool,
    given_ids: Vec<u32>,
    revoked: bool,
    expires: u64,
    statement: Option<u8>,
    told_link: (bool, u64, Option<u8>),
    /// The restrictions of the link, except in an `unlimited` step.
    links_approval: bool,
    begun: bool,
    anybody_was_active: bool,
    pub(crate) ended: bool,
    now: u64,
    pub(crate) joins: u8,
    /// The debts of relays, of each user and of all together.
    user_relays: BTreeMap<char, BucketLevel>,
    all_relays: BucketLevel,
    /// The debts of commits of each user.
    user_commits: BTreeMap<char, BucketLevel>,
    /// The debts of offers of each user.
    user_offers: BTreeMap<char, BucketLevel>,
    /// The sources of users that are held, with the device of the admin.
    user_holds: BTreeMap<char, BTreeMap<Source, u32>>,
    /// The debts of refusals of each user.
    user_refusals: BTreeMap<char, BucketLevel>,
    pub(crate) groups: Groups,
    /// Every state of the roster since the last announcement, which is the first.
    history: Vec<Vec<VisibleDevice>>,
    announced: Option<u64>,
    lines: Vec<Line>,
}

impl Model {
    pub(crate) fn new(setting: Setting) -> Self {
        let expires = 90 * 86_400_000;
        Self {
            setting,
            devices: Vec::new(),
            approved: setting
                .approved
                .chars()
                .take(setting.max_remembered_users)
                .collect(),
            denied: Vec::new(),
            blocked: Vec::new(),
            co_admins: Vec::new(),
            era_users: Vec::new(),
            locked: false,
            approval: None,
            lets_in: false,
            given_ids: Vec::new(),
            revoked: false,
            expires,
            statement: None,
            told_link: (false, expires, None),
            links_approval: setting.approval,
            begun: false,
            anybody_was_active: false,
            ended: false,
            now: 0,
            joins: 0,
            user_relays: BTreeMap::new(),
            all_relays: BucketLevel::default(),
            user_commits: BTreeMap::new(),
            user_offers: BTreeMap::new(),
            user_holds: BTreeMap::new(),
            user_refusals: BTreeMap::new(),
            groups: Groups::default(),
            history: vec![Vec::new()],
            announced: None,
            lines: Vec::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let announcement = (self.history.len() > 1).then(|| self.next_announcement());
        let devices = self.devices.iter().map(deadline);
        devices.chain(announcement).min()
    }

    fn next_announcement(&self) -> u64 {
        let interval = self.setting.roster_interval;
        self.announced.map_or(self.now, |last| last + interval)
    }

    pub(crate) fn rosters(&self) -> [String; 3] {
        [Visibility::LOBBY, Visibility::CALL, Visibility::ALL]
            .map(|visibility| self.roster(visibility))
    }

    pub(crate) fn play(&mut self, step: &Step) -> Vec<Line> {
        match step {
            Step::Later(time) => self.now += time,
            Step::RelayToAll(connection, count, kib) => {
                for _ in 0..*count {
                    self.once(&Step::RelayToAll(*connection, 1, *kib));
                }
            }
            Step::Wait(time) => {
                self.now += time;
                self.once(step);
            }
            _ => self.once(step),
        }
        std::mem::take(&mut self.lines)
    }

    fn once(&mut self, step: &Step) {
        self.time_passes();
        match step {
            Step::Join { .. } => self.join(step),
            Step::Link(change) => self.link(*change),
            Step::End => self.end("ended"),
            Step::Dismiss => self.end("dismissed"),
            Step::Say(connection, SimpleCommand::Drops) => {
                let now = self.now;
                if let Some(device) = self.by_connection(*connection) {
                    device.connection = None;
                    device.since = now;
                }
                self.note();
            }
            Step::Say(connection, SimpleCommand::Missed) => self.tell_all(*connection),
            Step::Say(connection, _)
            | Step::RelayToAll(connection, ..)
            | Step::RelayTo(connection, _)
            | Step::Commit { connection, .. }
            | Step::Refuse(connection, _)
            | Step::Decide(connection, ..)
            | Step::Lock(connection, _)
            | Step::Approval(connection, _)
            | Step::CoAdmin(connection, ..)
            | Step::Offer(connection, _)
            | Step::View(connection)
            | Step::Publish(connection, _)
            | Step::Mute(connection, ..) => self.said(*connection, step),
            Step::SourceDropped(id, source) => self.source_dropped(*id, *source),
            Step::Later(_) | Step::Wait(_) => {}
        }
        self.end_if_over();
        self.let_in();
        if self.next_announcement() <= self.now {
            self.announce();
        }
    }

    fn time_passes(&mut self) {
        for device in self.devices.clone() {
            if deadline(&device) > self.now {
                continue;
            }
            if let Some(connection) = device.connection {
                self.tell(connection, "close silent");
                let now = self.now;
                let device = self.by_connection(connection).unwrap();
                device.connection = None;
                device.since = now;
                self.note();
            } else {
                self.goes(device.id, "timedout", None);
            }
        }
        self.end_if_over();
    }

    fn join(&mut self, step: &Step) {
        let Step::Join {
            connection,
            user,
            admin,
            changes,
            hello,
            member,
            resume,
            have,
            ids,
        } = step
        else {
            return;
        };
        let (connection, user, now) = (*connection, *user, self.now);
        self.joins += 1;
        let secret = self.joins;
        if self.by_connection(connection).is_some() {
            self.tell(connection, "error already_joined");
            return;
        }
        self.begun = true;
        let resumed = self.devices.iter_mut().find(|device| {
            device.user == user && device.member == *member && Some(device.secret) == *resume
        });
        let is_resumed = resumed.is_some();
        let id = if let Some(device) = resumed {
            let before = device.connection.replace(connection);
            device.since = now;
            device.secret = secret;
            device.changes = *changes;
            let id = device.id;
            if let Some(before) = before {
                self.tell(before, "close replaced");
            }
            id
        } else {
            let is_guest = self.is_guest(user);
            let waits = match self.setting.guest_admission {
                GuestAdmission::Wait if is_guest => true,
                _ => self.asks_approval(),
            };
            let is_known = self.approved.contains(&user) || self.co_admins.contains(&user);
            let is_let_in = !waits || *admin || is_known;
            let candidates = ids.unwrap_or([u32::try_from(connection).unwrap(); 4]);
            let id = candidates
                .into_iter()
                .find(|id| *id != 0 && !self.given_ids.contains(id));
            let yielding = self.yielding(user, *admin, is_let_in);
            let refusal = if self.ended {
                Some("error ended")
            } else if !self.link_is_good() {
                Some("error expired")
            } else if self.blocked.contains(&user) {
                Some("blocked")
            } else if is_guest && self.setting.guest_admission == GuestAdmission::Refused {
                Some("error guests_refused")
            } else if !*admin && self.is_locked_for(user) {
                Some("error locked")
            } else if let Err(refusal) = yielding {
                Some(refusal)
            } else if id.is_none() {
                Some("error try_again")
            } else {
                None
            };
            if let Some(refusal) = refusal {
                self.tell(connection, refusal);
                self.tell(connection, "close refused");
                return;
            }
            for (id, how) in yielding.unwrap() {
                let word = (how == "displaced").then_some("error displaced");
                self.goes(id, how, word);
            }
            let id = id.unwrap();
            self.given_ids.push(id);
            self.anybody_was_active |= is_let_in;
            if is_let_in {
                self.add_era_user(user);
            }
            self.devices.push(Device {
                id,
                user,
                admin: *admin,
                co_admin: !*admin && is_let_in && self.co_admins.contains(&user),
                active: is_let_in,
                connection: Some(connection),
                since: now,
                secret,
                hand: None,
                changes: *changes,
                hello: hello.then_some(secret),
                member: *member,
                statement: None,
                lacks_hellos: false,
                hands: BucketLevel::default(),
                moderations: BucketLevel::default(),
                offers: BucketLevel::default(),
                views: BucketLevel::default(),
                publications: BucketLevel::default(),
                published: PerSource::default(),
                muted: PerSource::default(),
                held: PerSource::default(),
                questions: BucketLevel::default(),
                told_to_slow_down: false,
                missed: BucketLevel::default(),
                refused_group: 0,
                refused: Vec::new(),
                knows: 0,
            });
            if is_let_in {
                self.gives_media(id);
            }
            id
        };
        self.note();
        let knows = self.history.len() - 1;
        let device = self.by_id(id).unwrap();
        device.knows = knows;
        device.lacks_hellos = false;
        let device = device.clone();
        let mut missed = match have {
            Some(have) if is_resumed && device.active => self.groups.since(id, *have),
            _ => Vec::new(),
        };
        let is_limited = |device: &mut Device| !device.missed.fill(1, 5, 1, now);
        if !missed.is_empty() && self.by_id(id).is_some_and(is_limited) {
            missed.clear();
        }
        let mut text = format!(
            "joined {id} {}{}{} secret {secret} {}",
            status(device.active),
            if device.decides() { " admin" } else { "" },
            statement_text(device.statement),
            self.roster(Visibility::of(&device)),
        );
        if device.active {
            text += &self.groups.present_text();
        }
        if !missed.is_empty() {
            text += &format!(" missed {}", missed.len());
        }
        text += &self.moderation_text();
        self.tell(connection, text);
        for commit in missed {
            self.tell(connection, commit);
        }
        self.tell_holds(id);
    }

    fn said(&mut self, connection: u64, step: &Step) {
        let now = self.now;
        let Some(sender) = self.by_connection(connection) else {
            self.tell(connection, "error not_joined");
            return;
        };
        sender.since = now;
        if matches!(step, Step::Say(_, SimpleCommand::Ping)) {
            sender.told_to_slow_down = false;
        }
        let sender = sender.clone();
        let answer = match step {
            Step::Say(_, SimpleCommand::Ping) => Some("pong"),
            Step::Say(_, SimpleCommand::Leave) => {
                self.goes(sender.id, "left", None);
                None
            }
            Step::Say(_, SimpleCommand::Up) => self.hand(&sender, true),
            Step::Say(_, SimpleCommand::Down) => self.hand(&sender, false),
            Step::Say(_, SimpleCommand::Who) => self.who(&sender),
            Step::RelayToAll(_, _, kib) => self.relay(&sender, None, *kib),
            Step::RelayTo(_, id) => self.relay(&sender, Some(*id), 0),
            Step::Commit { at, kib, to, .. } => self.commit(&sender, *at, *kib, to),
            Step::Refuse(_, at) => self.refuse(&sender, *at),
            Step::Decide(_, decision, id) => self.decide(&sender, *decision, *id),
            Step::Lock(_, is_on) => self.lock(&sender, *is_on),
            Step::Approval(_, is_on) => self.set_approval(&sender, *is_on),
            Step::CoAdmin(_, user, is_on) => self.set_co_admin(&sender, *user, *is_on),
            Step::Offer(_, session) => self.offer(&sender, *session),
            Step::View(_) => self.view(&sender),
            Step::Publish(_, sources) => self.publish(&sender, sources),
            Step::Mute(_, order, devices, source) => self.mute(&sender, *order, devices, *source),
            _ => None,
        };
        if let Some(answer) = answer {
            self.tell(connection, answer);
        }
    }

    fn link(&mut self, change: LinkStep) {
        let approval = self.links_approval && !matches!(change, LinkStep::Unlimited);
        if !self.begun {
            self.setting.approval = approval;
        } else if approval != self.setting.approval && !self.anybody_was_active {
            self.end("ended");
            return;
        }
        match change {
            LinkStep::Revoked => self.revoked = true,
            LinkStep::Open => self.revoked = false,
            LinkStep::Unlimited => {}
            LinkStep::Statement(statement) => self.statement = Some(statement),
            LinkStep::Expires(seconds) => self.expires = seconds * 1_000,
        }
        let link = (self.revoked, self.expires, self.statement);
        if link != self.told_link {
            self.told_link = link;
            let text = format!(
                "link {}{}{}",
                if self.setting.approval {
                    "adminApproval"
                } else {
                    "none"
                },
                if self.revoked { " revoked" } else { "" },
                statement_text(self.statement),
            );
            for device in self.devices.clone() {
                if let Some(connection) = device.connection {
                    self.tell(connection, text.clone());
                }
            }
        }
    }

    fn link_is_good(&self) -> bool {
        !self.revoked && self.now < self.expires
    }

    fn end_if_over(&mut self) {
        let is_anybody_there = if self.anybody_was_active {
            self.count(true) > 0
        } else {
            !self.devices.is_empty()
        };
        if self.begun && !is_anybody_there {
            self.end("ended");
        }
    }

    fn end(&mut self, how: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if self.devices.iter().any(|device| self.has_media(device)) {
            self.fact("media close".to_owned());
        }
        for device in self.devices.clone() {
            let word = match (device.active, how) {
                (false, _) => "denied ended",
                (true, "ended") => "error ended",
                (true, _) => "error ended_by_admin",
            };
            self.goes(device.id, how, Some(word));
        }
        self.fact("ended".to_owned());
    }

    fn goes(&mut self, id: u32, how: &str, word: Option<&str>) {
        let device = self.by_id(id).unwrap().clone();
        self.devices.retain(|other| other.id != id);
        if !self.ended && self.has_media(&device) {
            self.fact(format!("media -{id}"));
        }
        self.note();
        if let Some(connection) = device.connection {
            if let Some(word) = word {
                self.tell(connection, word);
            }
            self.tell(connection, format!("close {how}"));
        }
        self.fact(format!("gone {id} {} {how}", status(device.active)));
    }

    fn count(&self, active: bool) -> u32 {
        let devices = self.devices.iter().filter(|device| device.active == active);
        u32::try_from(devices.count()).unwrap()
    }

    fn by_connection(&mut self, connection: u64) -> Option<&mut Device> {
        self.devices
            .iter_mut()
            .find(|device| device.connection == Some(connection))
    }

    fn by_id(&mut self, id: u32) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.id == id)
    }

    fn tell(&mut self, connection: u64, text: impl Into<String>) {
        self.lines.push(Line {
            to: vec![connection],
            text: text.into(),
            revision: None,
        });
    }

    fn fact(&mut self, text: String) {
        self.lines.push(Line {
            to: Vec::new(),
            text,
            revision: None,
        });
    }
}

fn deadline(device: &Device) -> u64 {
    let span = if device.connection.is_some() {
        LOST_AFTER
    } else {
        KEPT_FOR
    };
    device.since + span
}

fn statement_text(statement: Option<u8>) -> String {
    statement.map_or_else(String::new, |statement| format!(" with {statement}"))
}

fn status(active: bool) -> &'static str {
    if active { "active" } else { "pending" }
}
