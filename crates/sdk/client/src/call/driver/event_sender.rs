//! The events of a session, on a queue that its user may be slow to read.

use tokio::sync::mpsc;

use crate::{CallEvent, call::command_queue::CommandQueue};

/// Sends an event. While the queue is full, commands are taken in: a user that waits to give a command reads no
/// events.
pub(super) async fn send(
    event: CallEvent,
    events: &mpsc::Sender<CallEvent>,
    commands: &mut CommandQueue,
) {
    tokio::select! {
        biased;
        place = events.reserve() => {
            // It fails if the session was dropped, which ends the task.
            if let Ok(place) = place {
                place.send(event);
            }
        }
        () = commands.take_in() => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::join;

    use super::*;
    use crate::call::{command_queue::command_queue, session_command::SessionCommand};

    #[tokio::test]
    async fn commands_are_taken_in_while_an_event_waits() {
        let (events, mut read) = mpsc::channel(1);
        let (give, mut commands) = command_queue(1);
        events.send(CallEvent::Lost).await.unwrap();
        let user = async {
            for _ in 0..100 {
                give.send(SessionCommand::Reconnect).await.unwrap();
            }
            read.recv().await.unwrap();
            read.recv().await.unwrap()
        };
        let sending = send(CallEvent::Lost, &events, &mut commands);
        let (told, ()) = join!(user, sending);
        assert!(matches!(told, CallEvent::Lost));
        commands.close();
        let mut count = 0;
        while commands.next(true, true).await.is_some() {
            count += 1;
        }
        assert_eq!(count, 100);
    }
}
