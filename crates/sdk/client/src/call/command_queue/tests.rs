use anteroom_client_core::{
    DemuxId,
    call::{
        command::{Command, CommandOrigin, DeviceKey, Recipient},
        group::GroupCommand,
    },
};
use tokio::time::{advance, timeout};

use super::*;
use crate::EraId;

const ORIGIN: CommandOrigin = CommandOrigin {
    era: EraId::from_bytes([9; 16]),
    knows_loss: false,
    device_key: DeviceKey::Unread,
};

fn say(number: u32) -> SessionCommand {
    SessionCommand::Call(ORIGIN, Command::Say(number.to_string()))
}

fn remove(number: u32) -> SessionCommand {
    let device = DemuxId::new(number * 16).unwrap();
    SessionCommand::Call(ORIGIN, Command::Remove(device))
}

fn number(command: &SessionCommand) -> u32 {
    match command {
        SessionCommand::Call(_, Command::Say(text)) => text.parse().unwrap(),
        SessionCommand::Call(_, Command::Remove(device)) => device.number() / 16,
        _ => panic!("another command"),
    }
}

#[tokio::test]
async fn commands_come_in_their_order_and_only_relays_wait() {
    let (give, mut queue) = command_queue(8);
    for command in [say(1), remove(2), say(3), remove(4), remove(5), say(6)] {
        give.send(command).await.unwrap();
    }
    let mut taken = Vec::new();
    for takes_relays in [true, false, false, true, true, true] {
        let command = queue.next(takes_relays, true).await.unwrap();
        taken.push(number(&command));
    }
    assert_eq!(taken, [1, 2, 4, 3, 5, 6]);
    assert!(queue.is_empty());
    give.send(say(7)).await.unwrap();
    queue.close();
    assert!(queue.next(false, true).await.is_none());
    assert_eq!(number(&queue.next(true, true).await.unwrap()), 7);
    assert!(queue.next(true, true).await.is_none());
    assert!(give.send(say(8)).await.is_err());
}

#[tokio::test]
async fn others_find_a_place_however_many_relays_wait() {
    let (give, mut queue) = command_queue(2);
    for number in 1..=2 {
        give.send(say(number)).await.unwrap();
    }
    for number in 3..=9 {
        give.send(remove(number)).await.unwrap();
        assert_eq!(number_of(queue.next(false, true).await), Some(number));
    }
    assert_eq!(number_of(queue.next(true, true).await), Some(1));
}

fn number_of(command: Option<SessionCommand>) -> Option<u32> {
    command.map(|command| number(&command))
}

fn device(number: u32) -> DemuxId {
    DemuxId::new(number * 16).unwrap()
}

fn approve(number: u32) -> Command {
    Command::Approve {
        device: device(number),
        statement: None,
    }
}

fn unlock() -> Command {
    Command::Group(GroupCommand::Lock(false))
}

/// Returns a text that shows what a command is.
fn shown(command: Option<SessionCommand>) -> String {
    match command {
        Some(SessionCommand::Call(_, Command::Say(text))) => format!("say {text}"),
        Some(SessionCommand::Call(_, command)) => format!("{command:?}"),
        Some(SessionCommand::Event(CallEvent::NotSaid { text, error })) => {
            assert_eq!(error, GroupError::NotTaken);
            format!("not said {text}")
        }
        Some(SessionCommand::Event(event)) => format!("{event:?}"),
        _ => "another command".to_owned(),
    }
}

