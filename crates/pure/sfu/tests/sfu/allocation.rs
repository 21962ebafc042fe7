//! The allocation of bandwidth: who is served first, who pauses last, and nothing beyond the budget.

use core::cmp::Reverse;

use anteroom_sfu::{
    allocation::{Allocation, Picture, Priority},
    source::{Layer, PerLayer},
};
use proptest::prelude::*;

use Layer::{High, Low, Middle};

const SCREEN: Priority = Priority::Screen;
const SPEAKER: Priority = Priority::Speaker;

const fn height(height: u16) -> Priority {
    Priority::Height(Reverse(height))
}

/// A picture with layers of 100, 300 and 900 kbit/s, as kbit/s.
fn picture(priority: Priority, wanted: Layer) -> Picture {
    Picture {
        priority,
        rates: PerLayer {
            low: Some(100),
            middle: Some(300),
            high: Some(900),
        },
        wanted,
        fixed: None,
    }
}

#[test]
fn a_floor_is_for_the_smallest_layers_alone() {
    let pictures = [picture(SPEAKER, High), picture(height(180), High)];
    for (floor, budget, expected) in [
        (240, 40, [Some(Low), Some(Low)]),
        (239, 40, [Some(Low), None]),
        (100_000, 0, [Some(Low), Some(Low)]),
        (300, 440, [Some(Middle), Some(Low)]),
        (100_000, 439, [Some(Low), Some(Low)]),
    ] {
        let mut allocation = Allocation::default();
        let layers = allocation.allocate_above(floor, budget, 40, &pictures);
        assert_eq!(layers, expected, "{floor} {budget}");
    }
}

#[test]
fn screens_come_first_then_the_speaker_then_the_larger_ones() {
    let pictures = [
        picture(height(180), High),
        picture(height(720), High),
        picture(SPEAKER, High),
        picture(SCREEN, High),
    ];
    // The budget, and the layer of each picture. 40 are for sound.
    for (budget, expected) in [
        (0, [None, None, None, None]),
        (139, [None, None, None, None]),
        (140, [None, None, None, Some(Low)]),
        (240, [None, None, Some(Low), Some(Low)]),
        (340, [None, Some(Low), Some(Low), Some(Low)]),
        (440, [Some(Low), Some(Low), Some(Low), Some(Low)]),
        (640, [Some(Low), Some(Low), Some(Low), Some(Middle)]),
        (840, [Some(Low), Some(Low), Some(Middle), Some(Middle)]),
        (1_240, [Some(Low), Some(Low), Some(Low), Some(High)]),
        (2_040, [Some(Low), Some(Low), Some(High), Some(High)]),
        (2_240, [Some(Low), Some(Middle), Some(High), Some(High)]),
        (3_640, [Some(High), Some(High), Some(High), Some(High)]),
    ] {
        let mut allocation = Allocation::default();
        let layers = allocation.allocate(budget, 40, &pictures);
        assert_eq!(layers, expected, "{budget}");
    }
}

#[test]
fn no_picture_gets_more_than_suits_its_height_or_than_is_sent() {
    let mut allocation = Allocation::default();
    for (wanted, rates, expected) in [
        (Low, [Some(1), Some(2), Some(3)], Some(Low)),
        (Middle, [Some(1), Some(2), Some(3)], Some(Middle)),
        (Middle, [Some(1), None, Some(3)], Some(Low)),
        (High, [None, Some(2), None], Some(Middle)),
        // The smallest one that there is, even if it is more than suits.
        (Low, [None, Some(2), Some(3)], Some(Middle)),
        (High, [None, None, None], None),
    ] {
        let [low, middle, high] = rates;
        let picture = Picture {
            rates: PerLayer { low, middle, high },
            ..picture(SPEAKER, wanted)
        };
        let layers = allocation.allocate(u64::MAX, 0, &[picture]);
        assert_eq!(layers, [expected], "{wanted:?} of {rates:?}");
    }
}

