//! Messages of devices to others, and their limits.

use super::{Device, Model};

impl Model {
    pub(super) fn hand(&mut self, sender: &Device, up: bool) -> Option<&'static str> {
        if !sender.active {
            return Some("error not_active");
        }
        let now = self.now;
        let device = self.by_id(sender.id)?;
        let may = device.hands.fill(1, 2, 1, now);
        if may {
            device.hand = if up { device.hand.or(Some(now)) } else { None };
        }
        self.note();
        self.slow_down(sender.id, may)
    }

    pub(super) fn who(&mut self, sender: &Device) -> Option<&'static str> {
        let now = self.now;
        let may = self.by_id(sender.id)?.questions.fill(1, 5, 1, now);
        if may {
            self.tell_all(sender.connection?);
        }
        self.slow_down(sender.id, may)
    }

    /// Returns the error for a limit, if one is due.
    pub(super) fn slow_down(&mut self, id: u32, may: bool) -> Option<&'static str> {
        let told = std::mem::replace(&mut self.by_id(id)?.told_to_slow_down, !may);
        match (may, told) {
            (true, _) => None,
            (false, false) => Some("error rate_limited"),
            (false, true) => Some("dropped"),
        }
    }

    pub(super) fn relay(
        &mut self,
        sender: &Device,
        to: Option<u32>,
        kib: u32,
    ) -> Option<&'static str> {
        if !sender.active {
            return Some("error not_active");
        }
        let bytes = u64::from(kib.max(1)) * 1_024;
        let (mut user, mut all) = (
            self.user_relays
                .get(&sender.user)
                .copied()
                .unwrap_or_default(),
            self.all_relays,
        );
        let may = user.fill(bytes, 262_144, 65_536, self.now)
            && all.fill(bytes, 1_048_576, 1_048_576, self.now);
        if may {
            self.user_relays.insert(sender.user, user);
            self.all_relays = all;
        }
        let answer = self.slow_down(sender.id, may);
        if !may {
            return answer;
        }
        let text = format!("relay from {}", sender.id);
        match to {
            None => {
                self.announce_sender(sender.id);
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
                        self.announce_sender(sender.id);
                        self.tell(connection, text);
                        None
                    }
                },
            },
        }
    }
}
