//! The group that this device has entered.

use std::mem;

use anteroom_client::{AdmissionReason, CertificateStatus, MemberStatus};

use super::{View, words};
use crate::entry::Entry;

/// The maximum number of members that are named when this device enters a group.
const NAMED: usize = 8;

impl View {
    /// Says who is in the group that this device has entered, and why.
    pub(super) fn enter_group(&mut self, members: &[MemberStatus], was_in: bool) -> Vec<Entry> {
        let mut reasons = members.iter().map(|member| member.reason);
        let rest = if reasons.any(|reason| reason == AdmissionReason::ServiceDecision) {
            " Whom the room service lets in is in: the link names no admin key."
        } else {
            ""
        };
        let has_admin = self
            .group
            .state
            .as_ref()
            .is_some_and(|state| state.has_admin);
        let audience = if has_admin {
            "what you say is for its members alone"
        } else {
            "what you say goes to its members, and under the key of the link to devices without \
             end-to-end encryption"
        };
        let count = words::members(members.len());
        let text = match mem::replace(&mut self.group.is_introduced, true) {
            true if was_in => format!("You are in the group of {count}, in a new place.{rest}"),
            true => format!("You are in the group of {count} again.{rest}"),
            false => format!(
                "You are in the group of {count}: {audience}. /verify shows words to compare.{rest}"
            ),
        };
        let others = members.iter().filter(|member| !member.is_own);
        let mut named: Vec<String> = others
            .map(|member| {
                let label = self.member_label(&member.claims);
                let account = words::certificate(member.certificate);
                format!("{label}, {}, {account}", self.admission(member.reason))
            })
            .collect();
        let more = named.len().saturating_sub(NAMED);
        named.truncate(NAMED);
        if more > 0 {
            named.push(format!("and {more} more, whom /who lists"));
        }
        let mut entries = vec![Entry::Notice(text)];
        if !named.is_empty() {
            let text = format!("With you in the group: {}.", named.join("; "));
            entries.push(Entry::Notice(text));
        }
        entries.extend(
            members
                .iter()
                .filter_map(|member| self.bad_certificate(member)),
        );
        entries
    }

    /// Returns the warning about a certificate that does not hold.
    pub(super) fn bad_certificate(&self, member: &MemberStatus) -> Option<Entry> {
        let CertificateStatus::Invalid(error) = member.certificate else {
            return None;
        };
        let label = match member.is_own {
            true => "this device".to_owned(),
            false => self.member_label(&member.claims),
        };
        Some(Entry::Problem(format!(
            "the certificate of {label} does not hold: {error}. The account is as told by the server"
        )))
    }
}
