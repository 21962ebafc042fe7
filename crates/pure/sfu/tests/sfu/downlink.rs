//! The bandwidth of a viewer: estimates, trials and waits.

use core::time::Duration;

use anteroom_sfu::{
    downlink::{Downlink, FIRST_BUDGET, FIRST_WAIT, MAX_WAIT, TRIAL, TrialOutcome, TrialPermit},
    indexes::DeviceIndex,
    time::Moment,
};
use proptest::prelude::*;

const fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

#[test]
fn the_budget_is_the_estimate() {
    let mut downlink = Downlink::new(Moment::default());
    assert_eq!(downlink.budget(at(0)), FIRST_BUDGET);
    for estimate in [300_000, 2_000_000, 50_000] {
        assert_eq!(downlink.estimate(estimate, 0, at(1_000)), None);
        assert_eq!(downlink.budget(at(1_000)), estimate);
    }
}

/// A downlink with an estimate of 300 kbit/s that tries 600, from second 1 on.
fn trying() -> Downlink {
    let mut downlink = Downlink::new(Moment::default());
    downlink.estimate(300_000, 200_000, at(500));
    downlink.begin_trial(200_000, 400_000, at(1_000));
    downlink.receive_layer(at(1_000));
    downlink
}

#[test]
fn a_trial_is_judged_by_what_the_receiver_reports() {
    #[derive(Clone, Copy)]
    enum Report {
        Estimate(u64),
        Loss(u32),
    }
    use Report::{Estimate, Loss};
    use TrialOutcome::{Failure, Success};
    // The reports of each second, and the second and outcome of the end.
    type Reports = &'static [Report];
    let table: [(&str, Reports, u64, TrialOutcome); 8] = [
        ("rises", &[Estimate(310_000), Estimate(330_000)], 4, Success),
        ("rises to what is needed", &[Estimate(600_000)], 4, Success),
        ("stays", &[Estimate(300_000), Estimate(300_000)], 4, Failure),
        ("rises too little", &[Estimate(314_000)], 4, Failure),
        ("falls", &[Estimate(310_000), Estimate(299_000)], 3, Failure),
        (
            "falls, but is enough",
            &[Estimate(900_000), Estimate(700_000)],
            4,
            Success,
        ),
        ("loses", &[Estimate(320_000), Loss(100)], 3, Failure),
        ("loses a little", &[Estimate(320_000), Loss(99)], 4, Success),
    ];
    for (name, reports, end, expected) in table {
        let mut downlink = trying();
        let mut outcome = None;
        for (second, report) in (2..).zip(reports) {
            assert_eq!(outcome, None, "{name}");
            let now = at(second * 1_000);
            outcome = match report {
                Estimate(bits) => downlink.estimate(*bits, 600_000, now),
                Loss(thousandths) => downlink.loss(*thousandths, now),
            };
            assert_eq!(
                outcome.is_some(),
                second == end && end < 4,
                "{name} in {second}"
            );
        }
        if outcome.is_none() {
            assert_eq!(downlink.next_deadline(at(3_900)), Some(at(4_000)));
            assert_eq!(downlink.advance(at(3_999)), None, "{name}");
            outcome = downlink.advance(at(4_000));
        }
        assert_eq!(outcome, Some(expected), "{name}");
        assert!(!downlink.is_trying());
        assert_eq!(
            downlink.budget(at(4_000)) >= 600_000,
            expected == Success,
            "{name}"
        );
    }
}

#[test]
fn the_budget_of_a_trial_is_what_it_needs_and_stays_so_until_there_is_trouble() {
    let mut downlink = trying();
    assert_eq!(downlink.budget(at(1_000)), 600_000);
    downlink.estimate(330_000, 600_000, at(2_000));
    assert_eq!(downlink.advance(at(4_000)), Some(TrialOutcome::Success));
    // The estimate follows slowly: without trouble what was shown to fit goes on to count.
    assert_eq!(downlink.budget(at(19_000)), 600_000);
    // After a failure what was needed before counts for 15 s.
    downlink.begin_trial(500_000, 100_000, at(20_000));
    assert_eq!(downlink.loss(200, at(21_000)), Some(TrialOutcome::Failure));
    assert_eq!(downlink.budget(at(35_999)), 550_000);
    assert_eq!(downlink.budget(at(36_000)), 330_000);
    let mut downlink = trying();
    downlink.begin_trial(0, 600_000, at(20_000));
    downlink.receive_layer(at(20_000));
    downlink.estimate(400_000, 600_000, at(21_000));
    assert_eq!(downlink.advance(at(23_000)), Some(TrialOutcome::Success));
    assert_eq!(downlink.estimate(390_000, 600_000, at(24_000)), None);
    assert!(!downlink.may_try(0, false, at(28_999)) && downlink.may_try(0, false, at(29_000)));
    assert_eq!(downlink.budget(at(24_000)), 390_000);
}

