//! The seats of a full call, of a full lobby, and of a user at the limit.

use super::{Device, Model};

impl Model {
    /// Returns the devices that lose their seats for a new device of the user, with the reasons.
    pub(super) fn yielding(
        &self,
        user: char,
        admin: bool,
        active: bool,
    ) -> Result<Vec<(u32, &'static str)>, &'static str> {
        let own = self.devices.iter().filter(|device| device.user == user);
        let own_count = u32::try_from(own.clone().count()).unwrap();
        let mut lost: Vec<&Device> = own.filter(|device| device.connection.is_none()).collect();
        lost.sort_by_key(|device| (device.active != active, device.since));
        let lost = lost.first();
        let waiting = self.devices.iter().filter(|device| !device.active);
        let waiting_guests = waiting.filter(|device| self.is_guest(device.user)).count();
        let share = usize::try_from((self.setting.max_devices / 2).max(1)).unwrap();
        let is_full = self.count(active) >= self.setting.max_devices
            || (!active && self.is_guest(user) && waiting_guests >= share);
        let mut yielding = Vec::new();
        if own_count >= self.setting.devices_per_user {
            let lost = lost.ok_or("error too_many_devices")?;
            yielding.push((lost.id, "replaced"));
        }
        if !is_full {
            return Ok(yielding);
        }
        if let Some(lost) = lost.filter(|lost| lost.active == active) {
            return Ok(vec![(lost.id, "replaced")]);
        }
        let mut guests: Vec<(usize, usize, u32)> = Vec::new();
        for (index, device) in self.devices.iter().enumerate() {
            let same = |other: &&Device| other.user == device.user;
            let all = self.devices.iter().filter(same);
            if device.active && !all.clone().any(|other| other.admin) {
                guests.push((all.filter(|other| other.active).count(), index, device.id));
            }
        }
        match guests.iter().max() {
            Some((.., id)) if admin && active => yielding.push((*id, "displaced")),
            _ => return Err("error full"),
        }
        Ok(yielding)
    }

    pub(super) fn is_guest(&self, user: char) -> bool {
        self.setting.guests.contains(user)
    }
}
