//! A call as one would first think of it: lists that are searched, and nothing kept that can be
//! worked out. What is announced is found by comparing before and after.

use crate::{
    scene::{Line, Setting},
    script::{Decision, LinkStep, Step, Word},
};

const LOST_AFTER: u64 = 30_000;
const KEPT_FOR: u64 = 30_000;

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: u32,
    pub(crate) user: char,
    pub(crate) admin: bool,
    pub(crate) active: bool,
    pub(crate) connection: Option<u64>,
    /// When it was last heard, or lost.
    since: u64,
    pub(crate) secret: u8,
    hand: Option<u64>,
    /// When its messages would all be paid for, in thirtieths of a millisecond.
    paid_until: u64,
    told_to_slow_down: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    setting: Setting,
    pub(crate) devices: Vec<Device>,
    approved: Vec<char>,
    denied: Vec<char>,
    blocked: Vec<char>,
    given_ids: Vec<u32>,
    revoked: bool,
    expires: u64,
    told_link: (bool, u64),
    /// What the link says but in an unlimited step.
    links_approval: bool,
    begun: bool,
    anybody_was_active: bool,
    pub(crate) ended: bool,
    now: u64,
    pub(crate) joins: u8,
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
            given_ids: Vec::new(),
            revoked: false,
            expires,
            told_link: (false, expires),
            links_approval: setting.approval,
            begun: false,
            anybody_was_active: false,
            ended: false,
            now: 0,
            joins: 0,
            lines: Vec::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.devices.iter().map(deadline).min()
    }

    pub(crate) fn rosters(&self) -> [String; 2] {
        [false, true].map(|admin| self.roster(admin))
    }

    pub(crate) fn play(&mut self, step: &Step) -> Vec<Line> {
        match step {
            Step::Later(time) => self.now += time,
            Step::RelayToAll(connection, count) => {
                for _ in 0..*count {
                    self.once(&Step::RelayToAll(*connection, 1));
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
        let before = self.roster(true);
        self.time_passes();
        let newcomer = match step {
            Step::Join { connection, .. } => {
                let joined = self.join(step);
                joined.then_some(*connection)
            }
            Step::Link(change) => {
                self.link(*change);
                None
            }
            Step::End => {
                self.end();
                None
            }
            Step::Say(connection, Word::Drops) => {
                let now = self.now;
                if let Some(device) = self.by_connection(*connection) {
                    device.connection = None;
                    device.since = now;
                }
                None
            }
            Step::Say(connection, _)
            | Step::RelayToAll(connection, _)
            | Step::RelayTo(connection, _)
            | Step::Decide(connection, ..) => {
                self.said(*connection, step);
                None
            }
            Step::Later(_) | Step::Wait(_) => None,
        };
        self.end_if_over();
        if self.roster(true) != before {
            for device in self.devices.clone() {
                if let Some(connection) = device.connection
                    && newcomer != Some(connection)
                {
                    let text = format!("participants {}", self.roster(device.admin));
                    self.tell(connection, text);
                }
            }
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
            } else {
                self.goes(device.id, "timedout", None);
            }
        }
        self.end_if_over();
    }

    /// Whether the connection has a place now.
    fn join(&mut self, step: &Step) -> bool {
        let Step::Join {
            connection,
            user,
            admin,
            resume,
            ids,
        } = step
        else {
            return false;
        };
        let (connection, user, now) = (*connection, *user, self.now);
        self.joins += 1;
        let secret = self.joins;
        if self.by_connection(connection).is_some() {
            self.tell(connection, "error already_joined");
            return false;
        }
        self.begun = true;
        let resumed = self
            .devices
            .iter_mut()
            .find(|device| device.user == user && Some(device.secret) == *resume);
        let id = if let Some(device) = resumed {
            let before = device.connection.replace(connection);
            device.since = now;
            device.secret = secret;
            let id = device.id;
            if let Some(before) = before {
                self.tell(before, "close replaced");
            }
            id
        } else {
            let is_let_in = !self.setting.approval || *admin || self.approved.contains(&user);
            let candidates = ids.unwrap_or([u32::try_from(connection).unwrap(); 4]);
            let id = candidates
                .into_iter()
                .find(|id| *id != 0 && !self.given_ids.contains(id));
            let refusal = if self.ended {
                Some("error ended")
            } else if !self.link_is_good() {
                Some("error expired")
            } else if self.blocked.contains(&user) {
                Some("blocked")
            } else if self.count(is_let_in) >= self.setting.max_devices {
                Some("error full")
            } else if id.is_none() {
                Some("error try_again")
            } else {
                None
            };
            if let Some(refusal) = refusal {
                self.tell(connection, refusal);
                self.tell(connection, "close refused");
                return false;
            }
            let id = id.unwrap();
            self.given_ids.push(id);
            self.anybody_was_active |= is_let_in;
            self.devices.push(Device {
                id,
                user,
                admin: *admin,
                active: is_let_in,
                connection: Some(connection),
                since: now,
                secret,
                hand: None,
                paid_until: 0,
                told_to_slow_down: false,
            });
            id
        };
        let device = self.by_id(id).unwrap().clone();
        let text = format!(
            "joined {id} {}{} secret {secret} {}",
            status(device.active),
            if device.admin { " admin" } else { "" },
            self.roster(device.admin),
        );
        self.tell(connection, text);
        true
    }

    fn said(&mut self, connection: u64, step: &Step) {
        let now = self.now;
        let Some(sender) = self.by_connection(connection) else {
            self.tell(connection, "error not_joined");
            return;
        };
        sender.since = now;
        let sender = sender.clone();
        let answer = match step {
            Step::Say(_, Word::Ping) => Some("pong"),
            Step::Say(_, Word::Leave) => {
                self.goes(sender.id, "left", None);
                None
            }
            Step::Say(_, Word::Up) => self.hand(&sender, true),
            Step::Say(_, Word::Down) => self.hand(&sender, false),
            Step::RelayToAll(..) => self.relay(&sender, None),
            Step::RelayTo(_, id) => self.relay(&sender, Some(*id)),
            Step::Decide(_, decision, id) => self.decide(&sender, *decision, *id),
            _ => None,
        };
        if let Some(answer) = answer {
            self.tell(connection, answer);
        }
    }

    fn hand(&mut self, sender: &Device, up: bool) -> Option<&'static str> {
        match self.may_send(sender) {
            Ok(()) => {
                let now = self.now;
                let device = self.by_id(sender.id)?;
                device.hand = if up { device.hand.or(Some(now)) } else { None };
                None
            }
            Err(answer) => answer,
        }
    }

    fn relay(&mut self, sender: &Device, to: Option<u32>) -> Option<&'static str> {
        if let Err(answer) = self.may_send(sender) {
            return answer;
        }
        let text = format!("relay from {}", sender.id);
        match to {
            None => {
                for device in self.devices.clone() {
                    if let Some(connection) = device.connection
                        && device.active
                        && device.id != sender.id
                    {
                        self.tell(connection, text.clone());
                    }
                }
                None
            }
            Some(id) => match self.by_id(id).cloned() {
                None => Some("error unknown_device"),
                Some(device) if !device.active => Some("error not_active"),
                Some(device) => match device.connection {
                    None => Some("error unreachable"),
                    Some(connection) => {
                        self.tell(connection, text);
                        None
                    }
                },
            },
        }
    }

    /// A message costs 1000 thirtieths of a millisecond; debts of up to 99 more are fine.
    fn may_send(&mut self, sender: &Device) -> Result<(), Option<&'static str>> {
        if !sender.active {
            return Err(Some("error not_active"));
        }
        let now = self.now * 30;
        let device = self.by_id(sender.id).unwrap();
        if device.paid_until.saturating_sub(now) > 99_000 {
            let told = std::mem::replace(&mut device.told_to_slow_down, true);
            return Err((!told).then_some("error rate_limited"));
        }
        device.told_to_slow_down = false;
        device.paid_until = device.paid_until.max(now) + 1_000;
        Ok(())
    }

    fn decide(&mut self, sender: &Device, decision: Decision, id: u32) -> Option<&'static str> {
        if !sender.admin {
            return Some("error forbidden");
        }
        let Some(target) = self.by_id(id).cloned() else {
            return Some("error unknown_device");
        };
        let user = target.user;
        let is_admin = self
            .devices
            .iter()
            .any(|device| device.user == user && device.admin);
        match decision {
            Decision::Approve if target.active => Some("error not_pending"),
            Decision::Approve if !self.link_is_good() => Some("error expired"),
            Decision::Approve if self.count(true) >= self.setting.max_devices => Some("error full"),
            Decision::Approve => {
                let answer = self.no_memory_for(user);
                if answer.is_none() && !self.approved.contains(&user) {
                    self.approved.push(user);
                    self.fact(format!("approved {user}"));
                }
                let others = self.devices.clone().into_iter();
                let others = others.filter(|device| device.user == user && device.id != id);
                for device in std::iter::once(target).chain(others) {
                    if !device.active && self.count(true) < self.setting.max_devices {
                        self.by_id(device.id)?.active = true;
                        self.anybody_was_active = true;
                        if let Some(connection) = device.connection {
                            self.tell(connection, "admitted");
                        }
                    }
                }
                answer
            }
            Decision::Deny if target.active => Some("error not_pending"),
            Decision::Deny if self.denied.contains(&user) && !is_admin => self.block(user),
            Decision::Deny => {
                let answer = self.no_memory_for(user);
                if answer.is_none() && !self.denied.contains(&user) {
                    self.denied.push(user);
                }
                self.goes(id, "denied", Some("denied admin"));
                answer
            }
            Decision::Remove if !target.active => Some("error not_active"),
            Decision::Remove if is_admin && user != sender.user => Some("error target_is_admin"),
            Decision::Remove => {
                self.forget(user);
                self.goes(id, "removed", Some("removed"));
                None
            }
            Decision::Block if is_admin => Some("error target_is_admin"),
            Decision::Block => self.block(user),
        }
    }

    fn block(&mut self, user: char) -> Option<&'static str> {
        self.forget(user);
        let answer = self.no_memory_for(user);
        if answer.is_none() {
            self.blocked.push(user);
        }
        for device in self.devices.clone() {
            if device.user == user {
                self.goes(device.id, "blocked", Some("blocked"));
            }
        }
        answer
    }

    fn forget(&mut self, user: char) {
        if self.approved.contains(&user) {
            self.approved.retain(|other| *other != user);
            self.fact(format!("forgotten {user}"));
        }
    }

    fn no_memory_for(&self, user: char) -> Option<&'static str> {
        let all = [&self.approved, &self.denied, &self.blocked];
        let mut remembered: Vec<char> = all.into_iter().flatten().copied().collect();
        remembered.sort_unstable();
        remembered.dedup();
        let is_full = remembered.len() >= self.setting.max_remembered_users;
        (is_full && !remembered.contains(&user)).then_some("error too_many_users")
    }

    fn link(&mut self, change: LinkStep) {
        let approval = self.links_approval && !matches!(change, LinkStep::Unlimited);
        if !self.begun {
            self.setting.approval = approval;
        } else if approval != self.setting.approval && !self.anybody_was_active {
            self.end();
            return;
        }
        match change {
            LinkStep::Revoked => self.revoked = true,
            LinkStep::Open => self.revoked = false,
            LinkStep::Unlimited => {}
            LinkStep::Expires(seconds) => self.expires = seconds * 1_000,
        }
        let link = (self.revoked, self.expires);
        if link != self.told_link {
            self.told_link = link;
            let text = format!(
                "link {}{}",
                if self.setting.approval {
                    "adminApproval"
                } else {
                    "none"
                },
                if self.revoked { " revoked" } else { "" },
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
            self.end();
        }
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        for device in self.devices.clone() {
            let word = if device.active {
                "error ended"
            } else {
                "denied ended"
            };
            self.goes(device.id, "ended", Some(word));
        }
        self.fact("ended".to_owned());
    }

    fn goes(&mut self, id: u32, how: &str, word: Option<&str>) {
        let device = self.by_id(id).unwrap().clone();
        self.devices.retain(|other| other.id != id);
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

    fn roster(&self, admin: bool) -> String {
        let list = |active: bool| {
            let devices = self.devices.iter().filter(|device| device.active == active);
            let texts: Vec<String> = devices
                .map(|device| {
                    let mut text = device.id.to_string();
                    if active || admin {
                        text.push(device.user);
                    }
                    if let Some(since) = device.hand {
                        text += &format!("^{since}");
                    }
                    text
                })
                .collect();
            texts.join(" ")
        };
        format!("[{}] [{}]", list(true), list(false))
    }

    fn tell(&mut self, connection: u64, text: impl Into<String>) {
        self.lines.push(Line {
            to: vec![connection],
            text: text.into(),
        });
    }

    fn fact(&mut self, text: String) {
        self.lines.push(Line {
            to: Vec::new(),
            text,
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

fn status(active: bool) -> &'static str {
    if active { "active" } else { "pending" }
}
