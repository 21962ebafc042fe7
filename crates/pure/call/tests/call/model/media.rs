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
            return Some("error media_refused");
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
        let ids: Vec<u32> = match devices {
            MutedDevices::One(id) => {
                let Some(device) = self.by_id(*id) else {
                    return Some("error unknown_device");
                };
                if !device.active {
                    return Some("error not_active");
                }
                vec![*id]
            }
            MutedDevices::AllBut(others) => {
                let all = self.devices.iter().map(|device| device.id);
                all.filter(|id| *id != sender.id && !others.contains(id))
                    .collect()
            }
        };
        if let Err(answer) = self.counts_moderation(sender) {
            return answer;
        }
        let (word, letter) = (order_word(order), letter(source));
        self.fact(format!("media {word} {devices} {letter} by {}", sender.id));
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

    pub(super) fn source_dropped(&mut self, id: u32, source: Source) {
        let device = self.by_id(id).cloned();
        if device.is_some_and(|device| self.has_media(&device)) {
            self.fact(format!("media mute {id} {} by {id}", letter(source)));
            *self.by_id(id).unwrap().muted.of_mut(source) = true;
            self.note();
        }
    }
}
