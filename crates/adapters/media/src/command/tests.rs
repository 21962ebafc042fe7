//! Tests of the queue of commands.

use anteroom_sfu::{limits::RequestMeters, time::Moment, token_bucket::TokenBucket};
use proptest::prelude::*;

use super::*;

fn id(number: u32) -> DemuxId {
    DemuxId::new(number * 16).unwrap()
}

fn view(device: u32) -> Command {
    Command::View {
        device: id(device),
        view: ViewRequest::default(),
    }
}

fn offer(device: u32) -> Command {
    Command::Offer {
        device: id(device),
        session: 1,
        offer: String::new(),
    }
}

fn leave(device: u32) -> Command {
    Command::Deactivate {
        device: id(device),
        done: Some(oneshot::channel().0),
    }
}

fn mute(by: u32) -> Command {
    Command::Mute {
        by: id(by),
        target: MuteTarget::One(id(2)),
        source: Source::Audio,
        order: MuteOrder::Mute,
    }
}

fn waiting(queue: &CommandQueue) -> usize {
    let mut commands = VecDeque::new();
    queue.take(&mut commands);
    commands.len()
}

#[test]
fn a_device_has_few_commands_at_once() {
    let queue = CommandQueue::default();
    let mut refused = 0;
    for _ in 0..100 {
        for command in [view(1), offer(1), view(2), offer(2), mute(1), mute(2)] {
            refused += usize::from(queue.push(command).is_err());
        }
    }
    assert_eq!(
        refused,
        2 * (100 - OFFERS) + 100 - ORDERS + 100 - OWN_ORDERS
    );
    assert_eq!(waiting(&queue), 2 + 2 * OFFERS + ORDERS + OWN_ORDERS);
}

#[test]
fn the_orders_of_many_admins_at_once_all_find_room() {
    let queue = CommandQueue::default();
    for admin in 3..60 {
        for _ in 0..20 {
            queue.push(mute(admin)).unwrap();
        }
    }
    assert_eq!(waiting(&queue), 57 * 20);
}

#[test]
fn a_device_that_leaves_takes_its_commands_with_it() {
    let queue = CommandQueue::default();
    for command in [view(1), offer(1), view(2), leave(1)] {
        queue.push(command).unwrap();
    }
    let mut commands = VecDeque::new();
    assert!(queue.take(&mut commands).is_none());
    let devices: Vec<Option<DemuxId>> = commands.iter().map(Command::device).collect();
    assert_eq!(devices, [Some(id(2)), Some(id(1))]);
    assert!(matches!(commands.back(), Some(Command::Deactivate { .. })));
}

#[test]
fn a_call_that_ends_forgets_what_waits() {
    let queue = CommandQueue::default();
    queue.push(view(1)).unwrap();
    queue.close(Some(oneshot::channel().0));
    let mut commands = VecDeque::new();
    let done = queue.take(&mut commands);
    assert_eq!(done.map(|done| done.len()), Some(1));
    assert!(commands.is_empty());
}

/// The most publications of a device that wait at once: each turns another source on.
const PUBLICATIONS: usize = 5;

#[test]
fn publications_wait_as_long_as_each_turns_another_source_on() {
    let queue = CommandQueue::default();
    let push = |number: usize| {
        let sources = PerSource::from_fn(|source| number >> source as usize & 1 == 1);
        let device = id(1);
        queue.push(Command::Publish { device, sources }).unwrap();
        queue.0.lock().commands.len()
    };
    assert_eq!([0, 1, 3, 7, 15].map(push), [1, 2, 3, 4, PUBLICATIONS]);
    assert_eq!(push(15), PUBLICATIONS, "nothing new");
    assert_eq!(push(7), PUBLICATIONS - 1);
    assert!((0..1_000).all(|number| push(number * 7 % 16) <= PUBLICATIONS));
    assert_eq!(push(0), 1);
}

/// The devices of the model.
const DEVICES: [u32; 2] = [1, 2];

#[derive(Clone, Debug)]
enum Step {
    Publish {
        device: u32,
        sources: PerSource<bool>,
    },
    Order {
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    },
    /// The thread carries out what waits.
    Take,
}