#[test]
fn a_fallen_estimate_pauses_nothing_for_two_seconds_unless_something_is_lost() {
    let mut downlink = Downlink::new(Moment::default());
    downlink.estimate(200_000, 150_000, at(1_000));
    downlink.estimate(90_000, 150_000, at(2_000));
    downlink.estimate(80_000, 150_000, at(3_000));
    assert_eq!(downlink.budget(at(3_000)), 80_000);
    assert_eq!(downlink.floor(at(3_999)), 200_000);
    assert_eq!(downlink.next_deadline(at(3_000)), Some(at(4_000)));
    assert_eq!(downlink.floor(at(4_000)), 80_000);
    downlink.estimate(60_000, 150_000, at(5_000));
    assert_eq!(downlink.floor(at(5_000)), 80_000);
    downlink.loss(150, at(5_100));
    assert_eq!(downlink.floor(at(5_100)), 60_000);
    // A receiver that loses little is busy itself, rather than behind a link that is full.
    downlink.loss(149, at(6_100));
    assert_eq!(downlink.floor(at(6_100)), 120_000);
    assert_eq!(downlink.budget(at(6_100)), 60_000);
}

#[test]
fn without_estimates_loss_alone_decides() {
    for (loss, expected) in [(0, TrialOutcome::Success), (200, TrialOutcome::Failure)] {
        let mut downlink = Downlink::new(Moment::default());
        downlink.begin_trial(0, 2_000_000, at(0));
        downlink.receive_layer(at(0));
        let outcome = downlink.loss(loss, at(1_000));
        let outcome = outcome.or_else(|| downlink.advance(at(3_000)));
        assert_eq!(outcome, Some(expected));
    }
}

#[test]
fn a_link_that_always_loses_is_not_in_trouble_by_that() {
    let mut downlink = Downlink::new(Moment::default());
    downlink.estimate(300_000, 200_000, at(0));
    for second in 0..30 {
        downlink.loss(120, at(second * 1_000));
    }
    downlink.begin_trial(0, 600_000, at(30_000));
    assert_eq!(downlink.loss(150, at(31_000)), None);
    assert_eq!(downlink.loss(230, at(32_000)), Some(TrialOutcome::Failure));
}

#[test]
fn a_trial_is_watched_from_its_first_packet_and_fails_without_one() {
    let mut downlink = Downlink::new(Moment::default());
    downlink.begin_trial(0, 2_000_000, at(0));
    downlink.receive_layer(at(2_500));
    downlink.receive_layer(at(2_600));
    assert_eq!(downlink.advance(at(5_499)), None);
    assert_eq!(downlink.advance(at(5_500)), Some(TrialOutcome::Success));
    let mut downlink = Downlink::new(Moment::default());
    downlink.begin_trial(0, 2_000_000, at(0));
    assert_eq!(downlink.advance(at(3_000)), Some(TrialOutcome::Failure));
}

#[test]
fn the_wait_grows_with_failures_and_is_short_after_a_success() {
    let mut downlink = Downlink::new(Moment::default());
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..7 {
        downlink.begin_trial(0, 600_000, now);
        now = now.plus(TRIAL);
        assert_eq!(downlink.advance(now), Some(TrialOutcome::Failure));
        let failed = now;
        while !downlink.may_try(0, false, now) {
            now = downlink.next_deadline(now).unwrap();
        }
        waits.push(now.since(failed).as_secs());
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 120, 120]);
    downlink.begin_trial(0, 600_000, now);
    downlink.receive_layer(now);
    now = now.plus(TRIAL);
    assert_eq!(downlink.advance(now), Some(TrialOutcome::Success));
    assert!(!downlink.may_try(0, false, now));
    now = now.plus(Duration::from_secs(1));
    assert!(downlink.may_try(0, false, now));
    downlink.begin_trial(0, 600_000, now);
    downlink.abandon_trial(now);
    assert_eq!(downlink.advance(now.plus(TRIAL)), None);
    let next = now.plus(Duration::from_secs(1));
    assert!(!downlink.may_try(0, false, now) && downlink.may_try(0, false, next));
    downlink.begin_trial(0, 600_000, next);
    let failed = next.plus(TRIAL);
    assert_eq!(downlink.advance(failed), Some(TrialOutcome::Failure));
    assert!(
        downlink.may_try(0, false, failed.plus(FIRST_WAIT)),
        "the failures before the success are forgotten"
    );
}

