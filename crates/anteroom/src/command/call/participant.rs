//! A participant, whatever shows it: the call, what is known of it, and what can be done.

use anteroom_client::{CallEvent, CallSession, Chat, Ending, Recipient, RoomsError};

use super::{
    input::{HELP, Input},
    view::View,
};

pub(super) struct Participant {
    pub(super) view: View,
    call: CallSession,
    name: Option<String>,
}

/// What came of a moment in the call.
pub(super) enum Moment {
    /// Lines to be shown.
    Lines(Vec<String>),
    /// The last lines; and why, if it was a failure.
    Over(Vec<String>, Option<RoomsError>),
}

impl Participant {
    pub(super) fn new(call: CallSession, name: Option<&str>) -> Self {
        Self {
            view: View::default(),
            call,
            name: name.map(ToOwned::to_owned),
        }
    }

    /// Waits for the next event. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Option<CallEvent> {
        self.call.next().await
    }

    /// Takes an event, and introduces this device to whom it shows.
    pub(super) async fn take(&mut self, event: CallEvent) -> Moment {
        let mut lines = self.view.apply(&event);
        if let CallEvent::Ended(ending) = event {
            let failure = match ending {
                Ending::Failed(error) => Some(error),
                _ => None,
            };
            return Moment::Over(lines, failure);
        }
        for recipient in self.view.take_greetings() {
            if let Some(name) = self.name.clone() {
                let said = self.say(recipient, &Chat::Hello { name }).await;
                lines.extend(complaint(said));
            }
        }
        Moment::Lines(lines)
    }

    /// Does what was typed, and gives lines to be shown.
    pub(super) async fn act(&mut self, input: Input) -> Vec<String> {
        let outcome = match input {
            Input::Nothing | Input::Quit => Ok(()),
            Input::Say(text) => self.say(Recipient::All, &Chat::Text { text }).await,
            Input::Hand(raised) => self.call.raise_hand(raised).await,
            Input::Who => return self.view.everyone(),
            Input::Help => return HELP.iter().map(ToString::to_string).collect(),
            Input::Mistake(why) => return vec![format!("! {why}")],
            Input::Admit(number)
            | Input::Deny(number)
            | Input::Remove(number)
            | Input::Block(number) => {
                let Some(device) = self.view.device(number) else {
                    return vec![format!("! Nobody has the number {number}: /who lists them")];
                };
                match input {
                    Input::Admit(_) => self.call.approve(device).await,
                    Input::Deny(_) => self.call.deny(device).await,
                    Input::Remove(_) => self.call.remove(device).await,
                    _ => self.call.block(device).await,
                }
            }
        };
        complaint(outcome)
    }

    pub(super) async fn leave(self) {
        self.call.leave().await;
    }

    async fn say(&self, to: Recipient, chat: &Chat) -> Result<(), RoomsError> {
        let bytes = chat
            .to_bytes()
            .map_err(|_| RoomsError::Malformed("a line cannot be written as JSON"))?;
        self.call.send(to, &bytes).await
    }
}

fn complaint(outcome: Result<(), RoomsError>) -> Vec<String> {
    match outcome {
        // Why it is over is told by its last event.
        Ok(()) | Err(RoomsError::Over) => Vec::new(),
        Err(error) => vec![format!("! {error}")],
    }
}
