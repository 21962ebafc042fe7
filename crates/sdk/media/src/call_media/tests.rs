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

#[test]
fn offers_without_a_connection_end_and_begin_again_when_the_call_has_come_back() {
    let start = Instant::now();
    let mut now = start;
    let mut media = CallMedia::new(SLOTS, 1, start);
    media.open(now);
    let news = core::iter::from_fn(|| next(&mut media, start, &mut now));
    let news: Vec<News> = news.collect();
    let times = [0, 15, 30, 50, 90, 150, 210, 270, 330, 390];
    let mut expected: Vec<News> = times.into_iter().zip((1..).map(Ok)).collect();
    expected.push((450, Err(GiveUpReason::Unreachable)));
    assert_eq!(news, expected);
    let start = now;
    media.resume(now);
    assert_eq!(next(&mut media, start, &mut now), Some((0, Ok(11))));
    // The answer was lost with the socket.
    media.resume(now);
    assert_eq!(next(&mut media, start, &mut now), Some((5, Ok(12))));
}

#[test]
fn a_refused_offer_is_made_again_after_its_time_three_times() {
    let start = Instant::now();
    let mut now = start;
    let mut media = CallMedia::new(SLOTS, 1, start);
    media.open(now);
    for expected in [(0, Ok(1)), (5, Ok(2)), (15, Ok(3))] {
        assert_eq!(next(&mut media, start, &mut now), Some(expected));
        media.refuse(now);
        // A refusal of something else.
        media.refuse(now);
    }
    let given_up = Some((15, Err(GiveUpReason::Refused)));
    assert_eq!(next(&mut media, start, &mut now), given_up);
    media.resume(now);
    assert_eq!(next(&mut media, start, &mut now), None);
}

#[test]
fn media_that_are_not_there_at_present_are_asked_for_again_and_again() {
    let start = Instant::now();
    let mut now = start;
    let mut media = CallMedia::new(SLOTS, 1, start);
    media.lose(now);
    assert_eq!(next(&mut media, start, &mut now), None);
    let (start, mut now) = (now, now);
    media.open(now);
    for expected in [(0, Ok(1)), (5, Ok(2)), (15, Ok(3)), (35, Ok(4))] {
        assert_eq!(next(&mut media, start, &mut now), Some(expected));
        media.lose(now);
    }
    media.close();
    assert_eq!(next(&mut media, start, &mut now), None);
}
