//! Requests for key frames: at once, merged to one a second, repeated until one comes.

use anteroom_sfu::{key_frames::KeyFrameRequests, time::Moment};
use proptest::prelude::*;

#[test]
fn a_request_is_sent_at_once_and_further_ones_after_a_second() {
    enum Step {
        Request,
        KeyFrame,
        Look(bool),
    }
    use Step::{KeyFrame, Look, Request};
    let mut requests = KeyFrameRequests::default();
    // The millisecond, and the step.
    for (millis, step) in [
        (0, Look(false)),
        (5, Request),
        (5, Look(true)),
        (5, Look(false)),
        // Two more are one, a second after the first.
        (300, Request),
        (400, Request),
        (1_004, Look(false)),
        (1_005, Look(true)),
        // A key frame serves all.
        (1_100, KeyFrame),
        (3_000, Look(false)),
        // The next one is sent at once, since the second has passed.
        (3_000, Request),
        (3_000, Look(true)),
        // Unanswered, it is repeated after 1, 2, 4, 8 and 8 seconds.
        (3_999, Look(false)),
        (4_000, Look(true)),
        (5_999, Look(false)),
        (6_000, Look(true)),
        (10_000, Look(true)),
        (18_000, Look(true)),
        (25_999, Look(false)),
        (26_000, Look(true)),
        // A new request does not wait for the repetition.
        (27_500, Request),
        (27_500, Look(true)),
        (28_499, Look(false)),
        (28_500, Look(true)),
    ] {
        let now = Moment::from_millis(millis);
        match step {
            Request => requests.request(now),
            KeyFrame => requests.receive(),
            Look(expected) => assert_eq!(requests.take_due(now), expected, "{millis}"),
        }
    }
    requests.cancel();
    assert_eq!(requests.next_deadline(), None);
}

proptest! {
    /// Never two requests in a second, and none is forgotten until a key frame comes.
    #[test]
    fn requests_are_merged_and_not_forgotten(
        steps in proptest::collection::vec((0_u64..900, 0_u8..3), 1..300),
    ) {
        let mut requests = KeyFrameRequests::default();
        let mut sent: Option<u64> = None;
        let mut is_missing = false;
        let mut asked = 0;
        let mut millis = 0;
        for (wait, kind) in steps {
            millis += wait;
            let now = Moment::from_millis(millis);
            match kind {
                0 => {
                    requests.request(now);
                    is_missing = true;
                    asked = millis;
                }
                1 => {
                    requests.receive();
                    is_missing = false;
                }
                _ => {}
            }
            if requests.take_due(now) {
                prop_assert!(is_missing);
                prop_assert!(sent.is_none_or(|sent| millis - sent >= 1_000));
                sent = Some(millis);
            } else if is_missing {
                let since_sent = sent.map(|sent| millis - sent);
                let was_asked_after = sent.is_none_or(|sent| asked > sent);
                prop_assert!(
                    !was_asked_after || since_sent.is_some_and(|since| since < 1_000),
                    "forgotten"
                );
                prop_assert!(requests.next_deadline() > Some(now));
            }
        }
    }
}
