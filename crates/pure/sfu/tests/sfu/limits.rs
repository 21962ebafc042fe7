//! The limits: of a source, of the call, and of requests.

use anteroom_sfu::{
    limits::{CallMeter, MediaLimits, RequestMeters, SourceLimit, SourceMeter, Verdict},
    source::Source,
    time::Moment,
    token_bucket::TokenBucket,
};
use proptest::prelude::*;

const LIMIT: SourceLimit = SourceLimit {
    bits: 800_000,
    packets: 200,
};

/// Sends packets at a rate for some seconds. Returns how many passed, and whether the source was dropped.
fn send(
    meter: &mut SourceMeter,
    seconds: std::ops::Range<u64>,
    bytes: usize,
    rate: u64,
) -> (u64, bool) {
    let (mut passed, mut is_dropped) = (0, false);
    for packet in 0..(seconds.end - seconds.start) * rate {
        let now = Moment::from_micros(seconds.start * 1_000_000 + packet * 1_000_000 / rate);
        match meter.count(bytes, now) {
            Verdict::Pass => passed += 1,
            Verdict::Throttle => {}
            Verdict::Drop => {
                assert!(!is_dropped, "said once");
                is_dropped = true;
            }
        }
    }
    (passed, is_dropped)
}

#[test]
fn a_source_is_throttled_to_its_rates_and_dropped_after_ten_seconds() {
    // The bytes of a packet, the packets a second, the packets that pass in 8 s at most, and whether the
    // source is dropped within 28 s.
    for (name, bytes, rate, passing, is_dropped) in [
        ("within both", 1_000, 100, 800, false),
        ("a little too much", 1_000, 108, 900, false),
        ("too many bits", 1_000, 150, 900, true),
        ("too many packets", 10, 400, 1_800, true),
        ("ten times too much", 1_000, 1_000, 900, true),
    ] {
        let mut meter = SourceMeter::new(LIMIT);
        let (passed, dropped) = send(&mut meter, 1..9, bytes, rate);
        assert!(
            passed <= passing && passed * 100 >= passing * 88,
            "{name}: {passed}"
        );
        assert!(!dropped, "{name}: too early");
        let (_, dropped) = send(&mut meter, 9..29, bytes, rate);
        assert_eq!(dropped, is_dropped, "{name}");
        let (passed, dropped) = send(&mut meter, 40..42, bytes, rate);
        assert_eq!(passed == 0, is_dropped, "{name}: for good");
        assert!(!dropped, "{name}");
    }
}

#[test]
fn a_source_that_pauses_or_keeps_to_its_limit_for_a_second_is_not_dropped() {
    let mut meter = SourceMeter::new(LIMIT);
    for begin in [10, 21, 32] {
        assert!(!send(&mut meter, begin..begin + 9, 1_000, 300).1);
    }
    let mut meter = SourceMeter::new(LIMIT);
    for begin in [10, 20, 30] {
        assert!(!send(&mut meter, begin..begin + 8, 1_000, 300).1);
        assert!(!send(&mut meter, begin + 8..begin + 10, 1_000, 50).1);
    }
}

#[test]
fn the_sum_of_a_call_drops_pictures_and_no_sound() {
    let limits = MediaLimits {
        call_bits: 80_000,
        ..MediaLimits::default()
    };
    let mut meter = CallMeter::new(&limits);
    let at = Moment::from_millis;
    for packet in 0..10 {
        let source = if packet % 2 == 0 {
            Source::Camera
        } else {
            Source::Screen
        };
        assert!(meter.count(source, 1_000, at(1_000)), "{packet}");
    }
    assert!(!meter.count(Source::Camera, 1_000, at(1_000)));
    for source in [Source::Audio, Source::ScreenAudio] {
        assert!(meter.count(source, 1_000, at(1_000)));
    }
    assert!(!meter.count(Source::Camera, 1_000, at(1_099)));
    assert!(meter.count(Source::Camera, 1_000, at(1_100)));
    for _ in 0..10 {
        assert!(meter.count(Source::Audio, 1_000, at(9_000)));
    }
    assert!(
        !meter.count(Source::Camera, 1_000, at(9_000)),
        "sound counts"
    );
}

