//! One device's part in a call: the messages to send, and the reading of the received ones.

mod answers;
mod command_gates;
mod commands;
mod doubtful_texts;
mod effects;
mod media;
mod messages;
mod moderation;
mod outside_copies;
mod relay_budget;
mod said_media;
mod ticks;
mod written_texts;

use std::{borrow::Cow, collections::VecDeque};

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::SessionTime;
use anteroom_protocol::{DemuxId, EraId, RoomId, Timestamp};
use anteroom_wire::rooms::socket::{
    ClientMessage, JoinMessage, JoinedMessage, RosterUpdates, ServerMessage,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use self::{
    answers::Answers, doubtful_texts::DoubtfulTexts, relay_budget::RelayBudget,
    said_media::SaidMedia, written_texts::WrittenTexts,
};
pub use self::{effects::ParticipationEffect, messages::MessageEffect};
use super::{
    encryption::{Effect, Encryption, Surroundings},
    event::{CallEvent, CallModeration, SeatInfo, SeatStatus},
    hello::HelloCodec,
    join::{JoinAnswer, JoinOptions, JoinedSeat},
    media::{MEDIA, MediaConfig},
    member::{CallMember, user_devices},
    refusal::{refusal, refusal_with_member},
    replay::SenderCounters,
    roster::Roster,
    roster_revision::{ROSTERS, RosterRevision},
    sealing::{EraKey, MessageOpener, MessageSealer},
    text,
};
use crate::{
    LinkState, RoomsError, TransportFailure,
    rooms::participant::{parse_demux, parse_era},
};

/// One device's part in a call, without its connection.
pub struct Participation {
    options: JoinOptions,
    hellos: HelloCodec,
    resume_state: Option<ResumeState>,
    encryption: Option<Encryption>,
    /// Whether the link names an admin key, although this device takes no part in the encryption.
    names_admin: bool,
    effects: VecDeque<Effect>,
    /// The copies for devices without end-to-end encryption, behind the other effects.
    copies: VecDeque<Effect>,
    written: WrittenTexts,
    doubtful: DoubtfulTexts,
    relays: RelayBudget,
    answers: Answers,
    /// The sources that the device sends, and its view.
    said_media: SaidMedia,
    /// The number of steps in which the room service has taken something ([`Self::progress`]).
    progress: u64,
    /// Whether messages were received whose counters the replay store does not have yet.
    has_unstored: bool,
}

/// The state that outlives a connection: everything that resuming the seat needs.
struct ResumeState {
    demux: DemuxId,
    era: EraId,
    resume: Zeroizing<String>,
    sealer: MessageSealer,
    opener: MessageOpener,
    roster: Roster,
    roster_revision: RosterRevision,
    /// Whether the room service delivers statements.
    has_statements: bool,
    /// Whether the room service tells the whole roster on request.
    tells_rosters: bool,
    /// Whether the call has media for the device.
    has_media: bool,
    /// Whether the device is in the call, and not in its lobby.
    is_active: bool,
    /// The lock, the approval and the rights, of a room service that tells them.
    moderation: Option<CallModeration>,
}

/// The feature of room services that deliver statements.
const STATEMENTS: &str = "statements";

impl Participation {
    /// Creates the part of a device that has no seat yet.
    #[must_use]
    pub fn new(options: JoinOptions) -> Self {
        Self {
            hellos: HelloCodec::new(&options.room, options.pass.aci()),
            encryption: Encryption::new(&options),
            options,
            resume_state: None,
            names_admin: false,
            effects: VecDeque::new(),
            copies: VecDeque::new(),
            written: WrittenTexts::default(),
            doubtful: DoubtfulTexts::default(),
            relays: RelayBudget::default(),
            answers: Answers::default(),
            said_media: SaidMedia::default(),
            progress: 0,
            has_unstored: false,
        }
    }

    /// States that the link names an admin key: a device that takes no part in the encryption
    /// ([`JoinOptions::member`]) says nothing then, since everybody with the link could read it.
    pub const fn name_admin(&mut self) {
        self.names_admin = true;
    }

    /// Returns the room.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.options.room.room_id()
    }

    /// Returns the `join` that asks for a seat: for the former one, if there is one. `has_features` is false
    /// for a room service that refuses members it does not know. The member key is never left out: a
    /// presentation that is made for none could be shown with another key.
    ///
    /// # Errors
    /// The credential cannot be presented, or the name not be sealed.
    pub fn join<R: CryptoRng + ?Sized>(
        &self,
        has_features: bool,
        rng: &mut R,
    ) -> Result<Zeroizing<String>, RoomsError> {
        let room = &self.options.room;
        let key = self.options.member.as_ref().map(CallMember::key);
        let member = key.map(|key| key.named());
        let presentation = self.options.pass.present(room, member.as_ref(), rng)?;
        let hello = match has_features {
            true => self.hellos.seal(self.options.name.as_deref(), key, rng)?,
            false => None,
        };
        let passkey = self.options.passkey.as_ref();
        let have = self.encryption.as_ref().and_then(Encryption::have);
        let resume_state = self.resume_state.as_ref();
        Ok(text::write(&ClientMessage::Join(Box::new(JoinMessage {
            room_id: room.room_id().to_hex(),
            epoch: room.epoch(),
            auth: presentation,
            admin_passkey: passkey.map(|passkey| passkey.as_bytes().as_slice().into()),
            resume: resume_state.map(|resume_state| resume_state.resume.clone()),
            roster: if has_features {
                RosterUpdates::Delta
            } else {
                RosterUpdates::Whole
            },
            hello,
            member,
            have: resume_state.and(have).map(Into::into),
        })))?)
    }

    /// Reads a message as the answer to a join; `None` for a message of a later version, which another one
    /// follows. `time` is the room service's.
    ///
    /// # Errors
    /// The room service refuses the join; the message does not answer it.
    pub fn read_join_answer(
        &self,
        text: &str,
        has_features: bool,
        time: Option<Timestamp>,
    ) -> Result<Option<JoinAnswer>, RoomsError> {
        Ok(Some(match text::read(text)? {
            ServerMessage::Joined(joined) => {
                JoinAnswer::Joined(Box::new(self.parse_joined(*joined)?))
            }
            ServerMessage::Redirect { url } => JoinAnswer::Redirect(url.into_owned()),
            ServerMessage::Error { code, .. } if code == "invalid_message" && has_features => {
                JoinAnswer::NoFeatures
            }
            ServerMessage::Error { code, message, .. } if self.options.member.is_some() => {
                return Err(refusal_with_member(&code, &message, time));
            }
            ServerMessage::Error { code, message, .. } => {
                return Err(refusal(&code, &message, time));
            }
            ServerMessage::Blocked => {
                let message = "an admin has blocked this user in this call";
                return Err(refusal("blocked", message, time));
            }
            ServerMessage::Unknown => return Ok(None),
            _ => return Err(TransportFailure::Malformed("it does not answer the join").into()),
        }))
    }

    fn parse_joined(&self, body: JoinedMessage<'_>) -> Result<JoinedSeat, TransportFailure> {
        let demux = parse_demux(body.demux_id)?;
        let era = parse_era(&body.era_id)?;
        let (moderation, is_admin) = Self::read_moderation(&body);
        let has_media = body.features.iter().any(|feature| feature == MEDIA);
        let has_media = has_media && self.options.member.is_some();
        let roster = Roster::parse(
            &body.participants,
            &body.pending,
            body.pending_count,
            &self.hellos,
        )?;
        Ok(JoinedSeat {
            info: SeatInfo {
                demux,
                era,
                status: body.status,
                is_admin,
                max_devices: body.max_devices,
                roster,
                link: LinkState::parse(&body.call_link_state, &self.options.room)?,
                media: body
                    .media_config
                    .filter(|_| has_media)
                    .map(MediaConfig::parse),
                features: body.features.into_iter().map(Cow::into_owned).collect(),
                statement: body.statement,
            },
            max_devices_per_user: body.max_devices_per_user,
            resume: body.resume,
            present: body.present.map(Into::into),
            roster_revision: body.roster_revision,
            missed: body.missed.unwrap_or_default(),
            moderation,
        })
    }

    /// Drops the state of a former seat in another era. Returns whether there is one in this era, whose
    /// counters of received messages [`Self::enter`] continues.
    pub fn continues_era(&mut self, era: EraId) -> bool {
        let former = self.resume_state.take();
        self.resume_state = former.filter(|former| former.era == era);
        self.resume_state.is_some()
    }

    /// Takes a seat, and returns the event: `Joined` or `Restored`. `counters` are those that earlier sessions
    /// in the era have received; a former seat's continue instead, so that no message is accepted twice.
    pub fn enter(
        &mut self,
        seat: JoinedSeat,
        counters: SenderCounters,
        time: SessionTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> CallEvent {
        let JoinedSeat {
            info,
            max_devices_per_user,
            resume,
            present,
            roster_revision,
            missed,
            moderation,
        } = seat;
        let (demux, era) = (info.demux, info.era);
        let former = self.resume_state.take();
        let former = former.filter(|former| former.era == era);
        let same_seat = former.as_ref().is_some_and(|former| former.demux == demux);
        self.drop_unsent(former.is_some(), same_seat);
        self.written.reconnect(time.moment);
        let known = former.as_ref().and_then(|former| former.moderation);
        self.doubtful.reconnect(time.moment);
        let key = || EraKey::derive(&self.options.room, era);
        let (sealer, opener) = match former {
            Some(former) if same_seat => (former.sealer, former.opener),
            Some(former) => (MessageSealer::new(key(), demux), former.opener),
            None => (
                MessageSealer::new(key(), demux),
                MessageOpener::with_counters(key(), counters),
            ),
        };
        let has = |wanted: &str| info.features.iter().any(|feature| feature == wanted);
        self.resume_state = Some(ResumeState {
            demux,
            era,
            resume,
            sealer,
            opener,
            roster: info.roster.clone(),
            roster_revision: RosterRevision::of(roster_revision),
            has_statements: has(STATEMENTS),
            tells_rosters: has(ROSTERS),
            has_media: info.media.is_some(),
            is_active: info.status == SeatStatus::Active,
            moderation,
        });
        if let Some(encryption) = &mut self.encryption {
            encryption.allow_devices(user_devices(max_devices_per_user));
            encryption.enter(&info, (present, missed), Surroundings { time, rng });
        }
        self.enter_moderation(&info, known);
        self.publish_again(same_seat);
        if same_seat && info.status == SeatStatus::Active {
            CallEvent::Restored {
                roster: info.roster,
                statement: info.statement,
            }
        } else {
            CallEvent::Joined(Box::new(info))
        }
    }

    fn has_statements(&self) -> bool {
        let state = self.resume_state.as_ref();
        state.is_some_and(|state| state.has_statements)
    }

    /// Returns whether a statement of this person is on its way to the members of the group: a removal that is neither
    /// known to be done nor told as not confirmed, or another one that is not committed.
    #[must_use]
    pub fn has_pending_statements(&self) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.is_some_and(Encryption::has_pending_statements)
    }

    /// Returns whether a ping was not answered yet: the room service may not have read what was written before.
    #[must_use]
    pub const fn awaits_pong(&self) -> bool {
        self.answers.awaits_pong()
    }

    /// Returns whether a ping was not answered for so long that the connection counts as lost.
    #[must_use]
    pub fn lacks_pong(&self, now: Moment) -> bool {
        self.answers.is_late(now)
    }

    /// Returns the era of the seat; `None` before the first one.
    #[must_use]
    pub fn era(&self) -> Option<EraId> {
        self.resume_state.as_ref().map(|state| state.era)
    }

    /// Returns whether decisions or hands were sent on this connection of which the room service has not shown that
    /// it has read them.
    #[must_use]
    pub const fn has_unanswered(&self) -> bool {
        self.answers.has_unanswered()
    }

    /// Returns the era and the counters of received messages, if some of them are not marked as stored.
    #[must_use]
    pub fn unstored_counters(&self) -> Option<(EraId, &SenderCounters)> {
        let resume_state = self.resume_state.as_ref().filter(|_| self.has_unstored)?;
        Some((resume_state.era, resume_state.opener.counters()))
    }

    /// Marks the counters of all messages received so far as stored.
    pub fn mark_stored(&mut self) {
        self.has_unstored = false;
    }
}

#[cfg(test)]
mod tests;
