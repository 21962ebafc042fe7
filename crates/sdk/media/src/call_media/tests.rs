//! Offers that lead to nothing.

use super::*;
use crate::event::GiveUpReason;

const SLOTS: SlotCounts = SlotCounts { audio: 1, video: 1 };

/// News: the seconds since the start, and an offer's number, or the reason why there are no more.
type News = (u64, Result<u64, GiveUpReason>);

/// Lets the time pass until something happens, for an hour.
fn next(media: &mut CallMedia, start: Instant, now: &mut Instant) -> Option<News> {
    while now.saturating_duration_since(start) < Duration::from_secs(3_600) {
        let seconds = (*now - start).as_secs();
        match media.poll_output(*now) {
            MediaOutput::Wait(at) => {
                *now = at.max(*now + Duration::from_millis(1));
                media.advance(*now);
            }
            MediaOutput::Offer(offer) => {
                assert_eq!(offer.slots.len(), 2);
                return Some((seconds, Ok(offer.session)));
            }
            MediaOutput::Event(MediaEvent::GivenUp(reason)) => return Some((seconds, Err(reason))),
            _ => {}
        }
    }
    None
}

/// Checks that the next news come within a time, in seconds, of the ones before.
fn follows(
    media: &mut CallMedia,
    now: &mut Instant,
    within: (u64, u64),
    expected: Result<u64, GiveUpReason>,
) {
    let before = *now;
    let (seconds, news) = next(media, before, now).unwrap();
    assert_eq!(news, expected);
    let (least, most) = within;
    assert!((least..=most).contains(&seconds), "{seconds} s: {news:?}");
}

#[test]
fn offers_without_a_connection_end_and_begin_again_when_the_call_has_come_back() {
    let mut now = Instant::now();
    let mut media = CallMedia::new(SLOTS, 1, now);
    media.open(now);
    follows(&mut media, &mut now, (0, 0), Ok(1));
    let pauses = [(15, 15), (15, 20), (20, 40), (40, 80)].into_iter();
    let pauses = pauses.chain([(60, 120); 5]);
    for (within, number) in pauses.zip(2..) {
        follows(&mut media, &mut now, within, Ok(number));
    }
    let end = Err(GiveUpReason::Unreachable);
    follows(&mut media, &mut now, (60, 120), end);
    media.resume(now);
    follows(&mut media, &mut now, (0, 0), Ok(11));
    // The answer was lost with the socket.
    media.resume(now);
    follows(&mut media, &mut now, (5, 10), Ok(12));
}

#[test]
fn a_refused_offer_is_made_again_after_its_time_three_times() {
    let mut now = Instant::now();
    let mut media = CallMedia::new(SLOTS, 1, now);
    media.open(now);
    for (within, number) in [((0, 0), 1), ((5, 10), 2), ((10, 20), 3)] {
        follows(&mut media, &mut now, within, Ok(number));
        media.refuse(now);
        // A refusal of something else.
        media.refuse(now);
    }
    let end = Err(GiveUpReason::Refused);
    follows(&mut media, &mut now, (0, 0), end);
    let start = now;
    assert_eq!(next(&mut media, start, &mut now), None);
    // The call has come back, and what was refused may be taken by now.
    media.resume(now);
    follows(&mut media, &mut now, (0, 0), Ok(4));
}

#[test]
fn media_that_are_not_there_at_present_are_asked_for_again_and_again() {
    let mut now = Instant::now();
    let mut media = CallMedia::new(SLOTS, 1, now);
    media.lose(now);
    let start = now;
    assert_eq!(next(&mut media, start, &mut now), None);
    media.open(now);
    for (within, number) in [
        ((0, 0), 1),
        ((5, 10), 2),
        ((10, 20), 3),
        ((20, 40), 4),
        ((40, 80), 5),
    ] {
        follows(&mut media, &mut now, within, Ok(number));
        media.lose(now);
    }
    media.close();
    let start = now;
    assert_eq!(next(&mut media, start, &mut now), None);
}
