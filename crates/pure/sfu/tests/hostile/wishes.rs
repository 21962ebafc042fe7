//! Views, publications, orders and estimates at random and at their limits, while packets travel.

use anteroom_protocol::DemuxId;
use anteroom_sfu::{
    indexes::SlotIndex,
    input::{Input, MuteOrder, MuteTarget, Subject, View, Wish},
    source::{Layer, PerSource, Source},
};

use crate::{
    call::Call,
    dice::Dice,
    target::{Target, run},
};

/// Numbers at the limits.
const EDGES: [u64; 9] = [0, 1, 2, 63, 64, 1 << 31, 1 << 60, u64::MAX - 1, u64::MAX];

struct Wishes {
    call: Call,
}

impl Wishes {
    fn device(&self, dice: &mut Dice) -> DemuxId {
        match dice.below(8) {
            0 => DemuxId::new(u32::MAX - 15).unwrap(),
            number => self.call.devices[number % 3].id,
        }
    }

    fn view(&self, dice: &mut Dice) -> View {
        let wishes = (0..dice.below(70)).map(|_| Wish {
            slot: SlotIndex::new(match dice.below(8) {
                0 => usize::MAX,
                slot => slot % 4,
            }),
            subject: if dice.once_in(2) {
                Subject::Device(self.device(dice))
            } else {
                let rank = *dice.pick(&EDGES);
                Subject::Speaker(usize::try_from(rank).unwrap_or(usize::MAX))
            },
            source: *dice.pick(&Source::ALL),
            height: *dice.pick(&[0, 1, 180, 360, 720, u16::MAX]),
        });
        let wishes = wishes.collect();
        let audio_without = (0..dice.below(5)).map(|_| self.device(dice)).collect();
        View {
            wishes,
            audio_without,
        }
    }

    fn input(&self, dice: &mut Dice) -> Input {
        let device = self.device(dice);
        match dice.below(9) {
            0..3 => Input::View {
                device,
                view: self.view(dice),
            },
            3 => {
                let sources = PerSource {
                    audio: dice.once_in(2),
                    camera: dice.once_in(2),
                    screen: dice.once_in(2),
                    screen_audio: dice.once_in(2),
                };
                Input::Publish { device, sources }
            }
            4 => Input::Mute {
                by: self.device(dice),
                target: if dice.once_in(2) {
                    MuteTarget::One(device)
                } else {
                    MuteTarget::AllBut(vec![device])
                },
                source: *dice.pick(&Source::ALL),
                order: *dice.pick(&[MuteOrder::Mute, MuteOrder::Hold, MuteOrder::Release]),
            },
            5 => Input::Estimate {
                device,
                bits: *dice.pick(&EDGES),
            },
            6 => Input::Loss {
                device,
                thousandths: *dice.pick(&[0, 1, 1_000, u32::MAX]),
            },
            7 => Input::KeyFrameMissed {
                device,
                slot: SlotIndex::new(dice.below(5)),
            },
            _ => Input::Largest(*dice.pick(&Layer::ALL)),
        }
    }
}

impl Target for Wishes {
    fn make(_dice: &mut Dice) -> Self {
        Self { call: Call::of(3) }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        let input = self.input(dice);
        *bytes = format!("{input:?}").into_bytes();
        // Most requests are within the limits of their rates.
        self.call.now += core::time::Duration::from_millis(10);
        self.call.sfu.handle(self.call.now, input);
        if dice.once_in(4) {
            let layer = Some(dice.below(2)).filter(|_| dice.once_in(2));
            self.call.send(dice.below(3), layer);
            self.call.run(5);
        }
    }

    fn look(&mut self) -> bool {
        for number in 0..3 {
            assert!(!self.call.devices[number].has_ended);
        }
        let release = |source: Source| Input::Mute {
            by: self.call.devices[1].id,
            target: MuteTarget::AllBut(Vec::new()),
            source,
            order: MuteOrder::Release,
        };
        let releases = Source::ALL.map(release);
        for input in releases {
            self.call.sfu.handle(self.call.now, input);
        }
        // They publish anew, and nobody is left out.
        for is_on in [false, true] {
            self.call.run(2_000);
            for number in 0..3 {
                let device = self.call.devices[number].id;
                let sources = PerSource {
                    audio: is_on,
                    camera: is_on,
                    ..PerSource::default()
                };
                let view = View::default();
                self.call
                    .sfu
                    .handle(self.call.now, Input::View { device, view });
                self.call
                    .sfu
                    .handle(self.call.now, Input::Publish { device, sources });
            }
        }
        self.call.speak(0, 1);
        false
    }
}

#[test]
fn wishes() {
    run::<Wishes>("wishes", 6);
}
