//! Commits: a list of all of them, from which everything else is computed.

use super::{BucketLevel, Device, Model};

/// The commits of the era.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    commits: Vec<ModelCommit>,
    started: Option<u64>,
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

    /// Returns the texts of the commits since an epoch, if they are few enough.
    pub(super) fn since(&self, (group, epoch): (u32, u64)) -> Vec<String> {
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
            self.stale(sender);
            return None;
        }
        let now = self.now;
        if is_start {
            let mut active = self.devices.iter().filter(|device| device.active);
            let has_admin = active.any(|device| device.admin);
            let mut active = self.devices.iter().filter(|device| device.active);
            let has_member =
                active.any(|device| device.connection.is_some() && device.group == group);
            if group > 0 && !sender.admin && has_admin && has_member {
                return Some("error forbidden");
            }
            if self
                .groups
                .started
                .is_some_and(|started| now < started + 10_000)
            {
                return Some("error rate_limited");
            }
        }
        if !self.groups.rate.fill(1, 4, 4, now) {
            return Some("error rate_limited");
        }
        if is_start {
            self.groups.started = Some(now);
        }
        let text = format!("{}/{}", at.0, at.1);
        let bytes = (u64::from(kib) * 1_024).max(u64::try_from(text.len()).unwrap());
        let from = sender.id;
        self.groups.commits.push(ModelCommit { at, from, bytes });
        let receives = |device: &Device| device.active && device.connection.is_some();
        let adds = |device: &Device| to.contains(&device.id) && device.id != from;
        for device in self.devices.clone() {
            if receives(&device) && (adds(&device) || device.id == from) {
                self.announce_sender(device.id);
                self.by_id(device.id)?.group = at.0;
            }
        }
        for device in self.devices.clone() {
            if let Some(connection) = device.connection.filter(|_| receives(&device)) {
                let line = if adds(&device) {
                    format!("welcome {}/{} from {from}", at.0, at.1 + 1)
                } else {
                    format!("commit {text} from {from}")
                };
                self.tell(connection, line);
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
            self.stale(sender);
            return None;
        }
        if self.by_id(sender.id)?.refused_group == group {
            return None;
        }
        self.by_id(sender.id)?.refused_group = group;
        self.announce_sender(sender.id);
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

    fn stale(&mut self, sender: &Device) {
        let (group, epoch) = self.groups.present();
        if let Some(connection) = sender.connection {
            self.tell(connection, format!("error stale_commit {group}/{epoch}"));
        }
    }
}
