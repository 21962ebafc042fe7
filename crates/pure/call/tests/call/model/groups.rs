//! Commits: a list of all of them, from which everything else is computed.

use std::collections::BTreeSet;

use super::{BucketLevel, Device, Model};

/// The commits of the era.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    commits: Vec<ModelCommit>,
    started: Option<u64>,
    started_by_admin: Option<u64>,
    /// The start of the last group by refusals, if no admin has started one since.
    by_refusals: Option<u64>,
    /// The devices that have started the present group or been welcomed to it.
    members: Vec<u32>,
    rate: BucketLevel,
}

#[derive(Clone, Debug)]
struct ModelCommit {
    at: (u32, u64),
    from: u32,
    bytes: u64,
}

impl Groups {
    /// Returns the present epoch: the one after the last commit.
    pub(crate) fn present(&self) -> (u32, u64) {
        let last = self.commits.last();
        last.map_or((0, 0), |last| (last.at.0, last.at.1 + 1))
    }

    pub(super) fn present_text(&self) -> String {
        match self.present() {
            (0, 0) => String::new(),
            (group, epoch) => format!(" {group}/{epoch}"),
        }
    }

    /// Returns the texts of the commits since an epoch, for a device of the group, if they are few enough.
    pub(super) fn since(&self, device: u32, (group, epoch): (u32, u64)) -> Vec<String> {
        if !self.members.contains(&device) {
            return Vec::new();
        }
        let (present, _) = self.present();
        let missed = self.commits.iter();
        let missed: Vec<&ModelCommit> = missed
            .filter(|commit| group == present && commit.at.0 == group && commit.at.1 >= epoch)
            .collect();
        let bytes: u64 = missed.iter().map(|commit| commit.bytes).sum();
        if missed.len() > 64 || bytes > 1_048_576 {
            return Vec::new();
        }
        let text = |commit: &&ModelCommit| {
            format!(
                "commit {}/{} from {}",
                commit.at.0, commit.at.1, commit.from
            )
        };
        missed.iter().map(text).collect()
    }
}

