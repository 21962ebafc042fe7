//! Announcements, computed from the states before and after.

use anteroom_protocol::media::PerSource;

use super::{
    Device, Model,
    media::{sent, sent_text},
};

/// The displayed state of a device at an earlier moment.
pub(super) type VisibleDevice = (
    u32,
    char,
    bool,
    Option<u64>,
    bool,
    Option<u8>,
    Option<u8>,
    bool,
    PerSource<bool>,
);

/// The parts of a roster that a device receives.
#[derive(Clone, Copy)]
pub(super) struct Visibility {
    /// Whether it receives the pending devices.
    pending: bool,
    hellos: bool,
}

impl Visibility {
    pub(super) const LOBBY: Self = Self {
        pending: false,
        hellos: false,
    };
    pub(super) const CALL: Self = Self {
        pending: false,
        hellos: true,
    };
    pub(super) const ALL: Self = Self {
        pending: true,
        hellos: true,
    };

    pub(super) fn of(device: &Device) -> Self {
        Self {
            pending: device.decides(),
            hellos: device.admin || device.active,
        }
    }
}

impl Model {
    /// Records the roster if it has changed.
    pub(super) fn note(&mut self) {
        let devices = self.devices.iter();
        let shown: Vec<VisibleDevice> = devices
            .map(|one| {
                (
                    one.id,
                    one.user,
                    one.active,
                    one.hand,
                    one.connection.is_none(),
                    one.hello,
                    one.member,
                    one.co_admin,
                    sent(one),
                )
            })
            .collect();
        if self.history.last() != Some(&shown) {
            self.history.push(shown);
        }
    }

    pub(super) fn announce(&mut self) {
        for device in self.devices.clone() {
            let views: Vec<_> = self
                .history
                .iter()
                .map(|shown| view(shown, Visibility::of(&device)))
                .collect();
            let since = views.get(device.knows..).unwrap_or_default();
            let is_news = since.windows(2).any(|pair| pair[0] != pair[1]);
            let (Some(connection), true) = (device.connection, is_news) else {
                continue;
            };
            self.announced = Some(self.now);
            let text = if device.changes && !device.lacks_hellos {
                changes_text(&views)
            } else {
                format!("participants {}", self.roster(Visibility::of(&device)))
            };
            self.by_id(device.id).unwrap().lacks_hellos = false;
            self.tell(connection, text);
        }
        let last = self.history.pop().unwrap();
        self.history = vec![last];
        for device in &mut self.devices {
            device.knows = 0;
        }
    }

    pub(super) fn tell_all(&mut self, connection: u64) {
        let knows = self.history.len() - 1;
        let Some(device) = self.by_connection(connection) else {
            return;
        };
        device.knows = knows;
        device.lacks_hellos = false;
        let visibility = Visibility::of(device);
        let text = format!("participants {}", self.roster(visibility));
        self.tell(connection, text);
    }

    /// Announces the roster, unless the sender has been announced.
    pub(super) fn announce_sender(&mut self, id: u32) {
        let announced = &self.history[0];
        if !announced.iter().any(|shown| shown.0 == id && shown.2) {
            self.announce();
        }
    }

    pub(super) fn roster(&self, visibility: Visibility) -> String {
        let list = |active: bool| {
            let devices = self.devices.iter().filter(|device| device.active == active);
            let texts: Vec<String> = devices
                .map(|device| {
                    let mut text = device.id.to_string();
                    if active || visibility.pending {
                        text.push(device.user);
                    }
                    if device.co_admin {
                        text.push('+');
                    }
                    if let Some(since) = device.hand {
                        text += &format!("^{since}");
                    }
                    if device.connection.is_none() {
                        text.push('!');
                    }
                    if let Some(hello) = device.hello.filter(|_| visibility.hellos) {
                        text += &format!("*{hello}");
                    }
                    if let Some(member) = device.member {
                        text += &format!("={member}");
                    }
                    text += &sent_text(&sent(device));
                    text
                })
                .collect();
            texts.join(" ")
        };
        let waiting = self.count(false);
        if visibility.pending && waiting > 0 {
            format!("[{}] [{}]", list(true), list(false))
        } else {
            format!("[{}] {waiting}", list(true))
        }
    }
}

/// Returns the view of a roster: the devices, and the number of pending ones.
fn view(shown: &[VisibleDevice], visibility: Visibility) -> (Vec<VisibleDevice>, usize) {
    let visible = shown
        .iter()
        .filter(|one| visibility.pending || one.2)
        .copied();
    let visible = visible.map(|mut one| {
        one.5 = one.5.filter(|_| visibility.hellos);
        one
    });
    (visible.collect(), shown.iter().filter(|one| !one.2).count())
}

/// Returns the changes from the first view to the last, including the entries that changed in between.
fn changes_text(views: &[(Vec<VisibleDevice>, usize)]) -> String {
    let of = |view: &(Vec<VisibleDevice>, usize), id: u32| {
        view.0.iter().find(|one| one.0 == id).copied()
    };
    let (first, last) = (&views[0], &views[views.len() - 1]);
    let mut ids: Vec<u32> = Vec::new();
    for one in views.iter().flat_map(|view| &view.0) {
        let touched =
            |pair: &[(Vec<VisibleDevice>, usize)]| of(&pair[0], one.0) != of(&pair[1], one.0);
        if !ids.contains(&one.0) && views.windows(2).any(touched) {
            ids.push(one.0);
        }
    }
    let (mut joined, mut changed, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match (of(first, id), of(last, id)) {
            (_, None) => left.push(id.to_string()),
            (None, Some(one)) => joined.push(one),
            (Some(_), Some(one)) => changed.push(one),
        }
    }
    let texts = |mut list: Vec<VisibleDevice>| {
        list.sort_by_key(|one| last.0.iter().position(|other| other.0 == one.0));
        let texts: Vec<String> = list.iter().map(entry_text).collect();
        texts.join(" ")
    };
    left.sort();
    let left = left.join(" ");
    format!(
        "roster +[{}] ~[{}] -[{left}] {}",
        texts(joined),
        texts(changed),
        last.1
    )
}

fn entry_text(
    (id, user, active, hand, is_lost, hello, member, co_admin, sent): &VisibleDevice,
) -> String {
    let mark = if *active { "" } else { "?" };
    let hand = hand.map_or(String::new(), |since| format!("^{since}"));
    let lost = if *is_lost { "!" } else { "" };
    let hello = hello.map_or(String::new(), |number| format!("*{number}"));
    let member = member.map_or(String::new(), |number| format!("={number}"));
    let right = if *co_admin { "+" } else { "" };
    let sent = sent_text(sent);
    format!("{mark}{id}{user}{right}{hand}{lost}{hello}{member}{sent}")
}
