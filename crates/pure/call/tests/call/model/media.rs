//! Media of devices, and what admins stop.

use anteroom_protocol::media::{MuteOrder, PerSource, Source};

use super::{Device, Model};
use crate::script::{MutedDevices, letter, letters, order_word};

/// Returns what a device sends: what it publishes, and nobody has stopped.
pub(super) fn sent(device: &Device) -> PerSource<bool> {
    PerSource::from_fn(|source| {
        *device.published.of(source) && !*device.muted.of(source) && !*device.held.of(source)
    })
}

pub(super) fn sent_text(sent: &PerSource<bool>) -> String {
    if *sent == PerSource::default() {
        return String::new();
    }
    format!("({})", letters(sent))
}

impl Model {
    pub(super) fn has_media(&self, device: &Device) -> bool {
        self.setting.has_media && device.active && device.member.is_some()
    }

    pub(super) fn gives_media(&mut self, id: u32) {
        let device = self.by_id(id).unwrap().clone();
        if self.has_media(&device) {
            self.fact(format!("media +{id}{}", device.user));
            let holds = self.user_holds.get(&device.user).cloned();
            for source in holds.unwrap_or_default().into_keys() {
                self.fact(format!("media hold {id} {} by {id}", letter(source)));
                let device = self.by_id(id).unwrap();
                *device.held.of_mut(source) = true;
                *device.muted.of_mut(source) = true;
            }
        }
    }

