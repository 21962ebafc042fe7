use std::time::Duration;

use super::{Times, Verdict, judge, text::Text};
use crate::{
    journal::{Entry, Event, Visit},
    message::{Epoch, MessageView},
};

const ANN: Visit = Visit {
    person: 1,
    number: 1,
};
const BOB: Visit = Visit {
    person: 2,
    number: 1,
};
const EVE: Visit = Visit {
    person: 3,
    number: 1,
};
const ERA: [u8; 16] = [1; 16];
const TEXT: Text = Text { token: 7, class: 2 };

/// A journal: Ann and Bob are in from 1 s on, Ann says a text in epoch 1 at 10 s, Eve comes in at 20 s.
struct TestRun(Vec<Entry>);

impl TestRun {
    fn new() -> Self {
        let mut story = Self(Vec::new());
        for visit in [ANN, BOB, EVE] {
            story.add(0, visit, Event::Started);
            story.add(0, visit, Event::Connected);
            story.told(0, visit, MessageView::Joined(ERA));
        }
        story.sent(100, ANN, MessageView::Commit(1, 0));
        story.told(200, ANN, MessageView::Commit(1, 0));
        story.told(200, BOB, MessageView::Welcome(1, 1));
        for visit in [ANN, BOB] {
            story.print(1_000, visit, "You are in the group of 2 people");
        }
        let short = MessageView::GroupMessage(epoch(1), 300);
        story.sent(1_100, ANN, short);
        story.add(10_000, ANN, Event::Typed(TEXT));
        let long = MessageView::GroupMessage(epoch(1), 300 + 64 * 7);
        story.sent(10_010, ANN, long);
        story.sent(20_000, ANN, MessageView::Commit(1, 1));
        story.told(20_000, ANN, MessageView::Commit(1, 1));
        story.told(20_000, BOB, MessageView::Commit(1, 1));
        story.told(20_000, EVE, MessageView::Welcome(1, 2));
        story.print(20_100, EVE, "You are in the group of 3 people");
        story.print(20_100, ANN, "#ab12 \"p03v01\" came into the group, in.");
        story
    }

    fn add(&mut self, millis: u64, visit: Visit, event: Event) {
        let at = Duration::from_millis(millis);
        self.0.push(Entry { at, visit, event });
    }

    fn told(&mut self, millis: u64, visit: Visit, view: MessageView) {
        let is_lost = false;
        self.add(millis, visit, Event::ToPerson { view, is_lost });
    }

    fn sent(&mut self, millis: u64, visit: Visit, view: MessageView) {
        let is_lost = false;
        self.add(millis, visit, Event::ToService { view, is_lost });
    }

    fn print(&mut self, millis: u64, visit: Visit, line: &str) {
        self.add(millis, visit, Event::Printed(line.to_owned()));
    }

    /// Lets a visit read the text.
    fn read(&mut self, millis: u64, visit: Visit) {
        let line = format!("#ab12 \"p01v01\": {}", TEXT.line().trim_end());
        self.print(millis, visit, &line);
    }

    /// Lets Bob merge the commit that adds Eve, and ends the journal.
    fn end(mut self, merged: u64) -> Verdict {
        self.print(merged, BOB, "#ab12 \"p03v01\" came into the group, in.");
        for visit in [ANN, BOB, EVE] {
            let ended = Event::Ended {
                is_wanted: true,
                complaint: String::new(),
            };
            self.add(70_000, visit, ended);
        }
        judge(&self.0, Vec::new())
    }
}

const fn epoch(epoch: u64) -> Epoch {
    Epoch {
        era: ERA,
        group: 1,
        epoch,
    }
}

#[test]
fn a_run_holds_in_which_those_who_were_in_have_read_the_text() {
    let mut story = TestRun::new();
    story.read(10_020, BOB);
    let mut verdict = story.end(20_200);
    assert!(verdict.holds(Times::Judged));
    assert_eq!(verdict.readings.outside, 1);
    assert_eq!(verdict.settlings.judged, 4);
    verdict
        .complaints
        .push("the services have ended".to_owned());
    assert!(!verdict.holds(Times::Judged));
}

#[test]
fn a_text_that_a_member_does_not_read_is_missing() {
    let verdict = TestRun::new().end(20_200);
    assert_eq!(verdict.readings.missing, [(BOB, TEXT.token)]);
    // A member that is stopped has no time to read it.
    let mut story = TestRun::new();
    story.add(20_300, BOB, Event::Stopped);
    let verdict = story.end(20_400);
    assert_eq!(
        (verdict.readings.missing.len(), verdict.readings.excused),
        (0, 1)
    );
}

#[test]
fn a_text_whose_message_no_proxy_saw_belongs_to_the_epochs_until_somebody_reads_it() {
    for (first, is_forbidden) in [(10_500, true), (20_500, false)] {
        let mut story = TestRun::new();
        let long = MessageView::GroupMessage(epoch(1), 300 + 64 * 7);
        story.0.retain(
            |entry| !matches!(&entry.event, Event::ToService { view, .. } if *view == long),
        );
        story.read(first, BOB);
        story.read(22_000, EVE);
        story.0.sort_by_key(|entry| entry.at);
        let verdict = story.end(22_100);
        let forbidden = verdict.readings.forbidden;
        assert_eq!(forbidden == [(EVE, TEXT.token)], is_forbidden, "{first}");
    }
}

#[test]
fn a_visit_that_is_stopped_tells_of_its_entrances_in_their_order() {
    let mut story = TestRun::new();
    story.read(10_020, BOB);
    story.add(30_000, BOB, Event::Stopped);
    story.told(30_010, BOB, MessageView::Welcome(1, 1));
    story.told(30_020, BOB, MessageView::Welcome(2, 1));
    story.add(40_000, BOB, Event::Continued);
    story.print(40_100, BOB, "You are in the group of 3 people");
    story.print(40_200, BOB, "You are in the group of 4 people");
    let verdict = story.end(40_300);
    let stays = verdict.history.visits.get(&BOB).map(|bob| {
        let groups = bob.stays.iter().map(|stay| stay.from.group);
        groups.collect::<Vec<_>>()
    });
    assert_eq!(stays, Some(vec![1, 1, 2]));
}

#[test]
fn a_text_of_an_epoch_before_the_first_one_is_forbidden_and_none_comes_twice() {
    let mut story = TestRun::new();
    story.read(10_020, BOB);
    story.read(10_030, BOB);
    story.read(21_000, EVE);
    let verdict = story.end(20_200);
    assert_eq!(verdict.readings.forbidden, [(EVE, TEXT.token)]);
    assert_eq!(verdict.readings.doubled, [(BOB, TEXT.token)]);
}

#[test]
fn a_commit_is_late_that_a_member_merges_more_than_two_seconds_after_the_first() {
    let mut story = TestRun::new();
    story.read(10_020, BOB);
    let verdict = story.end(22_500);
    let late: Vec<_> = verdict.settlings.late.iter().map(|one| one.1).collect();
    assert_eq!(late, [BOB]);
    // The loss of its roster excuses it.
    let mut story = TestRun::new();
    story.read(10_020, BOB);
    let view = MessageView::Other("roster".to_owned());
    let is_lost = true;
    story.add(19_000, BOB, Event::ToPerson { view, is_lost });
    assert!(story.end(22_500).holds(Times::Judged));
}
