//! The decisions of admins.

use super::{Device, Model, statement_text};
use crate::script::Decision;

impl Model {
    pub(super) fn decide(
        &mut self,
        sender: &Device,
        decision: Decision,
        id: u32,
    ) -> Option<&'static str> {
        if !sender.decides() {
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
        let mut own = self.devices.iter().filter(|device| device.user == user);
        let decides = own.any(Device::decides);
        match decision {
            Decision::Approve(Some(statement)) if target.active => {
                self.by_id(id)?.statement = Some(statement);
                let text = format!(
                    "admitted{}{}",
                    statement_text(Some(statement)),
                    self.groups.present_text()
                );
                if let Some(connection) = target.connection {
                    self.tell(connection, text);
                }
                None
            }
            Decision::Approve(None) if target.active => Some("error not_pending"),
            Decision::Approve(_) if !self.link_is_good() => Some("error expired"),
            Decision::Approve(_) if self.is_locked_for(user) => Some("error locked"),
            Decision::Approve(_) if self.count(true) >= self.setting.max_devices => {
                Some("error full")
            }
            Decision::Approve(statement) => {
                let answer = self.no_memory_for(user);
                if answer.is_none() && !self.approved.contains(&user) {
                    self.approved.push(user);
                    self.fact(format!("approved {user}"));
                }
                let others = self.devices.clone().into_iter();
                let others = others.filter(|device| device.user == user && device.id != id);
                let mut admitted = Vec::new();
                for device in std::iter::once(target).chain(others) {
                    if !device.active && self.count(true) < self.setting.max_devices {
                        self.activate(device.id);
                        self.by_id(device.id)?.statement = statement.filter(|_| device.id == id);
                        admitted.push(device.id);
                    }
                }
                self.tell_admitted(&admitted);
                answer
            }
            Decision::Deny if target.active => Some("error not_pending"),
            Decision::Deny if self.denied.contains(&user) && !decides => self.block(user),
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
                if user != sender.user {
                    self.forget_user(user);
                }
                None
            }
            Decision::Block if is_admin || user == sender.user => Some("error target_is_admin"),
            Decision::Block => self.block(user),
            Decision::LowerHand if !target.active => Some("error not_active"),
            Decision::LowerHand => {
                let answer = self.counts_moderation(sender);
                if answer.is_ok() {
                    self.by_id(id)?.hand = None;
                    self.note();
                }
                answer.err().flatten()
            }
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
        self.forget_user(user);
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
}