    /// Returns the error for a device that may not ask for media.
    fn no_media_for(&self, sender: &Device) -> Option<&'static str> {
        if !self.setting.has_media {
            return Some("error media_unavailable");
        }
        if !sender.active {
            return Some("error not_active");
        }
        sender.member.is_none().then_some("error media_refused")
    }

    pub(super) fn offer(&mut self, sender: &Device, session: u64) -> Option<&'static str> {
        let error = self.no_media_for(sender);
        if error.is_some() {
            return error;
        }
        let now = self.now;
        let own = self.user_offers.get(&sender.user).copied();
        let mut own = own.unwrap_or_default();
        let of_user = own.fill(5, 50, 2, now);
        if !(of_user && self.by_id(sender.id)?.offers.fill(5, 25, 1, now)) {
            return Some("error too_many_offers");
        }
        self.user_offers.insert(sender.user, own);
        self.fact(format!("media offer {} {session}", sender.id));
        None
    }

    pub(super) fn view(&mut self, sender: &Device) -> Option<&'static str> {
        let error = self.no_media_for(sender);
        if error.is_some() {
            return error;
        }
        let now = self.now;
        let may = self.by_id(sender.id)?.views.fill(1, 10, 10, now);
        if may {
            self.fact(format!("media view {}", sender.id));
        }
        self.slow_down(sender.id, may)
    }

    pub(super) fn publish(
        &mut self,
        sender: &Device,
        sources: &PerSource<bool>,
    ) -> Option<&'static str> {
        let error = self.no_media_for(sender);
        if error.is_some() {
            return error;
        }
        let now = self.now;
        let device = self.by_id(sender.id)?;
        let may = device.publications.fill(1, 2, 2, now);
        if may {
            for source in Source::ALL {
                let before = *device.published.of(source);
                let after = *sources.of(source);
                *device.published.of_mut(source) = after;
                if after && !before {
                    *device.muted.of_mut(source) = false;
                }
            }
            self.fact(format!("media publish {} {}", sender.id, letters(sources)));
            self.note();
        }
        self.slow_down(sender.id, may)
    }

    pub(super) fn mute(
        &mut self,
        sender: &Device,
        order: MuteOrder,
        devices: &MutedDevices,
        source: Source,
    ) -> Option<&'static str> {
        if !self.setting.has_media {
            return Some("error media_unavailable");
        }
        if !sender.decides() {
            return Some("error forbidden");
        }
        let is_hold = order != MuteOrder::Mute;
        let all = self.devices.clone();
        let mut ids = Vec::new();
        if let MutedDevices::One(id) = devices {
            let Some(device) = self.by_id(*id).cloned() else {
                return Some("error unknown_device");
            };
            if !device.active {
                return Some("error not_active");
            }
            ids.push(*id);
            let same = |other: &&Device| other.user == device.user && other.id != *id;
            let others = all.iter().filter(same).filter(|_| is_hold);
            ids.extend(others.filter(|one| self.has_media(one)).map(|one| one.id));
        }
        if let Err(answer) = self.counts_moderation(sender) {
            return answer;
        }
        let (word, letter) = (order_word(order), letter(source));
        let mut users = Vec::new();
        match devices {
            MutedDevices::One(id) => {
                users.push(self.by_id(*id)?.user);
                if let [id] = ids.as_slice() {
                    self.fact(format!("media {word} {id} {letter} by {}", sender.id));
                } else {
                    let others = all.iter().filter(|one| !ids.contains(&one.id));
                    let others = others.filter(|one| one.id != sender.id && self.has_media(one));
                    let devices = MutedDevices::AllBut(others.map(|one| one.id).collect());
                    self.fact(format!("media {word} {devices} {letter} by {}", sender.id));
                    if ids.contains(&sender.id) && self.has_media(sender) {
                        self.fact(format!("media {word} {0} {letter} by {0}", sender.id));
                    }
                }
            }
            MutedDevices::AllBut(others) => {
                let mut others = others.clone();
                let is_out = |one: &&Device| one.id == sender.id || others.contains(&one.id);
                let active = all.iter().filter(|one| one.active);
                let out: Vec<char> = active.clone().filter(is_out).map(|one| one.user).collect();
                let of_out = active
                    .clone()
                    .filter(|one| is_hold && out.contains(&one.user));
                let more = of_out.filter(|one| !is_out(one)).map(|one| one.id);
                let more: Vec<u32> = more.collect();
                others.extend(more);
                users = active.map(|one| one.user).collect();
                if order == MuteOrder::Release {
                    users.extend(self.user_holds.keys());
                }
                users.retain(|user| !out.contains(user));
                let named = all.iter().map(|one| one.id);
                ids = named
                    .filter(|id| *id != sender.id && !others.contains(id))
                    .collect();
                let devices = MutedDevices::AllBut(others);
                self.fact(format!("media {word} {devices} {letter} by {}", sender.id));
            }
        }
        for user in users.into_iter().filter(|_| is_hold) {
            self.hold(
                user,
                source,
                (order == MuteOrder::Hold).then_some(sender.id),
            );
        }
        for id in ids {
            let device = self.by_id(id)?.clone();
            if !self.has_media(&device) {
                continue;
            }
            let device = self.by_id(id)?;
            *device.held.of_mut(source) = match order {
                MuteOrder::Mute => *device.held.of(source),
                MuteOrder::Hold => true,
                MuteOrder::Release => false,
            };
            *device.muted.of_mut(source) |= order != MuteOrder::Release;
            if let Some(connection) = device.connection {
                let text = format!("muted {word} {letter} by {}", sender.id);
                self.tell(connection, text);
            }
            self.note();
        }
        None
    }

    /// Holds a source of a user, or ends that.
    fn hold(&mut self, user: char, source: Source, by: Option<u32>) {
        let mut holds = self.user_holds.remove(&user).unwrap_or_default();
        match by {
            Some(by) => holds.insert(source, by),
            None => holds.remove(&source),
        };
        if !holds.is_empty() && self.user_holds.len() < self.setting.max_remembered_users {
            self.user_holds.insert(user, holds);
        }
    }

    /// Tells a device which of its sources are held.
    pub(super) fn tell_holds(&mut self, id: u32) {
        let device = self.by_id(id).unwrap().clone();
        let holds = self.user_holds.get(&device.user).cloned();
        if let Some(connection) = device.connection.filter(|_| self.has_media(&device)) {
            for (source, by) in holds.unwrap_or_default() {
                self.tell(connection, format!("muted hold {} by {by}", letter(source)));
            }
        }
    }

    pub(super) fn source_dropped(&mut self, id: u32, source: Source) {
        let device = self.by_id(id).cloned();
        if device.is_some_and(|device| self.has_media(&device)) {
            self.fact(format!("media mute {id} {} by {id}", letter(source)));
            *self.by_id(id).unwrap().muted.of_mut(source) = true;
            self.note();
        }
    }
}
