//! Translates messages of the room service into events.

use super::{Driver, Interruption, MAX_TEXT_CHARS};
use crate::{
    LinkState, RoomsError,
    call::{CallEvent, DenialReason, EndReason, Roster, printable, roster::RosterChanges},
    rooms::{parse_demux, parse_era, wire::FromRoom},
    wire,
};

/// The effect of a message from the room service.
enum MessageEffect {
    Nothing,
    /// The call has started at another node.
    Moved,
    Event(CallEvent),
    End(EndReason),
}

impl Driver {
    pub(super) async fn handle_message(&mut self, message: FromRoom) -> Result<(), Interruption> {
        match self.message_effect(message) {
            Ok(MessageEffect::Nothing) => Ok(()),
            Ok(MessageEffect::Event(event)) => {
                self.emit(event).await;
                Ok(())
            }
            // Reconnecting sends the join to the other node. A device in the lobby has no more state to move.
            Ok(MessageEffect::Moved) => Err(Interruption::Lost),
            Ok(MessageEffect::End(end_reason)) => Err(Interruption::Over(end_reason)),
            Err(error) => Err(Interruption::Over(EndReason::Failed(error))),
        }
    }

    fn message_effect(&mut self, message: FromRoom) -> Result<MessageEffect, RoomsError> {
        let event = match message {
            FromRoom::Participants {
                era_id,
                active,
                pending,
                pending_count,
            } => {
                let whole = Roster::parse(&active, &pending, pending_count, &self.hellos)?;
                let roster = self.roster(&era_id)?;
                *roster = whole;
                CallEvent::Roster(roster.clone())
            }
            FromRoom::Roster {
                era_id,
                mut joined,
                changed,
                left,
                pending_count,
            } => {
                joined.extend(changed);
                let changes = RosterChanges::parse(&joined, &left, pending_count, &self.hellos)?;
                let roster = self.roster(&era_id)?;
                roster.apply(changes);
                CallEvent::Roster(roster.clone())
            }
            FromRoom::Admitted => CallEvent::Admitted,
            FromRoom::Link { call_link_state } => {
                CallEvent::Link(LinkState::parse(&call_link_state, &self.options.room)?)
            }
            FromRoom::Relay { from, body } => {
                let from = parse_demux(from)?;
                let resume_state = self.resume_state.as_mut().ok_or(RoomsError::Over)?;
                match resume_state.opener.open(from, &wire::decode(&body)?) {
                    Ok(message) => {
                        self.has_unstored = true;
                        CallEvent::Message { from, message }
                    }
                    Err(reason) => CallEvent::Unreadable { from, reason },
                }
            }
            FromRoom::Error { code, .. } if code == "displaced" => {
                return Ok(MessageEffect::End(EndReason::Displaced));
            }
            FromRoom::Error { code, .. } if code == "ended_by_admin" => {
                return Ok(MessageEffect::End(EndReason::EndedByAdmin));
            }
            FromRoom::Error { code, message } => CallEvent::Refused {
                code: printable(&code, MAX_TEXT_CHARS),
                message: printable(&message, MAX_TEXT_CHARS),
            },
            FromRoom::Denied { reason } => {
                let reason = match reason.as_str() {
                    "ended" => DenialReason::Ended,
                    _ => DenialReason::Admin,
                };
                return Ok(MessageEffect::End(EndReason::Denied(reason)));
            }
            FromRoom::Removed => return Ok(MessageEffect::End(EndReason::Removed)),
            FromRoom::Blocked => return Ok(MessageEffect::End(EndReason::Blocked)),
            FromRoom::Redirect { .. } => return Ok(MessageEffect::Moved),
            FromRoom::Joined(_) => {
                return Err(RoomsError::Malformed("it answers a join that was not made"));
            }
            FromRoom::Pong | FromRoom::Unknown => return Ok(MessageEffect::Nothing),
        };
        Ok(MessageEffect::Event(event))
    }

    /// Returns the roster of the current seat.
    ///
    /// # Errors
    /// The message belongs to another era, or the device has no seat.
    fn roster(&mut self, era_id: &str) -> Result<&mut Roster, RoomsError> {
        let era = parse_era(era_id)?;
        let resume_state = self
            .resume_state
            .as_mut()
            .filter(|resume_state| resume_state.era == era);
        resume_state
            .map(|resume_state| &mut resume_state.roster)
            .ok_or(RoomsError::Malformed("a roster of another era"))
    }
}
