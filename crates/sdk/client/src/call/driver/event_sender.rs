//! The events of a session, on a queue that its user may be slow to read.

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};

use crate::{CallEvent, call::command_queue::CommandQueue};

/// The time for one event after which its user counts as one that does not read.
const SLOW_READING: Duration = Duration::from_secs(1);

/// Sends an event. While the queue is full, commands are taken in: a user that waits to give a command reads no
/// events. What waited for as long as its user read nothing has not waited for the room service.
pub(super) async fn send(
    event: CallEvent,
    events: &mpsc::Sender<CallEvent>,
    commands: &mut CommandQueue,
) {
    let start = Instant::now();
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
    if start.elapsed() >= SLOW_READING {
        commands.begin();
    }
}

#[cfg(test)]
mod tests {
    use anteroom_client_core::call::command::{Command, CommandOrigin, DeviceKey};
    use tokio::{join, time::sleep};

    use super::*;
    use crate::EraId;
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

    /// The answers of the room service were not read either.
    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_no_event_is_read_makes_no_text_late() {
        let (events, mut read) = mpsc::channel(1);
        let (give, mut commands) = command_queue(1);
        events.send(CallEvent::Lost).await.unwrap();
        let origin = CommandOrigin {
            era: EraId::from_bytes([9; 16]),
            knows_loss: false,
            device_key: DeviceKey::Unread,
        };
        let text = Command::Say("text".to_owned());
        give.send(SessionCommand::Call(origin, text)).await.unwrap();
        let user = async {
            sleep(Duration::from_secs(60)).await;
            read.recv().await.unwrap();
        };
        join!(user, send(CallEvent::Lost, &events, &mut commands));
        let start = Instant::now();
        let late = commands.next(false, true).await;
        assert!(matches!(late, Some(SessionCommand::Event(_))));
        assert_eq!(start.elapsed(), Duration::from_secs(15));
    }
}
