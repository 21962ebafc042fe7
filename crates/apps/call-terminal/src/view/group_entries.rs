//! The group of the end-to-end encryption, in sentences and in words for rows.

use std::{iter, mem};

use anteroom_client::{
    BarState, CallEvent, CertificateStatus, ContextError, DemuxId, GroupEvent, JoinError,
    LeaveReason, Listing, Participant, RemovalReason, StopReason,
};

use super::{
    View, group::Membership, moderation::MODERATION_UNSUPPORTED, silence_news::SilenceNews, words,
};
use crate::{entry::Entry, presence::Change, role::Role};

impl View {
    /// Returns whether the call is locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.is_group_locked() || self.is_locked_by_service()
    }

    /// Returns whether the members let nobody new in.
    pub(super) fn is_group_locked(&self) -> bool {
        let state = self.group.state.as_ref();
        state.is_some_and(|state| state.is_locked)
    }

    /// Returns whether an admin's device passes the decisions of this co-admin on.
    pub(crate) fn passes_on(&self) -> bool {
        !self.is_admin && !self.has_service_rights() && self.is_co_admin()
    }

    /// Returns whether the members take this person for a co-admin.
    pub(super) fn is_co_admin(&self) -> bool {
        let state = self.group.state.as_ref();
        state.is_some_and(|state| state.is_co_admin)
    }

    /// Returns whether this device is a co-admin's, and no admin's device is there to pass decisions on.
    pub(crate) fn lacks_admin(&self) -> bool {
        self.passes_on() && !self.is_told_lobby()
    }

    /// Returns whether an admin's device, or the room service, tells this co-admin who waits.
    pub(super) fn is_told_lobby(&self) -> bool {
        let state = self.group.state.as_ref();
        let has_teller = state.is_some_and(|state| state.has_admin_device);
        self.has_service_rights() || (self.passes_on() && has_teller)
    }

    /// Returns the words for a device's place in the group, for a row of a list.
    pub(super) fn group_state(&self, participant: &Participant) -> Option<&'static str> {
        // The lobby is told no keys.
        if !self.is_inside {
            return None;
        }
        match self.group.membership(participant) {
            Membership::Member(member) if member.listing == Listing::Contradicted => {
                Some("not as listed")
            }
            Membership::Member(member) if !member.is_confirmed => Some("unconfirmed"),
            Membership::Member(member) => match member.certificate {
                CertificateStatus::Invalid(_) => Some("bad certificate"),
                CertificateStatus::Missing | CertificateStatus::Valid { .. } => None,
            },
            Membership::NoGroup if self.own_place(participant.demux).is_empty() => None,
            Membership::NoGroup | Membership::Outside => Some("outside"),
            Membership::NoKey => Some("no key"),
        }
    }

    /// Returns a device's place in the group, for a sentence.
    pub(super) fn group_place(&self, participant: &Participant) -> String {
        match self.group.membership(participant) {
            _ if !self.is_inside => String::new(),
            Membership::NoGroup => self.own_place(participant.demux).to_owned(),
            Membership::Member(member) => {
                let is_compared = member.is_compared && !member.is_own;
                let compared = if is_compared { ", compared" } else { "" };
                let confirmed = if member.is_confirmed {
                    ""
                } else {
                    ", not confirmed"
                };
                let listed = match member.listing {
                    Listing::Contradicted => ", listed otherwise by the room service",
                    Listing::Listed | Listing::Unlisted => "",
                };
                // The two can differ, as after a lost message.
                let is_none = self.group.role(member) == Some(Role::Member);
                let rights = match participant.is_co_admin && is_none {
                    true => ", a co-admin for the room service alone",
                    false => "",
                };
                let reason = self.admission(member.reason);
                let account = words::certificate(member.certificate);
                format!(", {account}, {reason}{compared}{confirmed}{listed}{rights}")
            }
            Membership::Outside => ", not in the group".to_owned(),
            Membership::NoKey => ", without end-to-end encryption".to_owned(),
        }
    }

    /// Returns the result of the verification of the certificate of a device in the group.
    pub(super) fn certificate(&self, device: DemuxId) -> CertificateStatus {
        let state = self.group.state.as_ref();
        let member = state.and_then(|state| state.member(device));
        member.map_or(CertificateStatus::Missing, |member| member.certificate)
    }

    /// Returns the members that the room service does not list, a line for each.
    pub(super) fn unlisted(&self) -> Vec<Entry> {
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let unlisted = members.filter(|member| member.listing == Listing::Unlisted);
        unlisted
            .map(|member| {
                let label = self.label(member.claims.demux_id);
                let text = format!("  {label} (in the group, not listed by the room service)");
                Entry::Notice(text)
            })
            .collect()
    }

    /// Applies an event of the group.
    pub(super) fn group_entries(&mut self, event: &CallEvent) -> Vec<Entry> {
        match event {
            CallEvent::GroupChanged(state) => {
                self.group.state = Some((**state).clone());
                self.know_members();
                let mut told = self.group.told_co_admins.iter();
                let has_former = told.any(|key| !state.co_admins.contains(key));
                let mut entries = self.changed_co_admins(state);
                entries.extend(self.ended_lock(state, has_former));
                entries.extend(self.tell_of_outsiders());
                entries.extend(self.tell_of_missing_admin());
                entries
            }
            CallEvent::Moderation(moderation) => self.moderate(*moderation),
            CallEvent::ModerationUnsupported => {
                vec![Entry::Problem(MODERATION_UNSUPPORTED.to_owned())]
            }
            CallEvent::Group(event) => self.member_entries(event),
            CallEvent::Decision {
                claims,
                decision,
                handling,
            } => vec![self.co_admins_decision(claims, decision, *handling)],
            CallEvent::Words(shown) => self.show_words(shown),
            CallEvent::NotSaid { text, error } => vec![self.not_said(*error, text)],
            CallEvent::GroupRefused(error) => {
                self.refused_by_group(*error);
                vec![Entry::Problem(words::group_refusal(*error))]
            }
            CallEvent::PolicyNotKept(error) => vec![Entry::Problem(format!(
                "the members have the new policy of the room, and its service does not keep it for \
                 later calls: {error}"
            ))],
            _ => Vec::new(),
        }
    }

    fn member_entries(&mut self, event: &GroupEvent) -> Vec<Entry> {
        let notice = |text: String| vec![Entry::Notice(text)];
        let problem = |text: String| vec![Entry::Problem(text)];
        match event {
            GroupEvent::Entered { members, .. } => {
                let state = self.group.state.get_or_insert_default();
                // A Welcome to a new leaf comes before the commit that takes out the earlier one.
                let was_in = state.members.iter().any(|member| member.is_own);
                state.members.clone_from(members);
                self.group.told_silent.clear();
                self.group.silence = SilenceNews::default();
                self.group.added_anew.clear();
                self.group.kept_outside = None;
                for member in members {
                    let key = member.claims.member_key;
                    self.group.put_out.forget_member(key);
                }
                self.know_members();
                self.enter_group(members, was_in)
            }
            GroupEvent::Left(reason) => match reason {
                LeaveReason::NewSeat | LeaveReason::RefusedCommit => Vec::new(),
                // This device has asked for it, as with a newer approval.
                LeaveReason::Removed(RemovalReason::AddedAnew) => {
                    notice("Your place in the group is made anew, which takes a moment.".to_owned())
                }
                LeaveReason::MissedCommit | LeaveReason::NextGroup | LeaveReason::Failed => {
                    notice("You are out of the group, and ask to be let in again.".to_owned())
                }
                _ => notice("You were taken out of the group.".to_owned()),
            },
            // Another event tells this one for good.
            GroupEvent::WelcomeRefused {
                error: JoinError::Context(ContextError::AdminMissingFromLink),
                ..
            } => Vec::new(),
            GroupEvent::AdminKeyDiffers { from, is_missing } => {
                problem(words::admin_key_differs(&self.label(*from), *is_missing))
            }
            GroupEvent::WelcomeRefused { from, error, .. } => problem(format!(
                "you do not go into a group: {error}. The room service says that {} let you into it",
                self.label(*from)
            )),
            GroupEvent::CannotStart(error) => {
                let own = self.me.map(|me| self.known_devices.tag(me));
                problem(words::cannot_be_in(*error, &own.unwrap_or_default()))
            }
            GroupEvent::Elsewhere(device) => problem(format!(
                "the room service says that this device is already in the call elsewhere, as {}: the group takes \
                 one of two programs with the same key. If you have another one in the call, leave there, and the \
                 others let you in here; if that program has ended without leaving, it takes up to 30 s. To be in \
                 twice, log in anew on one of the two machines instead of copying the files of the other one. If \
                 you have none, the room service is wrong: ask its operator",
                self.label(*device)
            )),
            GroupEvent::MemberAdded { member, .. } => {
                let put_out = &mut self.group.put_out;
                put_out.forget_member(member.claims.member_key);
                self.group.add(member);
                self.know_members();
                let compared = self.after_comparison(member);
                let key = member.claims.member_key.as_bytes();
                let anew = match self.group.added_anew.remove(key) {
                    true => " anew",
                    false => "",
                };
                let came = Entry::Notice(format!(
                    "{} came into the group{anew}, {}, {}.{compared}",
                    self.member_label(&member.claims),
                    self.admission(member.reason),
                    words::certificate(member.certificate),
                ));
                iter::once(came)
                    .chain(self.bad_certificate(member))
                    .collect()
            }
            GroupEvent::MemberRemoved {
                leaf,
                claims,
                reason,
                signer,
                ..
            } => {
                if *reason == RemovalReason::AddedAnew {
                    let key = *claims.member_key.as_bytes();
                    self.group.added_anew.insert(key);
                }
                let label = self.member_label(claims);
                self.group.remove(*leaf, claims);
                self.know_members();
                self.removed(claims, &label, *signer)
            }
            GroupEvent::NotAdmitted { claims, refusal } => {
                vec![self.not_admitted(claims, *refusal)]
            }
            GroupEvent::KeptOutside {
                is_locked,
                approved_by,
            } => {
                self.group.kept_outside = Some(*is_locked);
                vec![self.kept_outside(*is_locked, *approved_by)]
            }
            GroupEvent::Text {
                claims,
                text,
                is_late,
                ..
            } => vec![Entry::Message {
                author: self.author(claims, *is_late),
                text: words::bounded(text, words::MAX_MESSAGE_LINES),
            }],
            GroupEvent::Name { leaf, name } => {
                let device = self
                    .group
                    .member(*leaf)
                    .map(|member| member.claims.demux_id);
                if let (Some(device), Some(name)) = (device, name)
                    && self.known_devices.set_member_name(device, name)
                {
                    self.gathered.add(device, Change::Named);
                }
                Vec::new()
            }
            GroupEvent::Confirmation { leaf, is_confirmed } => {
                self.note_confirmation(*leaf, *is_confirmed);
                Vec::new()
            }
            GroupEvent::SendingStopped(StopReason::NotConfirmed) => {
                self.group.has_stopped = true;
                vec![self.sending_stopped()]
            }
            GroupEvent::SendingResumed if mem::take(&mut self.group.has_stopped) => {
                notice("What you say is sent again.".to_owned())
            }
            GroupEvent::CommitRefused {
                from,
                committer,
                error,
            } => {
                let by = match committer {
                    Some(claims) => self.member_label(claims),
                    None => format!("the room service says that {}", self.label(*from)),
                };
                problem(format!(
                    "{by} changed the group in a way that does not hold, and you have left that group: \
                     {error}"
                ))
            }
            GroupEvent::RefusedByOther { from, .. } => problem(format!(
                "the room service says that {} has refused a change of the group that holds for you",
                self.label(*from)
            )),
            GroupEvent::NextGroup { number: 2.., .. } => {
                notice("The members begin another group.".to_owned())
            }
            GroupEvent::Lock { is_on, signer } => {
                self.group.was_locked = *is_on;
                let signer = self.signer(*signer);
                notice(if *is_on {
                    format!(
                        "The call is locked by {signer}: nobody new comes into the group. Those who were in before \
                         may come back, and so may admins with the admin secret."
                    )
                } else {
                    format!("The call is unlocked by {signer}.")
                })
            }
            GroupEvent::WordsCompared { epoch, members } => {
                vec![self.words_compared(*epoch, members)]
            }
            GroupEvent::WordsOutdated { shown, present } => {
                vec![self.words_outdated(*shown, *present)]
            }
            GroupEvent::Barred { claims, state } => {
                let label = self.member_label(claims);
                if *state == BarState::Removed {
                    self.note_put_out(claims.demux_id, Some(claims.member_key), &label);
                }
                match state {
                    BarState::Removed => notice(format!("{label} is out of the group.")),
                    BarState::NotConfirmed if !self.decides() => problem(format!(
                        "your right as a co-admin has ended before the others had your signature about {label}: \
                         look at /who whether {label} is there, and tell an admin"
                    )),
                    BarState::NotConfirmed => problem(format!(
                        "it is not confirmed that the others have put {label} out of the group"
                    )),
                }
            }
            _ => Vec::new(),
        }
    }
}
