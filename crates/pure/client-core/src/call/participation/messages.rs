//! The reading of the room service's messages.

use anteroom_wire::rooms::socket::ServerMessage;

use super::Participation;
use crate::{
    LinkState, RoomsError, TransportFailure,
    call::{
        event::{CallEvent, DenialReason, EndReason},
        refusal::displayed,
        roster::{Roster, RosterChanges},
        text,
    },
    rooms::participant::{parse_demux, parse_era},
    wire,
};

/// The effect of a message from the room service.
#[derive(Debug)]
pub enum MessageEffect {
    /// The caller has nothing to do.
    Nothing,
    /// The call has started at another node. Reconnecting sends the join to it. A device in the lobby has no
    /// more state to move.
    Moved,
    /// An event for the user.
    Event(CallEvent),
    /// The participation is over.
    End(EndReason),
}

impl Participation {
    /// Reads a message after the join.
    ///
    /// # Errors
    /// The message does not have the shape of the protocol: the call is over.
    pub fn receive(&mut self, text: &str) -> Result<MessageEffect, RoomsError> {
        let event = match text::read(text)? {
            ServerMessage::Participants {
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
            ServerMessage::Roster {
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
            ServerMessage::Admitted { statement, .. } => CallEvent::Admitted { statement },
            ServerMessage::Link { call_link_state } => {
                CallEvent::Link(LinkState::parse(&call_link_state, &self.options.room)?)
            }
            ServerMessage::Relay { from, body } => {
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
            ServerMessage::Error { code, .. } if code == "displaced" => {
                return Ok(MessageEffect::End(EndReason::Displaced));
            }
            ServerMessage::Error { code, .. } if code == "ended_by_admin" => {
                return Ok(MessageEffect::End(EndReason::EndedByAdmin));
            }
            // This client is in no group, so that it misses nothing.
            ServerMessage::Error { code, .. } if code == "commits_dropped" => {
                return Ok(MessageEffect::Nothing);
            }
            ServerMessage::Error { code, message, .. } => CallEvent::Refused {
                code: displayed(&code),
                message: displayed(&message),
            },
            ServerMessage::Denied { reason } => {
                let reason = match &*reason {
                    "ended" => DenialReason::Ended,
                    _ => DenialReason::Admin,
                };
                return Ok(MessageEffect::End(EndReason::Denied(reason)));
            }
            ServerMessage::Removed => return Ok(MessageEffect::End(EndReason::Removed)),
            ServerMessage::Blocked => return Ok(MessageEffect::End(EndReason::Blocked)),
            ServerMessage::Redirect { .. } => return Ok(MessageEffect::Moved),
            ServerMessage::Joined(_) => {
                return Err(
                    TransportFailure::Malformed("it answers a join that was not made").into(),
                );
            }
            ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. }
            | ServerMessage::Refuse { .. }
            | ServerMessage::Pong
            | ServerMessage::Unknown => return Ok(MessageEffect::Nothing),
        };
        Ok(MessageEffect::Event(event))
    }

    /// Returns the roster of the current seat.
    ///
    /// # Errors
    /// The message belongs to another era, or the device has no seat.
    fn roster(&mut self, era_id: &str) -> Result<&mut Roster, TransportFailure> {
        let era = parse_era(era_id)?;
        match &mut self.resume_state {
            Some(resume_state) if resume_state.era == era => Ok(&mut resume_state.roster),
            _ => Err(TransportFailure::Malformed("a roster of another era")),
        }
    }
}
