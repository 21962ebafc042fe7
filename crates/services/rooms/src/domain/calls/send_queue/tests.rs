use anteroom_protocol::media::{MuteOrder, Source};

use super::*;

const MAX_GROUP: usize = 2 * 1024 * 1024;

const CLOSING: ClosingFrame = ClosingFrame {
    code: 1000,
    words: "over",
};

fn message(text: &str, kind: QueueKind) -> OutboundMessage {
    OutboundMessage {
        text: text.to_owned().into(),
        kind,
    }
}

fn send_queue(most_relay_bytes: usize, messages: &[(&str, QueueKind)]) -> SendQueue {
    let send_queue = SendQueue::new(most_relay_bytes, MAX_GROUP);
    for (text, kind) in messages {
        assert_eq!(send_queue.push(message(text, *kind)), PushOutcome::Done);
    }
    send_queue
}

fn drained(send_queue: &SendQueue) -> Vec<String> {
    std::iter::from_fn(|| send_queue.0.state.lock().next())
        .map_while(|next| match next {
            NextAction::Send(message) => Some(String::from_utf8(message.to_vec()).unwrap()),
            NextAction::Close(_) => None,
        })
        .collect()
}

#[test]
fn control_comes_out_before_relays_and_only_the_newest_of_what_replaces() {
    let send_queue = send_queue(
        100,
        &[
            ("relay 1", QueueKind::Relay),
            ("a", QueueKind::Answer),
            ("roster 1", QueueKind::Roster),
            ("changes 1", QueueKind::RosterChanges),
            ("link 1", QueueKind::Link),
            ("statement 1", QueueKind::Statement),
            ("pong", QueueKind::Pong),
            ("roster 2", QueueKind::Roster),
            ("relay 2", QueueKind::Relay),
            ("changes 2", QueueKind::RosterChanges),
            ("link 2", QueueKind::Link),
            ("statement 2", QueueKind::Statement),
            ("pong", QueueKind::Pong),
            ("b", QueueKind::Answer),
        ],
    );
    let expected = [
        "a",
        "roster 2",
        "pong",
        "changes 2",
        "link 2",
        "statement 2",
        "b",
        "relay 1",
        "relay 2",
    ];
    assert_eq!(drained(&send_queue), expected);
    assert_eq!(send_queue.0.state.lock().relay_bytes, 0);
}

#[test]
fn states_of_media_replace_each_other_and_of_orders_each_kind_waits_once() {
    let audio = |order| QueueKind::Muted(Source::Audio, order);
    let camera = QueueKind::Muted(Source::Camera, MuteOrder::Mute);
    let send_queue = send_queue(
        100,
        &[
            ("relay", QueueKind::Relay),
            ("answer 1", QueueKind::Answer),
            ("slots 1", QueueKind::Slots),
            ("send 1", QueueKind::Wanted),
            ("speakers 1", QueueKind::Speakers),
            ("hold 1", audio(MuteOrder::Hold)),
            ("camera", camera),
            ("release 1", audio(MuteOrder::Release)),
            ("slots 2", QueueKind::Slots),
            ("hold 2", audio(MuteOrder::Hold)),
            ("speakers 2", QueueKind::Speakers),
            ("send 2", QueueKind::Wanted),
            ("answer 2", QueueKind::Answer),
        ],
    );
    let expected = [
        "answer 1",
        "camera",
        "release 1",
        "slots 2",
        "hold 2",
        "speakers 2",
        "send 2",
        "answer 2",
        "relay",
    ];
    assert_eq!(drained(&send_queue), expected);
}

#[test]
fn a_relay_that_does_not_fit_is_dropped_with_one_error_until_one_fits_again() {
    let send_queue = send_queue(
        10,
        &[
            ("12345", QueueKind::Relay),
            ("67890", QueueKind::Relay),
            ("1", QueueKind::Relay),
            ("2", QueueKind::Relay),
            ("control", QueueKind::Answer),
        ],
    );
    let error = r#"{"type":"error","code":"relay_dropped","#;
    let sent = drained(&send_queue);
    assert!(sent[0].starts_with(error), "{}", sent[0]);
    assert_eq!(sent[1..], ["control", "12345", "67890"]);
    for text in ["1234567890", "3", "4"] {
        assert_eq!(
            send_queue.push(message(text, QueueKind::Relay)),
            PushOutcome::Done
        );
    }
    let sent = drained(&send_queue);
    assert_eq!(sent.len(), 2);
    assert!(sent[0].starts_with(error), "{}", sent[0]);
}

