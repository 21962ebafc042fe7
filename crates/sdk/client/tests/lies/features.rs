//! A service that says that it, or somebody, has no end-to-end encryption.

use anteroom_client::{CallEvent, Chat, EraKey, GroupError, MessageSealer, OpenError};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    lying_stage::{LyingStage, change_devices},
    stage::RoomSettings,
};

/// Returns the first bytes of the relays that clients have sent: 2 is a key package, 3 a message of the group.
fn sent_relays(stage: &LyingStage) -> Vec<u8> {
    let record = stage.service.record();
    let relays = record.iter().filter_map(|hop| match hop {
        Hop::ToService(_, ClientMessage::Relay { body, .. }) => {
            Some(STANDARD.decode(body).unwrap()[0])
        }
        _ => None,
    });
    relays.collect()
}

pub(crate) async fn a_service_that_states_no_groups_makes_nobody_talk_under_the_key_of_the_link() {
    for feature in ["group", "member"] {
        let mut stage = LyingStage::new(RoomSettings::OPEN).await;
        stage.service.lie(move |mut hop| {
            if let Hop::ToClient(_, ServerMessage::Joined(joined)) = &mut hop {
                joined.features.retain(|stated| stated != feature);
            }
            vec![hop]
        });
        for _ in 0..2 {
            stage.join(true).await;
        }
        for person in &stage.people {
            person.say("is this safe?");
            person.command(|call| Box::pin(call.introduce("Somebody")));
            let unsupported = GroupError::Unsupported;
            person
                .event("that the service has no groups", |event| {
                    matches!(event, CallEvent::GroupRefused(error) if *error == unsupported)
                        .then_some(())
                })
                .await;
            person
                .event("that the text was not said", |event| match event {
                    CallEvent::NotSaid { text, error } => {
                        assert_eq!((text.as_str(), *error), ("is this safe?", unsupported));
                        Some(())
                    }
                    _ => None,
                })
                .await;
        }
        assert_eq!(sent_relays(&stage), [0_u8; 0]);
    }
}

pub(crate) async fn devices_without_member_keys_hear_nothing_where_the_link_names_an_admin_key() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    stage.service.lie(|mut hop| {
        change_devices(&mut hop, |device| device.member = None);
        vec![hop]
    });
    for _ in 0..2 {
        stage.join(true).await;
    }
    for person in &stage.people {
        // Somebody who is alone has nobody to tell.
        person
            .until("the other device", |seen| {
                (seen.roster.active.len() == 2).then_some(())
            })
            .await;
        person.say("can anybody hear me?");
        person
            .event("that the text was not said", |event| match event {
                CallEvent::NotSaid { error, .. } => Some(*error),
                _ => None,
            })
            .await;
        person.read(|seen| {
            let mut active = seen.roster.active.iter();
            assert!(active.all(|one| one.member_key().is_none()), "they see it");
        });
    }
    let relays = sent_relays(&stage);
    assert!(relays.iter().all(|class| *class == 2), "{relays:?}");
}

pub(crate) async fn a_member_without_its_key_in_the_roster_is_still_the_member() {
    let stage = LyingStage::together(2, 1).await;
    let device = stage.device(1);
    let mut listed = stage.listed(0, device);
    listed.member = None;
    stage.tell_roster(0, vec![listed], &[]);
    let person = &stage.people[0];
    person
        .until("a device without a key", |seen| {
            let mut active = seen.roster.active.iter();
            active
                .any(|one| one.demux == device && one.member_key().is_none())
                .then_some(())
        })
        .await;
    stage.talk(&[0, 1], "as before").await;
    let relays = sent_relays(&stage);
    assert!(
        relays.iter().all(|class| [2, 3].contains(class)),
        "{relays:?}"
    );
    // With the link the service could speak in the name of the device, as somebody without the layer.
    let key = EraKey::derive(&stage.link().root_key, stage.era());
    let mut sealer = MessageSealer::new(key, device);
    let text = "I am Bob".to_owned();
    let chat = Chat::Text { text }.to_bytes().unwrap();
    let body = sealer.seal(&chat, &mut *stage.stage.rng()).unwrap();
    stage.tell_relay(0, device, &body);
    person
        .event("a message from outside", |event| match event {
            CallEvent::Unreadable { from, reason } => {
                assert_eq!((*from, *reason), (device, OpenError::OutsideGroup));
                Some(())
            }
            CallEvent::Message { .. } => panic!("it is taken for the member's"),
            _ => None,
        })
        .await;
}