impl Model {
    pub(super) fn commit(
        &mut self,
        sender: &Device,
        at: (u32, u64),
        kib: u32,
        to: &[u32],
    ) -> Option<&'static str> {
        if !sender.active {
            return Some("error not_active");
        }
        let (group, _) = self.groups.present();
        let is_start = at == (group + 1, 0);
        let is_next = group > 0 && at == self.groups.present();
        if !is_start && !is_next {
            return self.refuses(sender, "commit", "stale_commit");
        }
        let now = self.now;
        let mut by_refusals = false;
        if is_start {
            let mut active = self.devices.iter().filter(|device| device.active);
            let has_admin = active.any(|device| device.admin);
            let mut active = self.devices.iter().filter(|device| device.active);
            let members = &self.groups.members;
            let has_member =
                active.any(|device| device.connection.is_some() && members.contains(&device.id));
            let is_free = sender.admin || group == 0 || !has_admin || !has_member;
            let last = self.groups.by_refusals;
            by_refusals =
                !is_free && self.most_refuse() && last.is_none_or(|last| now >= last + 60_000);
            if !is_free && !by_refusals {
                return self.refuses(sender, "commit", "forbidden");
            }
        } else if !self.groups.members.contains(&sender.id) {
            return self.refuses(sender, "commit", "forbidden");
        }
        let added: BTreeSet<&u32> = to.iter().collect();
        if added.len() > usize::try_from(self.setting.max_devices).unwrap() {
            return self.refuses(sender, "commit", "unknown_device");
        }
        let started = match sender.admin {
            true => self.groups.started_by_admin,
            false => self.groups.started,
        };
        let is_limited = if is_start {
            started.is_some_and(|started| now < started + 10_000)
        } else {
            !self.counts_commit(sender.user)
        };
        if is_limited {
            return self.refuses(sender, "commit", "rate_limited");
        }
        if is_start {
            self.groups.started = Some(now);
            if sender.admin {
                self.groups.started_by_admin = Some(now);
                self.groups.by_refusals = None;
            } else if by_refusals {
                self.groups.by_refusals = Some(now);
            }
            self.groups.members.clear();
        }
        let text = format!("{}/{}", at.0, at.1);
        let bytes = (u64::from(kib) * 1_024).max(u64::try_from(text.len()).unwrap());
        let from = sender.id;
        self.groups.commits.push(ModelCommit { at, from, bytes });
        let receives = |device: &Device| device.active && device.connection.is_some();
        let adds = |device: &Device| to.contains(&device.id) && device.id != from;
        let before = self.groups.members.clone();
        for device in &mut self.devices {
            if receives(device) && adds(device) {
                device.refused_group = 0;
            }
        }
        for device in self.devices.clone() {
            if device.active && (adds(&device) || device.id == from) {
                self.announce_sender(device.id);
            }
            if receives(&device) && (adds(&device) || device.id == from) {
                self.groups.members.push(device.id);
            }
        }
        for device in self.devices.clone() {
            if let Some(connection) = device.connection.filter(|_| receives(&device)) {
                if adds(&device) {
                    let line = format!("welcome {}/{} from {from}", at.0, at.1 + 1);
                    self.tell(connection, line);
                }
                if !adds(&device) || before.contains(&device.id) {
                    self.tell(connection, format!("commit {text} from {from}"));
                }
            }
        }
        None
    }

    pub(super) fn refuse(&mut self, sender: &Device, at: (u32, u64)) -> Option<&'static str> {
        if !sender.active {
            return Some("error not_active");
        }
        let (group, _) = self.groups.present();
        let mut commits = self.groups.commits.iter();
        if at.0 != group || !commits.any(|commit| commit.at == at) {
            return self.refuses(sender, "refuse", "stale_commit");
        }
        if !self.groups.members.contains(&sender.id) {
            return self.refuses(sender, "refuse", "forbidden");
        }
        if self.by_id(sender.id)?.refused_group == group {
            return None;
        }
        let refusals = self.user_refusals.entry(sender.user).or_default();
        if !refusals.fill(1, 5, 1, self.now) {
            return self.refuses(sender, "refuse", "rate_limited");
        }
        let device = self.by_id(sender.id)?;
        device.refused_group = group;
        if !device.refused.contains(&at) {
            device.refused.push(at);
        }
        let surplus = device.refused.len().saturating_sub(4);
        device.refused.drain(..surplus);
        for device in self.devices.clone() {
            if let Some(connection) = device.connection.filter(|_| device.active) {
                self.tell(
                    connection,
                    format!("refuse {}/{} from {}", at.0, at.1, sender.id),
                );
            }
        }
        None
    }

    fn most_refuse(&self) -> bool {
        let (group, _) = self.groups.present();
        let members = self.devices.iter();
        let members =
            members.filter(|device| device.active && self.groups.members.contains(&device.id));
        let users: BTreeSet<char> = members.clone().map(|device| device.user).collect();
        let epochs = members.clone().flat_map(|device| device.refused.clone());
        let epochs: BTreeSet<(u32, u64)> = epochs.filter(|at| at.0 == group).collect();
        epochs.iter().any(|at| {
            let refusers = members.clone().filter(|one| one.refused.contains(at));
            let refusers: BTreeSet<char> = refusers.map(|device| device.user).collect();
            refusers.len() >= 2 && refusers.len() > users.len() / 2
        })
    }

    /// Counts a commit of the user, also for the call, if the limits let it pass.
    fn counts_commit(&mut self, user: char) -> bool {
        let own = self.user_commits.get(&user).copied();
        let (mut own, mut all) = (own.unwrap_or_default(), self.groups.rate);
        let may = own.fill(1, 3, 3, self.now) && all.fill(1, 4, 4, self.now);
        if may {
            self.user_commits.insert(user, own);
            self.groups.rate = all;
        }
        may
    }

    fn refuses(&mut self, sender: &Device, of: &str, code: &str) -> Option<&'static str> {
        let (group, epoch) = self.groups.present();
        self.tell(
            sender.connection?,
            format!("error {code} of {of} {group}/{epoch}"),
        );
        None
    }
}
