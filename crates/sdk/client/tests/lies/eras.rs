//! A service that gives a later call the era id of an earlier one, and says everything of that again.

use std::collections::BTreeMap;

use anteroom_client::GroupEvent;
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, Recipients, ServerMessage};

use crate::{
    lying_stage::{LyingStage, change_devices},
    replays::is_of_members,
    stage::{Account, RoomSettings},
};

/// The numbers of devices in one call, as numbers of the other one.
#[derive(Clone, Default)]
struct Numbers(BTreeMap<u32, u32>);

impl Numbers {
    fn of(&self, device: u32) -> u32 {
        self.0.get(&device).copied().unwrap_or(device)
    }

    /// Changes the numbers of all devices in a message to a client.
    fn to_client(&self, hop: &mut Hop) {
        change_devices(hop, |device| device.demux_id = self.of(device.demux_id));
        let Hop::ToClient(_, message) = hop else {
            return;
        };
        match message {
            ServerMessage::Joined(joined) => joined.demux_id = self.of(joined.demux_id),
            ServerMessage::Roster { left, .. } => {
                for device in left {
                    *device = self.of(*device);
                }
            }
            ServerMessage::Relay { from, .. }
            | ServerMessage::Commit { from, .. }
            | ServerMessage::Welcome { from, .. }
            | ServerMessage::Refuse { from, .. } => *from = self.of(*from),
            _ => {}
        }
    }

    /// Changes the numbers of all devices in a message to the service.
    fn to_service(&self, hop: &mut Hop) {
        let Hop::ToService(_, message) = hop else {
            return;
        };
        match message {
            ClientMessage::Relay {
                to: Recipients::One(device),
                ..
            } => *device = self.of(*device),
            ClientMessage::Commit {
                welcome: Some(welcome),
                ..
            } => {
                for device in &mut welcome.to {
                    *device = self.of(*device);
                }
            }
            _ => {}
        }
    }
}

/// Says that a call is of another era, and that its devices have the numbers of other ones with their member keys.
fn rename(stage: &LyingStage, era: String, devices: BTreeMap<[u8; 32], u32>) {
    let (mut there, mut back) = (Numbers::default(), Numbers::default());
    stage.service.lie(move |mut hop| {
        change_devices(&mut hop, |device| {
            let former = device.member.and_then(|key| devices.get(key.as_bytes()));
            if let Some(former) = former {
                there.0.insert(device.demux_id, *former);
                back.0.insert(*former, device.demux_id);
            }
        });
        there.to_client(&mut hop);
        back.to_service(&mut hop);
        if let Hop::ToClient(_, message) = &mut hop {
            match message {
                ServerMessage::Joined(joined) => joined.era_id.clone_from(&era),
                ServerMessage::Roster { era_id, .. }
                | ServerMessage::Participants { era_id, .. } => era_id.clone_from(&era),
                _ => {}
            }
        }
        vec![hop]
    });
}

pub(crate) async fn a_repeated_era_is_another_group() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    let mut accounts: Vec<Account> = Vec::new();
    for _ in 0..3 {
        accounts.push(stage.stage.account().await);
    }
    for (number, account) in accounts.iter().enumerate() {
        let store = std::sync::Arc::default();
        stage.join_with(account, number == 0, store).await;
    }
    stage.meet(&[0, 1, 2], "in the first call").await;
    let (era, words) = (stage.joined().era_id, stage.words(0).await);
    let devices = stage.people.iter();
    let devices = devices.map(|person| (*person.key.as_bytes(), person.device().number()));
    let devices = devices.collect();
    let record = stage.service.record();
    // All leave, and so the call ends.
    stage.people.clear();
    let left = |number| move |hop: &Hop| matches!(hop, Hop::ToService(client, ClientMessage::Leave) if *client == number);
    for number in 0..3 {
        stage.service.delivered(left(number)).await;
    }
    rename(&stage, era.clone(), devices);
    for (number, account) in accounts.iter().enumerate() {
        let store = std::sync::Arc::default();
        stage.join_with(account, number == 0, store).await;
    }
    for hop in record {
        match hop {
            Hop::ToClient(to, message) if is_of_members(&message) => stage.tell(to, message),
            _ => {}
        }
    }
    // A commit of the former call that ends the present epoch does not open, and so costs a group.
    stage.settles().await;
    stage.meet(&[0, 1, 2], "in the second call").await;
    for person in &stage.people {
        assert!(!person.has_seen(|event| match event {
            GroupEvent::Text { text, .. } => text.starts_with("in the first call"),
            _ => false,
        }));
    }
    assert_ne!(stage.words(0).await, words);
}
