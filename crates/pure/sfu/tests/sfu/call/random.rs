//! Random operations against a simple model: who may receive what, and that packets, messages and demand agree.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_sfu::{
    DeviceHandle, IncomingPacket,
    input::{Input, MuteOrder, Wish},
    output::Pause,
    rewriting::{PacketNumbers, Vp8Numbers},
    source::{Layer, PerSource, Source},
    vp8::PictureSize,
};
use proptest::prelude::*;

use super::harness::{Call, FIRST_PICTURE, SLOTS, connection, id, no_limits, number, wish};

const DEVICES: u32 = 6;

/// An operation.
#[derive(Clone, Debug)]
enum Operation {
    Activate(u32),
    Deactivate(u32),
    Connect(u32),
    Disconnect(u32),
    View(u32, Vec<Wish>, Vec<u32>),
    Publish(u32, PerSource<bool>),
    Mute(u32, u32, Source, MuteOrder),
    Talk(u32),
    Pass(u64),
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let device = || 0..DEVICES;
    let source = || {
        prop_oneof![
            Just(Source::Audio),
            Just(Source::Camera),
            Just(Source::Screen),
            Just(Source::ScreenAudio)
        ]
    };
    let order = prop_oneof![
        Just(MuteOrder::Mute),
        Just(MuteOrder::Hold),
        Just(MuteOrder::Release)
    ];
    let any_wish = (0..SLOTS.len(), device(), source(), 90_u16..800)
        .prop_map(|(slot, device, source, height)| wish(slot, device, source, height));
    prop_oneof![
        2 => device().prop_map(Operation::Activate),
        1 => device().prop_map(Operation::Deactivate),
        4 => device().prop_map(Operation::Connect),
        1 => device().prop_map(Operation::Disconnect),
        4 => (
            device(),
            proptest::collection::vec(any_wish, 0..6),
            proptest::collection::vec(device(), 0..2),
        )
            .prop_map(|(device, wishes, without)| Operation::View(device, wishes, without)),
        4 => (device(), prop::bool::weighted(0.8), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(device, audio, camera, screen, screen_audio)| {
                Operation::Publish(device, PerSource { audio, camera, screen, screen_audio })
            }
        ),
        1 => (device(), device(), source(), order).prop_map(|(by, device, source, order)| {
            Operation::Mute(by, device, source, order)
        }),
        1 => device().prop_map(Operation::Talk),
        1 => (0_u64..8_000).prop_map(Operation::Pass),
    ]
}

/// A device of the model.
#[derive(Clone, Debug, Default)]
struct ModelDevice {
    is_connected: bool,
    published: PerSource<bool>,
    muted: PerSource<bool>,
    held: PerSource<bool>,
    wishes: Vec<Wish>,
    without: BTreeSet<u32>,
}

impl ModelDevice {
    fn sends(&self, source: Source) -> bool {
        let is_stopped = *self.muted.of(source) || *self.held.of(source);
        self.is_connected && *self.published.of(source) && !is_stopped
    }
}

/// The active devices. Two devices are of one user: 2 and 3, 4 and 5 of another.
#[derive(Clone, Debug, Default)]
struct Model(BTreeMap<u32, ModelDevice>);

const fn user(device: u32) -> u32 {
    if device < 2 { device } else { device / 2 + 100 }
}

