use Rule::{ConsecutiveFailures, ErrorRate};
use Step::{Fails, Says, Succeeds, Tick};

use super::*;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A step of a scenario: the second, the number of operations, and the operation.
#[derive(Clone, Copy, Debug)]
enum Step {
    Succeeds(u64, usize, usize),
    Fails(u64, usize, usize),
    Tick(u64),
    /// The expected transitions since the last such step.
    Says(&'static [(Rule, bool)]),
}

fn play(name: &str, steps: &[Step]) {
    let (mut scope, mut said) = (Escalation::default(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Succeeds(at, times, operation) => {
                for _ in 0..times {
                    said.extend(scope.succeeded(START.plus(at), operation));
                }
            }
            Fails(at, times, operation) => {
                for _ in 0..times {
                    said.extend(scope.failed(START.plus(at), operation));
                }
            }
            Tick(at) => said.extend(scope.tick(START.plus(at))),
            Says(expected) => {
                let got: Vec<_> = said.drain(..).map(|got| (got.rule, got.raised)).collect();
                assert_eq!(got, expected, "{name}, step {number}");
            }
        }
    }
    assert!(scope.window.seconds.len() <= 60, "{name}");
}

const BOTH: &[(Rule, bool)] = &[(ErrorRate, true), (ConsecutiveFailures, true)];
const BOTH_CLEARED: &[(Rule, bool)] = &[(ErrorRate, false), (ConsecutiveFailures, false)];
const RATE: &[(Rule, bool)] = &[(ErrorRate, true)];
const RATE_CLEARED: &[(Rule, bool)] = &[(ErrorRate, false)];
const RUN: &[(Rule, bool)] = &[(ConsecutiveFailures, true)];
const RUN_CLEARED: &[(Rule, bool)] = &[(ConsecutiveFailures, false)];

#[test]
fn alerts_are_raised_by_failures_and_cleared_by_time_and_successes_and_never_by_a_failure() {
    for (name, steps) in [
        ("15 of 15", &[Fails(0, 15, 0), Says(BOTH)][..]),
        ("one failure", &[Fails(0, 1, 0), Tick(30), Says(&[])]),
        (
            "a failure of ten",
            &[Succeeds(0, 9, 0), Fails(0, 1, 0), Says(&[])],
        ),
        (
            "two of ten",
            &[Succeeds(0, 8, 0), Fails(0, 2, 0), Says(RATE)],
        ),
        (
            "5 % is fine and more is not",
            &[
                Succeeds(0, 60, 0),
                Fails(0, 3, 0),
                Succeeds(0, 1, 1),
                Says(&[]),
                Fails(0, 1, 1),
                Says(RATE),
                Succeeds(0, 14, 1),
                Says(&[]),
                Succeeds(0, 1, 1),
                Says(RATE_CLEARED),
            ],
        ),
        (
            "three in a row are fine, the fourth is not, and a success ends it",
            &[
                Succeeds(0, 1_000, 0),
                Fails(0, 3, 0),
                Says(&[]),
                Fails(1, 1, 0),
                Says(RUN),
                Succeeds(2, 1, 0),
                Says(RUN_CLEARED),
            ],
        ),
        (
            "successes of another operation do not hide a run",
            &[
                Succeeds(0, 1_000, 1),
                Fails(0, 2, 0),
                Succeeds(1, 1, 1),
                Fails(1, 2, 0),
                Says(RUN),
                Succeeds(2, 10, 1),
                Says(&[]),
                Succeeds(3, 1, 0),
                Says(RUN_CLEARED),
            ],
        ),
        (
            "a run over several operations",
            &[
                Succeeds(0, 1_000, 9),
                Fails(0, 2, 0),
                Fails(0, 2, 1),
                Says(RUN),
                Succeeds(0, 1, 2),
                Says(RUN_CLEARED),
            ],
        ),
        (
            "without traffic the window passes",
            &[
                Fails(0, 4, 0),
                Says(BOTH),
                Tick(59),
                Says(&[]),
                Tick(60),
                Says(BOTH_CLEARED),
                Tick(61),
                Says(&[]),
            ],
        ),
        (
            "the first answer after a quiet minute is a failure",
            &[
                Fails(0, 15, 0),
                Says(BOTH),
                Fails(61, 1, 0),
                Says(&[]),
                Tick(62),
                Says(&[]),
                Tick(121),
                Says(BOTH_CLEARED),
            ],
        ),
        (
            "a failure that moves the window clears nothing",
            &[
                Fails(0, 100, 0),
                Says(BOTH),
                Succeeds(59, 1_000, 0),
                Says(RUN_CLEARED),
                Fails(60, 1, 0),
                Says(&[]),
                Tick(61),
                Says(RATE_CLEARED),
            ],
        ),
        (
            "a run goes on over a quiet time",
            &[
                Fails(0, 4, 0),
                Tick(60),
                Fails(7_200, 1, 0),
                Says(&[
                    (ErrorRate, true),
                    (ConsecutiveFailures, true),
                    (ErrorRate, false),
                    (ConsecutiveFailures, false),
                    (ConsecutiveFailures, true),
                ]),
            ],
        ),
        (
            "failures an hour apart are consecutive",
            &[
                Fails(0, 1, 0),
                Fails(3_600, 1, 0),
                Fails(7_200, 1, 0),
                Says(&[]),
                Fails(10_800, 1, 0),
                Says(RUN),
            ],
        ),
        (
            "successes that leave the window raise the share",
            &[
                Succeeds(0, 1_000, 0),
                Fails(30, 3, 0),
                Tick(59),
                Says(&[]),
                Tick(60),
                Says(RATE),
            ],
        ),
        (
            "a clock that is set back a little",
            &[
                Fails(40, 4, 0),
                Says(BOTH),
                Tick(0),
                Says(&[]),
                Tick(100),
                Says(BOTH_CLEARED),
            ],
        ),
        (
            "a clock that was an hour ahead",
            &[
                Fails(3_600, 4, 0),
                Says(BOTH),
                Tick(0),
                Says(RATE_CLEARED),
                Tick(60),
                Says(RUN_CLEARED),
            ],
        ),
    ] {
        play(name, steps);
    }
}

#[test]
fn a_transition_says_the_numbers() {
    let mut scope = Escalation::default();
    for _ in 0..5 {
        scope.succeeded(START, 0);
    }
    let said: Vec<_> = (0..4).flat_map(|_| scope.failed(START, 0)).collect();
    let numbers = |rule, failed, consecutive| Transition {
        rule,
        raised: true,
        succeeded: 5,
        failed,
        consecutive,
    };
    let expected = [numbers(ErrorRate, 2, 2), numbers(ConsecutiveFailures, 4, 4)];
    assert_eq!(said, expected);
    assert_eq!(scope.counts(), (5, 4));
}