async fn give(sender: &CommandSender, command: Command) {
    let command = SessionCommand::Call(ORIGIN, command);
    sender.send(command).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_before_the_texts_that_were_written_before() {
    let admissions: [fn() -> Command; 3] = [|| approve(2), || Command::SetApproval(false), unlock];
    for admission in admissions {
        let (sender, mut queue) = command_queue(8);
        // Nothing is before it.
        give(&sender, admission()).await;
        assert_eq!(
            shown(queue.next(false, true).await),
            format!("{:?}", admission())
        );
        sender.send(say(1)).await.unwrap();
        give(&sender, admission()).await;
        for command in [remove(9), say(3)] {
            sender.send(command).await.unwrap();
        }
        let start = Instant::now();
        // A removal does not wait.
        assert_eq!(number_of(queue.next(false, true).await), Some(9));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(shown(queue.next(true, true).await), "say 1");
        assert_eq!(
            shown(queue.next(false, true).await),
            format!("{:?}", admission())
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(shown(queue.next(true, true).await), "say 3");
    }
}

/// A text that was taken waits for a listener still, who is not to be the one that is let in.
#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_while_a_text_that_was_taken_waits() {
    let (sender, mut queue) = command_queue(8);
    sender.send(say(1)).await.unwrap();
    give(&sender, approve(2)).await;
    for command in [say(3), remove(9)] {
        sender.send(command).await.unwrap();
    }
    assert_eq!(shown(queue.next(true, true).await), "say 1");
    assert_eq!(number_of(queue.next(true, false).await), Some(9));
    // Lines that were written after the admission wait with it, and not for their own turn.
    let held = timeout(2 * RELAY_WAIT, queue.next(true, false)).await;
    assert!(held.is_err());
    assert_eq!(
        shown(queue.next(false, true).await),
        format!("{:?}", approve(2))
    );
    let start = Instant::now();
    assert_eq!(shown(queue.next(false, true).await), "not said 3");
    assert_eq!(start.elapsed(), RELAY_WAIT);
    // Lines that were written before an admission do not wait for it.
    sender.send(say(4)).await.unwrap();
    give(&sender, approve(5)).await;
    assert_eq!(shown(queue.next(true, false).await), "say 4");
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_waits_for_long_is_told_as_not_said_and_holds_nobody_outside() {
    let (sender, mut queue) = command_queue(8);
    let message = || Command::Send {
        to: Recipient::All,
        message: b"x".to_vec().into(),
    };
    let name = || Command::Introduce {
        to: Recipient::All,
        name: "Ann".to_owned(),
    };
    for command in [Command::Say("1".to_owned()), message(), name(), approve(2)] {
        give(&sender, command).await;
    }
    let start = Instant::now();
    assert_eq!(shown(queue.next(false, true).await), "not said 1");
    assert_eq!(start.elapsed(), RELAY_WAIT);
    let refused = CallEvent::GroupRefused(GroupError::NotTaken);
    assert_eq!(shown(queue.next(false, true).await), format!("{refused:?}"));
    assert_eq!(
        shown(queue.next(false, true).await),
        format!("{:?}", name())
    );
    assert_eq!(
        shown(queue.next(false, true).await),
        format!("{:?}", approve(2))
    );
    assert_eq!(start.elapsed(), RELAY_WAIT);
    assert!(queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_relay_waits_on_while_others_are_taken_and_from_a_new_connection() {
    let (sender, mut queue) = command_queue(8);
    for number in 1..=3 {
        sender.send(say(number)).await.unwrap();
    }
    advance(RELAY_WAIT - Duration::from_secs(1)).await;
    assert_eq!(shown(queue.next(true, true).await), "say 1");
    let start = Instant::now();
    assert_eq!(shown(queue.next(false, true).await), "not said 2");
    assert_eq!(start.elapsed(), RELAY_WAIT);
    queue.begin();
    assert_eq!(shown(queue.next(false, true).await), "not said 3");
    assert_eq!(start.elapsed(), 2 * RELAY_WAIT);
    sender.send(say(5)).await.unwrap();
    // Copies of what was said before go out meanwhile, and then no more.
    for progress in [1, 2, 3, 3] {
        queue.advance(progress);
        let early = timeout(RELAY_WAIT - Duration::from_secs(8), queue.next(false, true)).await;
        assert!(early.is_err(), "{progress}");
    }
    assert_eq!(shown(queue.next(false, true).await), "not said 5");
    // One that comes later has its own time.
    advance(RELAY_WAIT).await;
    let start = Instant::now();
    let waiting = async {
        tokio::task::yield_now().await;
        sender.send(say(4)).await.unwrap();
    };
    let (told, ()) = tokio::join!(queue.next(false, true), waiting);
    assert_eq!(shown(told), "not said 4");
    assert_eq!(start.elapsed(), RELAY_WAIT);
}

#[tokio::test(start_paused = true)]
async fn an_admission_that_waits_is_not_done_after_what_takes_it_back() {
    let open = || Command::SetApproval(false);
    for (later, remaining) in [
        (
            Command::Remove(device(2)),
            [None, Some(approve(3)), Some(unlock()), Some(open())],
        ),
        (
            Command::Deny(device(2)),
            [None, Some(approve(3)), Some(unlock()), Some(open())],
        ),
        (
            Command::Block(device(4)),
            [None, None, Some(unlock()), Some(open())],
        ),
        (
            Command::Group(GroupCommand::Lock(true)),
            [None, None, None, Some(open())],
        ),
        (
            Command::SetApproval(true),
            [Some(approve(2)), Some(approve(3)), Some(unlock()), None],
        ),
    ] {
        let (sender, mut queue) = command_queue(8);
        for command in [
            Command::Say("1".to_owned()),
            approve(2),
            approve(3),
            unlock(),
            open(),
        ] {
            give(&sender, command).await;
        }
        let expected = format!("{later:?}");
        give(&sender, later).await;
        // One that is given later counts.
        give(&sender, approve(2)).await;
        assert_eq!(shown(queue.next(false, true).await), expected);
        let refused = CallEvent::GroupRefused(GroupError::Overruled);
        for _ in remaining.iter().filter(|one| one.is_none()) {
            assert_eq!(shown(queue.next(false, true).await), format!("{refused:?}"));
        }
        assert_eq!(shown(queue.next(true, true).await), "say 1");
        for command in remaining.into_iter().flatten().chain([approve(2)]) {
            assert_eq!(shown(queue.next(false, true).await), format!("{command:?}"));
        }
        assert!(queue.is_empty());
    }
}