#[test]
fn a_trial_begins_on_firm_ground_and_not_right_after_the_connection() {
    let mut downlink = Downlink::new(at(10_000));
    assert!(!downlink.may_try(0, true, at(12_999)));
    assert!(
        downlink.may_try(u64::MAX, false, at(13_000)),
        "nothing is estimated"
    );
    downlink.estimate(300_000, 0, at(13_000));
    for (need, is_paused, expected) in [
        (300_000, false, true),
        (300_001, false, false),
        (300_001, true, true),
    ] {
        assert_eq!(
            downlink.may_try(need, is_paused, at(13_000)),
            expected,
            "{need}"
        );
    }
}

#[test]
fn a_paused_picture_waits_less_than_a_larger_layer() {
    let mut downlink = Downlink::new(Moment::default());
    let mut now = at(10_000);
    for _ in 0..4 {
        downlink.begin_trial(0, 600_000, now);
        now = now.plus(TRIAL);
        assert_eq!(downlink.advance(now), Some(TrialOutcome::Failure));
        now = now.plus(MAX_WAIT);
    }
    downlink.begin_trial(0, 600_000, now);
    now = now.plus(TRIAL);
    assert_eq!(downlink.advance(now), Some(TrialOutcome::Failure));
    let waits = |millis| now.plus(Duration::from_millis(millis));
    assert!(!downlink.may_try(0, true, waits(9_999)) && downlink.may_try(0, true, waits(10_000)));
    assert!(
        !downlink.may_try(0, false, waits(79_999)) && downlink.may_try(0, false, waits(80_000))
    );
}

#[test]
fn one_viewer_has_the_permit() {
    let mut permit = TrialPermit::default();
    let [first, second] = [DeviceIndex::new(1), DeviceIndex::new(2)];
    assert!(permit.is_free());
    assert!(permit.take(first));
    assert!(permit.take(first), "it has it already");
    assert!(!permit.take(second));
    permit.give_back(second);
    assert!(!permit.take(second), "it was not its own");
    permit.give_back(first);
    assert!(permit.take(second));
}

proptest! {
    /// After all reports the budget is never below the estimate, it is above it only for a trial or after a
    /// successful one, every trial ends in time, and failures are followed by a wait.
    #[test]
    fn trials_end_and_waits_are_kept(
        steps in proptest::collection::vec((0_u64..2_000, 0_u8..6, 1_u64..1_000_000), 1..200),
    ) {
        let mut downlink = Downlink::new(Moment::default());
        let mut estimate = FIRST_BUDGET;
        let mut began: Option<u64> = None;
        let mut failed: Option<u64> = None;
        let mut proven = 0;
        let mut need = 0;
        let mut millis = 0;
        for (wait, kind, number) in steps {
            millis += wait;
            let now = at(millis);
            let mut outcome = downlink.advance(now);
            match kind {
                0 | 1 => {
                    estimate = number;
                    outcome = outcome.or(downlink.estimate(number, need, now));
                }
                2 => outcome = outcome.or(downlink.loss(u32::try_from(number % 300).unwrap(), now)),
                3 if downlink.may_try(0, false, now) => {
                    prop_assert!(failed.is_none_or(|failed| now.since(at(failed)) >= FIRST_WAIT));
                    need = number;
                    began = Some(millis);
                    downlink.begin_trial(0, need, now);
                }
                4 => downlink.receive_layer(now),
                _ => {}
            }
            match outcome {
                Some(TrialOutcome::Failure) => failed = Some(millis),
                Some(TrialOutcome::Success) => {
                    failed = None;
                    proven = need;
                }
                None => {}
            }
            if outcome.is_some() && !downlink.is_trying() {
                began = None;
            }
            prop_assert_eq!(downlink.is_trying(), began.is_some());
            // 3 s until the first packet, and 3 s more.
            prop_assert!(began.is_none_or(|began| millis - began <= 6_000 + wait));
            let budget = downlink.budget(now);
            prop_assert!(budget >= estimate && downlink.floor(now) >= budget);
            if budget > estimate && began.is_none() {
                prop_assert_eq!(budget, proven);
            }
            prop_assert!(downlink.next_deadline(now).is_none_or(|next| next.since(now) <= MAX_WAIT));
        }
    }
}
