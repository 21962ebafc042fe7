//! The lock, the approval and the co-admins of a call.

use anteroom_protocol::GuestAdmission;

use super::{Device, Model, statement_text};

impl Device {
    /// Returns whether the device has the rights of an admin.
    pub(super) fn decides(&self) -> bool {
        self.admin || self.co_admin
    }
}

impl Model {
    pub(super) fn asks_approval(&self) -> bool {
        self.approval.unwrap_or(self.setting.approval)
    }

    pub(super) fn is_locked_for(&self, user: char) -> bool {
        self.locked && !self.era_users.contains(&user)
    }

    pub(super) fn add_era_user(&mut self, user: char) {
        if !self.era_users.contains(&user)
            && self.era_users.len() < self.setting.max_remembered_users
        {
            self.era_users.push(user);
        }
    }

    /// Returns the lock, and the approval if it is not that of the link, as `joined` tells them.
    pub(super) fn moderation_text(&self) -> String {
        let lock = if self.locked { " locked" } else { "" };
        let approval = match self.asks_approval() {
            is_on if is_on == self.setting.approval => "",
            true => " approval on",
            false => " approval off",
        };
        format!("{lock}{approval}")
    }

    fn told_moderation(&self, device: &Device) -> String {
        let lock = if self.locked { " locked" } else { "" };
        let approval = if self.asks_approval() {
            " approval"
        } else {
            ""
        };
        let right = if device.decides() { " admin" } else { "" };
        format!("moderation{lock}{approval}{right}")
    }

    fn tell_moderation(&mut self) {
        for device in self.devices.clone() {
            if let Some(connection) = device.connection {
                let text = self.told_moderation(&device);
                self.tell(connection, text);
            }
        }
    }

    /// Counts a decision of the device; else returns the error for the limit, if one is due.
    pub(super) fn counts_moderation(
        &mut self,
        sender: &Device,
    ) -> Result<(), Option<&'static str>> {
        let now = self.now;
        let device = self.by_id(sender.id).unwrap();
        let may = device.moderations.fill(1, 10, 1, now);
        let answer = self.slow_down(sender.id, may);
        if may { Ok(()) } else { Err(answer) }
    }

    pub(super) fn lock(&mut self, sender: &Device, is_on: bool) -> Option<&'static str> {
        if !sender.decides() {
            return Some("error forbidden");
        }
        if let Err(answer) = self.counts_moderation(sender) {
            return answer;
        }
        if self.locked != is_on {
            self.locked = is_on;
            self.lets_in |= !is_on && !self.asks_approval();
            self.tell_moderation();
        }
        None
    }

    pub(super) fn set_approval(&mut self, sender: &Device, is_on: bool) -> Option<&'static str> {
        if !sender.decides() {
            return Some("error forbidden");
        }
        if !is_on && !self.link_is_good() {
            return Some("error expired");
        }
        if let Err(answer) = self.counts_moderation(sender) {
            return answer;
        }
        if self.asks_approval() != is_on {
            self.approval = Some(is_on);
            self.lets_in = !is_on;
            self.tell_moderation();
        }
        None
    }

    pub(super) fn set_co_admin(
        &mut self,
        sender: &Device,
        user: char,
        is_on: bool,
    ) -> Option<&'static str> {
        if !sender.admin {
            return Some("error forbidden");
        }
        let mut own = self.devices.iter().filter(|device| device.user == user);
        if is_on && !own.any(|device| device.active) {
            return Some("error unknown_device");
        }
        if let Err(answer) = self.counts_moderation(sender) {
            return answer;
        }
        if self.co_admins.contains(&user) == is_on {
            return None;
        }
        if is_on && self.co_admins.len() >= self.setting.max_co_admins {
            return Some("error too_many_co_admins");
        }
        self.co_admins.retain(|other| *other != user);
        if is_on {
            self.co_admins.push(user);
        }
        self.settle_rights();
        None
    }

    pub(super) fn forget_user(&mut self, user: char) {
        self.era_users.retain(|other| *other != user);
        self.co_admins.retain(|other| *other != user);
        self.settle_rights();
    }

    /// Gives every device the rights of its user, and tells those whose rights change.
    fn settle_rights(&mut self) {
        let mut changed = Vec::new();
        for device in self.devices.clone() {
            let has_rights =
                !device.admin && device.active && self.co_admins.contains(&device.user);
            if device.co_admin != has_rights {
                let device = self.by_id(device.id).unwrap();
                device.co_admin = has_rights;
                changed.push(device.clone());
                self.note();
            }
        }
        for device in changed {
            if let Some(connection) = device.connection {
                let text = self.told_moderation(&device);
                self.tell(connection, text);
                self.tell_all(connection);
            }
        }
    }

    pub(super) fn activate(&mut self, id: u32) {
        let mut inside = self.devices.iter().filter(|other| other.active);
        let has_hellos = inside.any(|other| other.hello.is_some());
        let device = self.by_id(id).unwrap();
        device.active = true;
        device.lacks_hellos = has_hellos;
        let user = device.user;
        self.anybody_was_active = true;
        self.add_era_user(user);
        self.gives_media(id);
        self.note();
    }

    pub(super) fn tell_admitted(&mut self, admitted: &[u32]) {
        self.announce();
        let present = self.groups.present_text();
        for id in admitted {
            let device = self.by_id(*id).unwrap();
            let text = format!("admitted{}{present}", statement_text(device.statement));
            if let Some(connection) = device.connection {
                self.tell(connection, text);
            }
            self.tell_holds(*id);
        }
        self.settle_rights();
    }

    /// Lets those in who wait and need no approval any more.
    pub(super) fn let_in(&mut self) {
        if !self.lets_in || self.ended || !self.link_is_good() {
            return;
        }
        let mut admitted = Vec::new();
        for device in self.devices.clone() {
            let waits_as_guest = self.is_guest(device.user)
                && self.setting.guest_admission != GuestAdmission::AsAccounts;
            if !device.active
                && !waits_as_guest
                && !self.is_locked_for(device.user)
                && self.count(true) < self.setting.max_devices
            {
                self.activate(device.id);
                admitted.push(device.id);
            }
        }
        if !admitted.is_empty() {
            self.tell_admitted(&admitted);
        }
    }
}