#[test]
fn a_picture_that_was_just_switched_keeps_its_layer() {
    let fixed = Picture {
        fixed: Some(High),
        ..picture(height(180), Low)
    };
    let mut allocation = Allocation::default();
    for (budget, expected) in [
        (0, [None, Some(High)]),
        (999, [None, Some(High)]),
        (1_000, [Some(Low), Some(High)]),
        (9_000, [Some(High), Some(High)]),
    ] {
        let layers = allocation.allocate(budget, 0, &[picture(SCREEN, High), fixed]);
        assert_eq!(layers, expected, "{budget}");
    }
}

#[test]
fn the_next_layer_is_the_next_one_that_is_sent() {
    let all = picture(SPEAKER, High);
    assert_eq!(all.next_layer(None), Some((Low, 100)));
    assert_eq!(all.next_layer(Some(Low)), Some((Middle, 200)));
    assert_eq!(all.next_layer(Some(Middle)), Some((High, 600)));
    assert_eq!(all.next_layer(Some(High)), None);
    let small = picture(SPEAKER, Low);
    assert_eq!(small.next_layer(Some(Low)), None);
}

fn any_picture() -> impl Strategy<Value = Picture> {
    let priority = prop_oneof![
        Just(SCREEN),
        Just(SPEAKER),
        (90_u16..1_080).prop_map(height)
    ];
    let rate = || proptest::option::weighted(0.8, 1_u64..1_000);
    let layer = || prop_oneof![Just(Low), Just(Middle), Just(High)];
    (priority, [rate(), rate(), rate()], layer(), 0_u8..5).prop_map(
        |(priority, [low, middle, high], wanted, fixed)| {
            let rates = PerLayer { low, middle, high };
            let fixed = Layer::ALL
                .into_iter()
                .find(|layer| fixed == 0 && rates.of(*layer).is_some());
            Picture {
                priority,
                rates,
                wanted,
                fixed,
            }
        },
    )
}

/// The rules word for word: each picture its smallest layer, then each the largest that fits.
fn naive(budget: u64, audio: u64, pictures: &[Picture]) -> Vec<Option<Layer>> {
    let mut order: Vec<usize> = (0..pictures.len()).collect();
    order.sort_by_key(|place| (pictures[*place].priority, *place));
    let mut layers: Vec<Option<Layer>> = pictures.iter().map(|one| one.fixed).collect();
    let used = |layers: &[Option<Layer>]| -> u64 {
        let rates = pictures
            .iter()
            .zip(layers)
            .map(|(one, layer)| one.rate(*layer));
        rates.sum::<u64>() + audio
    };
    for round in 0..2 {
        for place in &order {
            let picture = pictures[*place];
            if picture.fixed.is_some() {
                continue;
            }
            let sent: Vec<Layer> = Layer::ALL
                .into_iter()
                .filter(|layer| picture.rates.of(*layer).is_some())
                .collect();
            if round == 0 {
                let mut with = layers.clone();
                with[*place] = sent.first().copied();
                if used(&with) <= budget {
                    layers = with;
                }
            } else if layers[*place].is_some() {
                for layer in sent
                    .iter()
                    .skip(1)
                    .filter(|layer| **layer <= picture.wanted)
                {
                    let mut with = layers.clone();
                    with[*place] = Some(*layer);
                    if used(&with) > budget {
                        break;
                    }
                    layers = with;
                }
            }
        }
    }
    layers
}

proptest! {
    #[test]
    fn allocations_agree_with_the_rules_and_stay_within_the_budget(
        budget in 0_u64..6_000,
        audio in 0_u64..300,
        mut pictures in proptest::collection::vec(any_picture(), 0..10),
    ) {
        // Larger layers need more, as they do in life.
        for picture in &mut pictures {
            let mut least = 0;
            for layer in Layer::ALL {
                if let Some(rate) = picture.rates.of_mut(layer) {
                    *rate += least;
                    least = *rate;
                }
            }
        }
        let mut allocation = Allocation::default();
        let layers = allocation.allocate(budget, audio, &pictures).to_vec();
        let fixed: u64 = pictures.iter().map(|one| one.rate(one.fixed)).sum();
        let used: u64 = pictures.iter().zip(&layers).map(|(one, layer)| one.rate(*layer)).sum();
        prop_assert!(used + audio <= budget.max(fixed + audio));
        prop_assert_eq!(layers, naive(budget, audio, &pictures));
    }
}