impl Step {
    fn command(&self) -> Option<Command> {
        match self.clone() {
            Self::Publish { device, sources } => Some(Command::Publish {
                device: id(device),
                sources,
            }),
            Self::Order {
                target,
                source,
                order,
            } => Some(Command::Mute {
                by: id(9),
                target,
                source,
                order,
            }),
            Self::Take => None,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let device = || prop::sample::select(&DEVICES[..]);
    let sources = any::<[bool; 4]>().prop_map(|[audio, camera, screen, screen_audio]| PerSource {
        audio,
        camera,
        screen,
        screen_audio,
    });
    let target = prop_oneof![
        device().prop_map(|device| MuteTarget::One(id(device))),
        device().prop_map(|device| MuteTarget::AllBut(vec![id(device)])),
        Just(MuteTarget::AllBut(Vec::new())),
    ];
    let orders = [MuteOrder::Mute, MuteOrder::Hold, MuteOrder::Release];
    let order = (
        target,
        prop::sample::select(&Source::ALL[..]),
        prop::sample::select(orders.to_vec()),
    );
    prop_oneof![
        6 => (device(), sources).prop_map(|(device, sources)| Step::Publish { device, sources }),
        3 => order.prop_map(|(target, source, order)| Step::Order { target, source, order }),
        1 => Just(Step::Take),
    ]
}

/// A source of a device, as both the call and the thread are to know it.
#[derive(Clone, Copy, Default)]
struct SourceModel {
    is_published: bool,
    is_muted: bool,
    is_held: bool,
}

/// The sources of all devices.
#[derive(Clone, Default)]
struct Model([PerSource<SourceModel>; DEVICES.len()]);

impl Model {
    fn obey(&mut self, command: &Command) {
        for (number, device) in DEVICES.into_iter().zip(&mut self.0) {
            match command {
                Command::Publish {
                    device: by,
                    sources,
                } if *by == id(number) => {
                    for source in Source::ALL {
                        let state = device.of_mut(source);
                        let is_anew = *sources.of(source) && !state.is_published;
                        state.is_muted &= !is_anew;
                        state.is_published = *sources.of(source);
                    }
                }
                Command::Mute {
                    target,
                    source,
                    order,
                    ..
                } if names(target, id(number)) => {
                    let state = device.of_mut(*source);
                    state.is_muted |= *order != MuteOrder::Release;
                    match order {
                        MuteOrder::Mute => {}
                        MuteOrder::Hold => state.is_held = true,
                        MuteOrder::Release => state.is_held = false,
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns what each device sends, and what it publishes.
    fn sent(&self) -> [PerSource<(bool, bool)>; DEVICES.len()] {
        self.0.map(|device| {
            PerSource::from_fn(|source| {
                let state = device.of(source);
                let is_sent = state.is_published && !state.is_muted && !state.is_held;
                (is_sent, state.is_published)
            })
        })
    }
}

fn names(target: &MuteTarget, device: DemuxId) -> bool {
    match target {
        MuteTarget::One(one) => *one == device,
        MuteTarget::AllBut(others) => !others.contains(&device),
    }
}

fn is_publication_of(command: &Command, number: u32) -> bool {
    matches!(command, Command::Publish { device, .. } if *device == id(number))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// However long publications and orders wait, the thread knows the sources as the call does afterwards, few
    /// publications of a device wait, and none is beyond the limit of the thread.
    #[test]
    fn publications_that_wait_keep_what_they_mean(
        steps in proptest::collection::vec((0_u64..800, step()), 0..100),
    ) {
        let queue = CommandQueue::default();
        let (mut call, mut thread) = (Model::default(), Model::default());
        let mut callers = DEVICES.map(|_| TokenBucket::new(2, 2));
        let mut meters = DEVICES.map(|_| RequestMeters::default());
        let mut millis = 70_000;
        for (wait, step) in steps.into_iter().chain([(0, Step::Take)]) {
            millis += wait;
            let now = Moment::from_millis(millis);
            if let Some(command) = step.command() {
                let mut devices = DEVICES.into_iter().zip(&mut callers);
                let caller = devices.find(|(number, _)| is_publication_of(&command, *number));
                let is_passed = caller.is_none_or(|(_, bucket)| bucket.try_take(1, now));
                if is_passed && queue.push(command).is_ok() {
                    call.obey(&step.command().unwrap());
                }
                continue;
            }
            let mut commands = VecDeque::new();
            queue.take(&mut commands);
            for (number, meter) in DEVICES.into_iter().zip(&mut meters) {
                let publications = commands.iter().filter(|command| is_publication_of(command, number));
                let count = publications.count();
                prop_assert!(count <= PUBLICATIONS, "{count}");
                prop_assert!((0..count).all(|_| meter.publication(now)), "refused by the thread");
            }
            commands.iter().for_each(|command| thread.obey(command));
            prop_assert_eq!(thread.sent(), call.sent());
        }
    }
}