impl Model {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Activate(device) => {
                self.0.entry(*device).or_default();
            }
            Operation::Deactivate(device) => {
                self.0.remove(device);
            }
            Operation::Connect(device) => self.change(*device, |model| model.is_connected = true),
            Operation::Disconnect(device) => {
                self.change(*device, |model| model.is_connected = false);
            }
            Operation::View(device, wishes, without) => {
                let known = without.iter().copied();
                let known = known.filter(|device| self.0.contains_key(device)).collect();
                self.change(*device, |model| {
                    model.wishes.clone_from(wishes);
                    model.without = known;
                });
            }
            Operation::Publish(device, sources) => self.change(*device, |model| {
                for source in Source::ALL {
                    let (before, now) = (*model.published.of(source), *sources.of(source));
                    if now && !before {
                        *model.muted.of_mut(source) = false;
                    }
                    *model.published.of_mut(source) = now;
                }
            }),
            Operation::Mute(_, device, source, order) => {
                self.change(*device, |model| match order {
                    MuteOrder::Mute => *model.muted.of_mut(*source) = true,
                    MuteOrder::Hold => {
                        *model.muted.of_mut(*source) = true;
                        *model.held.of_mut(*source) = true;
                    }
                    MuteOrder::Release => *model.held.of_mut(*source) = false,
                });
            }
            Operation::Talk(_) | Operation::Pass(_) => {}
        }
    }

    fn change(&mut self, device: u32, change: impl FnOnce(&mut ModelDevice)) {
        if let Some(device) = self.0.get_mut(&device) {
            change(device);
        }
    }

    fn sends(&self, device: u32, source: Source) -> bool {
        self.0.get(&device).is_some_and(|model| model.sends(source))
    }

    /// The wish that counts for a slot: the last one.
    fn wish(&self, viewer: u32, slot: usize) -> Option<Wish> {
        let wishes = self.0.get(&viewer)?.wishes.iter().rev();
        wishes.copied().find(|wish| wish.slot.number() == slot)
    }

    /// The device and source that a slot is to show by its wish, if the wish fits the slot.
    fn wished(&self, viewer: u32, slot: usize) -> Option<(u32, Source)> {
        let wish = self.wish(viewer, slot)?;
        let anteroom_sfu::input::Subject::Device(device) = wish.subject else {
            return None;
        };
        let is_fit = if slot < FIRST_PICTURE {
            wish.source == Source::ScreenAudio
        } else {
            wish.source.is_video()
        };
        (is_fit && number(device) != viewer).then_some((number(device), wish.source))
    }

    /// The number of different users that a viewer may hear, and the number of slots for them.
    fn sounds(&self, viewer: u32) -> (BTreeSet<u32>, usize) {
        let Some(model) = self.0.get(&viewer) else {
            return (BTreeSet::new(), 0);
        };
        let senders = self.0.keys().copied();
        let heard = senders.filter(|sender| {
            *sender != viewer
                && !model.without.contains(sender)
                && self.sends(*sender, Source::Audio)
        });
        let slots = (0..FIRST_PICTURE).filter(|slot| self.wish(viewer, *slot).is_none());
        (heard.collect(), slots.count())
    }
}

/// Carries an operation out.
fn carry_out(call: &mut Call, operation: &Operation) {
    // Rates are not the subject here.
    call.pass(600);
    match operation {
        Operation::Activate(device) => call.activate(*device, user(*device)),
        Operation::Deactivate(device) => call.deactivate(*device),
        Operation::Connect(device) => {
            call.connect(*device, connection(1, 1));
            call.estimate(*device, 1_000_000_000);
        }
        Operation::Disconnect(device) => {
            call.handle(Input::Disconnect(id(*device)));
            call.slots.remove(device);
        }
        Operation::View(device, wishes, without) => call.view_without(*device, wishes, without),
        Operation::Publish(device, sources) => call.publish(*device, *sources),
        Operation::Mute(by, device, source, order) => call.mute(*by, *device, *source, *order),
        Operation::Talk(device) => call.talk(*device, 700),
        Operation::Pass(millis) => call.pass(*millis),
    }
}