#[test]
fn requests_have_their_rates() {
    type Request = fn(&mut RequestMeters, Moment) -> bool;
    // The request, how many pass at once, and the milliseconds until the next one.
    let table: [(&str, Request, u64, u64); 3] = [
        ("offers", RequestMeters::offer, 6, 5_000),
        ("views", RequestMeters::view, 20, 100),
        ("publications", RequestMeters::publication, 8, 500),
    ];
    for (name, request, at_once, wait) in table {
        let mut meters = RequestMeters::default();
        let at = Moment::from_millis;
        for number in 0..at_once {
            assert!(request(&mut meters, at(70_000)), "{name} {number}");
        }
        assert!(!request(&mut meters, at(70_000)), "{name}");
        assert!(!request(&mut meters, at(70_000 + wait - 1)), "{name}");
        assert!(request(&mut meters, at(70_000 + wait)), "{name}");
        assert!(!request(&mut meters, at(70_000 + wait)), "{name}");
    }
}

proptest! {
    /// The caller's limits: five offers, ten views and two publications at once.
    #[test]
    fn requests_that_the_caller_passes_pass_however_they_are_delayed(
        steps in proptest::collection::vec((0_u64..700, 0_u64..900), 1..200),
    ) {
        type Request = fn(&mut RequestMeters, Moment) -> bool;
        let table: [(u64, u64, u64, Request); 3] = [
            (25, 1, 5, RequestMeters::offer),
            (10, 10, 1, RequestMeters::view),
            (2, 2, 1, RequestMeters::publication),
        ];
        for (burst, per_second, cost, request) in table {
            let mut callers = TokenBucket::new(burst, per_second);
            let mut meters = RequestMeters::default();
            let (mut millis, mut arrival) = (70_000, 0);
            for (wait, delay) in &steps {
                millis += wait;
                // Requests do not overtake each other.
                arrival = arrival.max(millis + delay);
                if callers.try_take(cost, Moment::from_millis(millis)) {
                    prop_assert!(request(&mut meters, Moment::from_millis(arrival)));
                }
            }
        }
    }

    /// Five publications wait at most, however long the thread takes.
    #[test]
    fn publications_that_wait_for_long_pass(
        steps in proptest::collection::vec((0_u64..700, proptest::bool::weighted(0.2)), 1..200),
    ) {
        let mut callers = TokenBucket::new(2, 2);
        let mut meters = RequestMeters::default();
        let (mut millis, mut waiting) = (70_000, 0);
        for (wait, is_taken) in steps {
            millis += wait;
            let now = Moment::from_millis(millis);
            if callers.try_take(1, now) {
                waiting = (waiting + 1).min(5);
            }
            if is_taken {
                prop_assert!((0..waiting).all(|_| meters.publication(now)));
                waiting = 0;
            }
        }
    }

    /// In no interval more passes than the burst and the refill of the interval.
    #[test]
    fn a_bucket_passes_no_more_than_its_rate(
        burst in 1_u64..50,
        per_second in 1_u64..50,
        steps in proptest::collection::vec((0_u64..300, 1_u64..10), 1..100),
    ) {
        let mut bucket = TokenBucket::new(burst, per_second);
        let mut millis = 0;
        let mut passed: Vec<(u64, u64)> = Vec::new();
        let mut missing = 0_u64;
        let mut last = 0_u64;
        for (wait, tokens) in steps {
            millis += wait;
            // The naive bucket counts thousandths that are missing.
            missing = missing.saturating_sub((millis - last) * per_second);
            last = millis;
            let holds = missing + tokens * 1_000 <= burst * 1_000;
            prop_assert_eq!(bucket.try_take(tokens, Moment::from_millis(millis)), holds);
            if holds {
                missing += tokens * 1_000;
                passed.push((millis, tokens));
            }
        }
        for (place, (begin, _)) in passed.iter().enumerate() {
            let mut sum = 0;
            for (at, tokens) in &passed[place..] {
                sum += tokens;
                prop_assert!(sum * 1_000 <= burst * 1_000 + (at - begin) * per_second);
            }
        }
    }
}
