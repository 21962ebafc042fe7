//! The demand: on at once, off after five seconds.

use anteroom_sfu::{
    demand::{Demand, Wanted},
    time::Moment,
};
use proptest::prelude::*;

const fn wanted(camera_layers: u8, audio: bool) -> Wanted {
    Wanted {
        camera_layers,
        screen: false,
        screen_audio: false,
        audio,
    }
}

#[test]
fn what_nobody_watches_is_off_after_five_seconds_and_on_at_once() {
    let mut demand = Demand::new(Moment::default());
    // The millisecond, what is watched from then on, and what the sender is told.
    for (millis, watched, told) in [
        (0, wanted(0, false), None),
        (4_999, wanted(0, false), None),
        (5_000, wanted(0, false), Some(wanted(0, false))),
        (6_000, wanted(2, true), Some(wanted(2, true))),
        (7_000, wanted(1, true), None),
        (8_000, wanted(3, true), Some(wanted(3, true))),
        (9_000, wanted(1, false), None),
        (10_000, wanted(2, false), None),
        (13_999, wanted(2, false), None),
        (14_000, wanted(2, false), Some(wanted(2, false))),
        (15_000, wanted(0, false), None),
        (20_000, wanted(0, false), Some(wanted(0, false))),
    ] {
        let now = Moment::from_millis(millis);
        demand.watch(watched, now);
        assert_eq!(demand.change(now), told, "{millis}");
        assert_eq!(demand.change(now), None, "{millis}: once");
    }
    assert_eq!(demand.next_deadline(), None);
}

/// Everything that was watched at each moment.
#[derive(Default)]
struct History(Vec<(u64, Wanted)>);

impl History {
    /// Returns everything that was watched at some moment in the last five seconds, or is.
    fn wanted(&self, millis: u64) -> Wanted {
        let ends = self
            .0
            .iter()
            .skip(1)
            .map(|(begin, _)| *begin)
            .chain([u64::MAX]);
        let mut wanted = Wanted::default();
        for ((_, watched), end) in self.0.iter().zip(ends) {
            if end.saturating_add(5_000) > millis {
                wanted.camera_layers = wanted.camera_layers.max(watched.camera_layers);
                wanted.screen |= watched.screen;
                wanted.screen_audio |= watched.screen_audio;
                wanted.audio |= watched.audio;
            }
        }
        wanted
    }
}

proptest! {
    /// The sender is told what was watched in the last five seconds, and the deadlines miss no change.
    #[test]
    fn the_demand_is_that_of_the_last_five_seconds(
        steps in proptest::collection::vec(
            (1_u64..4_000, 0_u8..=3, any::<bool>(), any::<bool>(), any::<bool>()),
            1..60,
        ),
    ) {
        let mut demand = Demand::new(Moment::default());
        let mut history = History(vec![(0, Wanted::ALL)]);
        let mut told = Wanted::ALL;
        let mut millis = 0;
        for (wait, camera_layers, screen, screen_audio, audio) in steps {
            let end = millis + wait;
            while let Some(next) = demand.next_deadline().filter(|next| *next < Moment::from_millis(end)) {
                millis = next.as_micros() / 1_000;
                let change = demand.change(next);
                prop_assert!(change.is_some(), "a deadline without a change");
                told = change.unwrap();
                prop_assert_eq!(told, history.wanted(millis));
            }
            prop_assert_eq!(told, history.wanted(end - 1));
            millis = end;
            let now = Moment::from_millis(millis);
            let watched = Wanted { camera_layers, screen, screen_audio, audio };
            demand.watch(watched, now);
            history.0.push((millis, watched));
            told = demand.change(now).unwrap_or(told);
            prop_assert_eq!(told, history.wanted(millis));
            prop_assert_eq!(told, demand.told());
        }
    }
}