/// Lets every device send a packet of every source, and holds what is received against the model.
fn check(
    call: &mut Call,
    model: &Model,
    streams: &mut BTreeMap<(u32, usize), u64>,
) -> Result<(), TestCaseError> {
    let mut received: BTreeMap<(u32, usize), (u32, Source)> = BTreeMap::new();
    for sender in 0..DEVICES {
        for source in Source::ALL {
            let outgoing = call.begin(sender, source, Layer::Low);
            prop_assert!(
                outgoing.is_empty() || model.sends(sender, source),
                "{sender} {source:?}"
            );
            for (viewer, slot, _) in outgoing {
                let is_there = model.0.get(&viewer).is_some_and(|model| model.is_connected);
                prop_assert!(is_there, "to {viewer}, which is not there");
                prop_assert!(viewer != sender);
                prop_assert_eq!(received.insert((viewer, slot), (sender, source)), None);
            }
        }
    }
    for (viewer, slot, sequence) in call.received.drain(..) {
        let last = streams.entry((viewer, slot)).or_default();
        prop_assert_eq!(sequence, *last + 1, "a gap in a slot");
        *last += 1;
    }
    for (viewer, device) in model.0.iter().filter(|(_, device)| device.is_connected) {
        for slot in 0..SLOTS.len() {
            let wished = model.wished(*viewer, slot);
            let got = received.get(&(*viewer, slot)).copied();
            if model.wish(*viewer, slot).is_some() || slot >= FIRST_PICTURE {
                let expected = wished.filter(|(sender, source)| model.sends(*sender, *source));
                prop_assert_eq!(got, expected, "slot {} of {}", slot, viewer);
            }
            // The device knows what it gets, and why it gets nothing.
            let state = call.slot(*viewer, slot);
            let told = state.filter(|state| state.pause.is_none());
            prop_assert_eq!(got, told.map(|state| (number(state.device), state.source)));
            let pause = state.and_then(|state| state.pause);
            let expected = wished.filter(|_| got.is_none()).map(|(sender, _)| {
                let is_there = model.0.get(&sender).is_some_and(|model| model.is_connected);
                if is_there { Pause::Muted } else { Pause::Gone }
            });
            prop_assert_eq!(pause, expected);
        }
        let (may_hear, slots) = model.sounds(*viewer);
        let heard: Vec<u32> = (0..FIRST_PICTURE)
            .filter_map(|slot| received.get(&(*viewer, slot)))
            .filter(|(_, source)| *source == Source::Audio)
            .map(|(sender, _)| *sender)
            .collect();
        let users: BTreeSet<u32> = may_hear.iter().copied().map(user).collect();
        let heard_users: BTreeSet<u32> = heard.iter().copied().map(user).collect();
        prop_assert!(heard.iter().all(|sender| may_hear.contains(sender)));
        prop_assert_eq!(heard.len(), heard_users.len(), "two devices of a user");
        prop_assert_eq!(heard.len(), users.len().min(slots));
        prop_assert!(device.is_connected);
    }
    // Everything that travels is wanted of its sender.
    for (sender, source) in received.values() {
        if let Some(wanted) = call.wanted.get(sender) {
            let is_wanted = match source {
                Source::Audio => wanted.audio,
                Source::Camera => wanted.camera_layers > 0,
                Source::Screen => wanted.screen,
                Source::ScreenAudio => wanted.screen_audio,
            };
            prop_assert!(is_wanted, "{source:?} of {sender}");
        }
    }
    Ok(())
}

/// A packet of a key frame with a number that no other packet has.
fn late_packet(from: DeviceHandle) -> IncomingPacket {
    IncomingPacket {
        from,
        source: Source::Camera,
        layer: Layer::Low,
        bytes: 1_000,
        level: None,
        key_frame: Some(PictureSize {
            width: 320,
            height: 180,
        }),
        numbers: PacketNumbers {
            sequence: 1 << 40,
            timestamp: 7,
            vp8: Vp8Numbers::default(),
        },
    }
}

proptest! {
    #[test]
    fn packets_go_where_the_model_says(operations in proptest::collection::vec(any_operation(), 1..60)) {
        let mut call = Call::new(no_limits());
        let mut model = Model::default();
        let mut streams = BTreeMap::new();
        for operation in &operations {
            // Packets of before, of devices that may be gone in the next step.
            let handles: Vec<_> = (0..DEVICES).filter_map(|device| call.media.handle_of(id(device))).collect();
            carry_out(&mut call, operation);
            model.apply(operation);
            match operation {
                Operation::Connect(device) | Operation::Deactivate(device) | Operation::Disconnect(device) => {
                    streams.retain(|(viewer, _), _| viewer != device);
                }
                _ => {}
            }
            if let Operation::Deactivate(device) = operation {
                for handle in handles.iter().filter(|handle| handle.device() == id(*device)) {
                    let packet = late_packet(*handle);
                    prop_assert!(call.receive(&packet).is_empty());
                }
            }
            check(&mut call, &model, &mut streams)?;
            prop_assert!(call.refusals.is_empty(), "{:?}", call.refusals);
        }
    }
}
