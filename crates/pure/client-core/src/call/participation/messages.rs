//! The reading of the room service's messages.

use std::mem;

use anteroom_e2ee_session::{Input, RelayClass, SessionTime};
use anteroom_protocol::{DemuxId, GroupEpoch, media::SessionDescription};
use anteroom_wire::rooms::socket::ServerMessage;
use rand_core::CryptoRng;

use super::{Participation, ResumeState, effects::reach};
use crate::{
    LinkState, RoomsError, TransportFailure,
    call::{
        encryption::Surroundings,
        event::{CallEvent, CallModeration, DenialReason, EndReason},
        media::{MediaEffect, muted, slots, speakers},
        refusal::displayed,
        roster::{Roster, RosterChanges},
        sealing::OpenError,
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
    /// An effect for the connection to the media server.
    Media(MediaEffect),
    /// The participation is over.
    End(EndReason),
}

impl Participation {
    /// Reads a message after the join.
    ///
    /// # Errors
    /// The message does not have the shape of the protocol: the call is over.
    pub fn receive(
        &mut self,
        text: &str,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<MessageEffect, RoomsError> {
        self.relays.pass(time.moment);
        let surroundings = Surroundings { time, rng };
        let event = match text::read(text)? {
            ServerMessage::Participants {
                era_id,
                active,
                pending,
                pending_count,
                revision,
            } => {
                let whole = Roster::parse(&active, &pending, pending_count, &self.hellos)?;
                let state = self.state_in(&era_id)?;
                state.roster = whole;
                state.roster_revision.take_whole(revision);
                self.roster_event(surroundings)
            }
            ServerMessage::Roster {
                era_id,
                mut joined,
                changed,
                left,
                pending_count,
                since,
                revision,
            } => {
                joined.extend(changed);
                let changes = RosterChanges::parse(&joined, &left, pending_count, &self.hellos)?;
                let state = self.state_in(&era_id)?;
                state.roster.apply(changes);
                let now = surroundings.time.moment;
                state.roster_revision.take_changes(since, revision, now);
                self.request_roster(now);
                self.roster_event(surroundings)
            }
            ServerMessage::Admitted { present, statement } => {
                let present = present.map(Into::into);
                let bytes = statement.as_ref().map(|one| one.as_bytes().to_vec());
                let admitted = Input::Admitted {
                    present,
                    statement: bytes,
                };
                self.handle(admitted, surroundings);
                self.admit();
                CallEvent::Admitted { statement }
            }
            ServerMessage::Link { call_link_state } => {
                let state = LinkState::parse(&call_link_state, &self.options.room)?;
                if !state.admin_statement.is_empty() {
                    let policy = state.admin_statement.as_bytes().to_vec();
                    self.handle(Input::Policy(policy), surroundings);
                }
                if let Some(encryption) = &mut self.encryption {
                    encryption.see_link(&state.admin_statement);
                }
                CallEvent::Link(state)
            }
            ServerMessage::Moderation {
                locked,
                approval,
                is_admin,
            } => self.take_moderation(CallModeration {
                is_locked: locked,
                asks_approval: approval,
                is_admin,
            }),
            ServerMessage::Relay { from, body } => {
                return self.receive_relay(parse_demux(from)?, &body, surroundings);
            }
            ServerMessage::Error { code, .. } if code == "displaced" => {
                return Ok(MessageEffect::End(EndReason::Displaced));
            }
            ServerMessage::Error { code, .. } if code == "ended_by_admin" => {
                return Ok(MessageEffect::End(EndReason::EndedByAdmin));
            }
            ServerMessage::Error {
                code,
                message,
                present,
                of,
            } => {
                let (present, of) = (present.map(Into::into), of.as_deref());
                let now = surroundings.time.moment;
                let encryption = self.encryption.as_mut();
                let is_taken =
                    encryption.is_some_and(|one| one.take_error(&code, present, of, surroundings));
                // A client that is in no group misses nothing.
                if is_taken || code == "commits_dropped" {
                    return Ok(MessageEffect::Nothing);
                }
                if code == "rate_limited" || code == "too_large" {
                    self.take_limit(now);
                }
                CallEvent::Refused {
                    code: displayed(&code),
                    message: displayed(&message),
                }
            }
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
            ServerMessage::Commit {
                group,
                epoch,
                from,
                body,
            } => {
                let (from, body) = (parse_demux(from)?, wire::decode(&body)?);
                self.take_sender(from);
                let at = GroupEpoch { group, epoch };
                return Ok(self.handle(Input::Commit { at, from, body }, surroundings));
            }
            ServerMessage::Welcome {
                group,
                epoch,
                from,
                body,
            } => {
                let (from, body) = (parse_demux(from)?, wire::decode(&body)?);
                let at = GroupEpoch { group, epoch };
                return Ok(self.handle(Input::Welcome { at, from, body }, surroundings));
            }
            ServerMessage::Refuse { group, epoch, from } => {
                let at = GroupEpoch { group, epoch };
                let from = parse_demux(from)?;
                return Ok(self.handle(Input::Refuse { at, from }, surroundings));
            }
            ServerMessage::Media {
                session,
                mut answer,
            } => {
                let answer = SessionDescription::new(mem::take(&mut *answer));
                return Ok(MessageEffect::Media(MediaEffect::Answer {
                    session,
                    answer,
                }));
            }
            ServerMessage::Send(wanted) => {
                return Ok(MessageEffect::Media(MediaEffect::Wanted(wanted.into())));
            }
            ServerMessage::Slots { slots: bodies } => CallEvent::Media(slots(&bodies)?),
            ServerMessage::Speakers { speakers: devices } => CallEvent::Media(speakers(&devices)?),
            ServerMessage::Muted { by, source, hold } => {
                CallEvent::Media(muted(by, source.into(), hold)?)
            }
            ServerMessage::Pong { roster_revision } => {
                self.answers.pong();
                let encryption = self.encryption.as_ref();
                let unanswered = self.written.unanswered();
                let unsaid = self.written.acknowledge(|said| reach(encryption, said));
                self.progress += u64::from(self.written.unanswered() < unanswered);
                self.tell_unsaid(unsaid);
                let now = surroundings.time.moment;
                if let Some(state) = &mut self.resume_state {
                    state.roster_revision.compare(roster_revision, now);
                }
                self.request_roster(now);
                return Ok(MessageEffect::Nothing);
            }
            ServerMessage::Unknown => return Ok(MessageEffect::Nothing),
        };
        Ok(MessageEffect::Event(event))
    }

    /// Reads a relayed message: of the group, or sealed under the key of the link.
    fn receive_relay(
        &mut self,
        from: DemuxId,
        body: &str,
        surroundings: Surroundings<'_>,
    ) -> Result<MessageEffect, RoomsError> {
        let body = wire::decode(body)?;
        if RelayClass::of(&body).is_some() {
            return Ok(self.handle(Input::Relay { from, body }, surroundings));
        }
        // Where the link names an admin key, a room service that says it has no groups changes nothing.
        let encryption = self.encryption.as_ref();
        let encryption = encryption.filter(|one| one.is_on() || one.has_admin());
        let resume_state = self.resume_state.as_mut().ok_or(RoomsError::Over)?;
        let event = match resume_state.opener.open(from, &body) {
            Ok(_) if encryption.is_some_and(|one| one.takes_part(from, &resume_state.roster)) => {
                self.has_unstored = true;
                let reason = OpenError::OutsideGroup;
                CallEvent::Unreadable { from, reason }
            }
            Ok(message) => {
                self.has_unstored = true;
                CallEvent::Message { from, message }
            }
            Err(reason) => CallEvent::Unreadable { from, reason },
        };
        Ok(MessageEffect::Event(event))
    }

    /// Passes an input to the session of the device.
    fn handle(&mut self, input: Input, surroundings: Surroundings<'_>) -> MessageEffect {
        if let Some(encryption) = &mut self.encryption {
            encryption.handle(input, surroundings);
        }
        MessageEffect::Nothing
    }

    fn take_sender(&mut self, from: DemuxId) {
        let own = self.resume_state.as_ref().map(|state| state.demux);
        if let Some(encryption) = self.encryption.as_mut().filter(|_| own == Some(from)) {
            encryption.take_own_commit();
        }
    }

    /// Passes the roster to the session, and returns its event.
    fn roster_event(&mut self, surroundings: Surroundings<'_>) -> CallEvent {
        let state = self.resume_state.as_ref();
        let roster = state.map(|state| state.roster.clone()).unwrap_or_default();
        if let Some(encryption) = &mut self.encryption {
            encryption.take_roster(&roster, surroundings);
            return CallEvent::Roster(encryption.shown_roster());
        }
        CallEvent::Roster(roster)
    }

    /// Returns the state of the current seat, for a roster.
    ///
    /// # Errors
    /// The roster belongs to another era, or the device has no seat.
    fn state_in(&mut self, era_id: &str) -> Result<&mut ResumeState, TransportFailure> {
        let era = parse_era(era_id)?;
        match &mut self.resume_state {
            Some(resume_state) if resume_state.era == era => Ok(resume_state),
            _ => Err(TransportFailure::Malformed("a roster of another era")),
        }
    }
}
