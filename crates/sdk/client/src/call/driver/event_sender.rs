//! The events of a session, on a queue that its user may be slow to read.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::CallEvent;

/// The maximum number of commands that are taken in while an event waits. The largest call has fewer devices, to
/// each of which a client may want to say its name.
const MAX_EARLY: usize = 4096;

/// Sends an event. While the queue is full, commands are taken in: a user that waits to give a command reads no
/// events.
pub(super) async fn send<C>(
    event: CallEvent,
    events: &mpsc::Sender<CallEvent>,
    (commands, early): (&mut mpsc::Receiver<C>, &mut VecDeque<C>),
) {
    loop {
        tokio::select! {
            biased;
            place = events.reserve() => {
                // It fails if the session was dropped, which ends the task.
                if let Ok(place) = place {
                    place.send(event);
                }
                return;
            }
            Some(command) = commands.recv(), if early.len() < MAX_EARLY => {
                early.push_back(command);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::join;

    use super::*;

    #[tokio::test]
    async fn commands_are_taken_in_while_an_event_waits() {
        let (events, mut read) = mpsc::channel(1);
        let (give, mut commands) = mpsc::channel(1);
        let mut early = VecDeque::new();
        events.send(CallEvent::Lost).await.unwrap();
        let user = async {
            for number in 0..100 {
                give.send(number).await.unwrap();
            }
            read.recv().await.unwrap();
            read.recv().await.unwrap()
        };
        let sending = send(CallEvent::Lost, &events, (&mut commands, &mut early));
        let (told, ()) = join!(user, sending);
        assert!(matches!(told, CallEvent::Lost));
        let rest = std::iter::from_fn(|| commands.try_recv().ok());
        let all: Vec<i32> = early.into_iter().chain(rest).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}