#[test]
fn control_never_grows_without_bound_and_never_ends_the_connection() {
    let send_queue = SendQueue::new(10, MAX_GROUP);
    let kib = "x".repeat(1024);
    let mut missed = 0;
    for _ in 0..10_000 {
        for kind in [
            QueueKind::Roster,
            QueueKind::Link,
            QueueKind::Moderation,
            QueueKind::Statement,
            QueueKind::Pong,
        ] {
            assert_eq!(send_queue.push(message(&kib, kind)), PushOutcome::Done);
        }
    }
    assert_eq!(drained(&send_queue).len(), 5);
    for _ in 0..1_000 {
        let pushed = send_queue.push(message(&kib, QueueKind::RosterChanges));
        missed += usize::from(pushed == PushOutcome::RosterMissed);
        let bytes = send_queue.0.state.lock().bytes_of(QueueKind::RosterChanges);
        assert!(bytes <= MAX_CHANGES, "{bytes}");
    }
    // The last of 257 consecutive messages does not fit.
    assert_eq!(missed, 3);
}

#[test]
fn a_whole_roster_stays_before_the_commit_that_follows_a_roster() {
    let send_queue = send_queue(
        10,
        &[
            ("roster 1", QueueKind::Roster),
            ("commit 1", QueueKind::Group),
            ("changes 1", QueueKind::RosterChanges),
            ("commit 2", QueueKind::Group),
            ("roster 2", QueueKind::Roster),
        ],
    );
    assert_eq!(drained(&send_queue), ["roster 2", "commit 1", "commit 2"]);
    // Changes that do not fit are followed by a whole roster, which takes the place of the first of them.
    let long = "x".repeat(MAX_CHANGES - 1);
    for (text, kind, outcome) in [
        ("y", QueueKind::RosterChanges, PushOutcome::Done),
        (&long, QueueKind::RosterChanges, PushOutcome::Done),
        ("z", QueueKind::RosterChanges, PushOutcome::RosterMissed),
        ("commit 3", QueueKind::Group, PushOutcome::Done),
        ("roster 3", QueueKind::Roster, PushOutcome::Done),
    ] {
        assert_eq!(send_queue.push(message(text, kind)), outcome);
    }
    assert_eq!(drained(&send_queue), ["roster 3", "commit 3"]);
}

#[test]
fn a_newer_statement_or_link_comes_after_what_happened_before_it_and_before_what_leans_on_it() {
    for kind in [QueueKind::Statement, QueueKind::Link, QueueKind::Moderation] {
        let send_queue = send_queue(
            10,
            &[
                ("admitted", QueueKind::Answer),
                ("1", kind),
                ("commit 1", QueueKind::Group),
                ("roster", QueueKind::Roster),
                ("2", kind),
                ("commit 2", QueueKind::Group),
            ],
        );
        let expected = ["admitted", "commit 1", "roster", "2", "commit 2"];
        assert_eq!(drained(&send_queue), expected, "{kind:?}");
    }
}

#[test]
fn a_commit_waits_for_the_whole_roster_that_replaces_changes() {
    let (whole, half) = ("x".repeat(MAX_CHANGES + 1), "y".repeat(MAX_CHANGES / 2 + 1));
    for changes in [vec![&whole], vec![&half, &half]] {
        let send_queue = send_queue(10, &[("a", QueueKind::Answer)]);
        for (number, text) in (1..).zip(&changes) {
            let outcome = match number == changes.len() {
                true => PushOutcome::RosterMissed,
                false => PushOutcome::Done,
            };
            let pushed = send_queue.push(message(text, QueueKind::RosterChanges));
            assert_eq!(pushed, outcome);
        }
        let pushed = send_queue.push(message("commit", QueueKind::Group));
        assert_eq!(pushed, PushOutcome::Done);
        // The client's task sends meanwhile.
        assert_eq!(drained(&send_queue), ["a"]);
        let pushed = send_queue.push(message("roster", QueueKind::Roster));
        assert_eq!(pushed, PushOutcome::Done);
        assert_eq!(drained(&send_queue), ["roster", "commit"]);
    }
}

#[test]
fn a_connection_that_closes_waits_for_no_roster() {
    let changes = "x".repeat(MAX_CHANGES + 1);
    let send_queue = SendQueue::new(10, MAX_GROUP);
    let pushed = send_queue.push(message(&changes, QueueKind::RosterChanges));
    assert_eq!(pushed, PushOutcome::RosterMissed);
    send_queue.close(CLOSING);
    let next = send_queue.0.state.lock().next();
    assert_eq!(next, Some(NextAction::Close(CLOSING)));
}

#[test]
fn messages_of_the_group_are_dropped_all_together_beyond_their_bound() {
    let send_queue = SendQueue::new(10, MAX_GROUP);
    let commit = "x".repeat(128 * 1024);
    for _ in 0..MAX_GROUP / commit.len() {
        assert_eq!(
            send_queue.push(message(&commit, QueueKind::Group)),
            PushOutcome::Done
        );
    }
    let queued = [
        ("a", QueueKind::Answer),
        ("commit 2", QueueKind::Group),
        ("b", QueueKind::Answer),
        ("commit 3", QueueKind::Group),
    ];
    for (text, kind) in queued {
        assert_eq!(send_queue.push(message(text, kind)), PushOutcome::Done);
    }
    let sent = drained(&send_queue);
    let error = r#"{"type":"error","code":"commits_dropped","#;
    assert!(sent[1].starts_with(error), "{}", sent[1]);
    assert_eq!(sent.len(), 5);
    assert_eq!((&*sent[0], &*sent[2]), ("a", "commit 2"));
    assert_eq!(sent[3..], ["b", "commit 3"]);
}

#[test]
fn one_notice_waits_however_many_messages_of_the_group_are_dropped() {
    let send_queue = SendQueue::new(10, MAX_GROUP);
    let commit = "x".repeat(128 * 1024);
    for _ in 0..1_000 {
        assert_eq!(
            send_queue.push(message(&commit, QueueKind::Group)),
            PushOutcome::Done
        );
        let state = send_queue.0.state.lock();
        assert!(state.bytes_of(QueueKind::Group) <= MAX_GROUP);
        assert!(state.bytes_of(QueueKind::GroupDropped) < 200);
    }
}

#[test]
fn a_connection_that_closes_sends_no_waiting_message_of_the_group() {
    let commit = "x".repeat(MAX_GROUP);
    for closes in [
        |queue: &SendQueue| queue.close(CLOSING),
        |queue: &SendQueue| queue.redirect("wss://other"),
    ] {
        let send_queue = send_queue(
            10,
            &[
                ("a", QueueKind::Answer),
                (&commit, QueueKind::Group),
                (&commit, QueueKind::Group),
                ("removed", QueueKind::Answer),
            ],
        );
        closes(&send_queue);
        let state = send_queue.0.state.lock();
        let bytes = [QueueKind::Group, QueueKind::GroupDropped].map(|kind| state.bytes_of(kind));
        drop(state);
        assert_eq!(bytes, [0, 0]);
        assert_eq!(drained(&send_queue)[..2], ["a", "removed"]);
    }
}

#[tokio::test]
async fn whoever_does_not_read_the_answers_is_not_read_until_then() {
    let send_queue = send_queue(10, &[]);
    send_queue.has_room().await;
    let answer = "x".repeat(MAX_ANSWERS);
    for _ in 0..2 {
        assert_eq!(
            send_queue.push(message(&answer, QueueKind::Answer)),
            PushOutcome::Done
        );
    }
    let read = async {
        // The client is not read before the first answers are sent.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        send_queue.next().await
    };
    let has_room = std::pin::pin!(send_queue.has_room());
    let ((), sent) = tokio::join!(has_room, read);
    assert!(matches!(sent, NextAction::Send(_)));
    assert_eq!(drained(&send_queue).len(), 1);
}

#[tokio::test]
async fn what_was_sent_before_the_close_still_goes_out() {
    let send_queue = send_queue(
        10,
        &[("last", QueueKind::Answer), ("relay", QueueKind::Relay)],
    );
    send_queue.close(CLOSING);
    let late = send_queue.push(message("late", QueueKind::Answer));
    assert_eq!(late, PushOutcome::Done);
    send_queue.closed().await;
    assert_eq!(
        send_queue.next().await,
        NextAction::Send("last".to_owned().into())
    );
    assert_eq!(
        send_queue.next().await,
        NextAction::Send("relay".to_owned().into())
    );
    assert_eq!(send_queue.next().await, NextAction::Close(CLOSING));
}
