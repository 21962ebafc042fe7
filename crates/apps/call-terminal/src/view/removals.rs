//! Members whom an admin or a co-admin has put out of the group, beside the departures that rosters tell.

use anteroom_client::{
    AdmissionReason, DemuxId, EndReason, MemberLeaf, MemberPublicKey, MemberStatus, Signer,
};

use super::{View, changed_devices::find, put_out::PutOutDevice, words};
use crate::entry::Entry;

impl View {
    /// Takes note that a device was put out, with its label from before.
    pub(super) fn note_put_out(
        &mut self,
        device: DemuxId,
        key: Option<MemberPublicKey>,
        label: &str,
    ) {
        if self.is_of_own_account(device) {
            return;
        }
        self.group.put_out.add(PutOutDevice {
            device,
            key,
            label: label.to_owned(),
        });
    }

    /// Says by whom a member was put out, which stands for its departure. The person who has done it was told
    /// before.
    pub(super) fn removed(
        &mut self,
        claims: &MemberLeaf,
        label: &str,
        signer: Option<Signer>,
    ) -> Vec<Entry> {
        if signer.is_some() {
            self.note_put_out(claims.demux_id, Some(claims.member_key), label);
        }
        let device = claims.demux_id;
        let Some(signer) = signer.filter(|signer| !self.is_own_key(*signer)) else {
            return Vec::new();
        };
        if self.dismissed.contains(&device) {
            return Vec::new();
        }
        match find(&self.roster.active, device) {
            Some(_) => {
                self.dismissed.insert(device);
            }
            None => self.gathered.forget_departure(device),
        }
        let by = match signer {
            Signer::Admin => self.only_admin(),
            Signer::CoAdmin(_) => self.signer(signer),
        };
        vec![Entry::Notice(format!("{label} was removed by {by}."))]
    }

    /// Says how the call ended for this device. The room service does not tell who has decided: where the group has
    /// co-admins, it may have been one of them.
    pub(super) fn ending(&self, ending: &EndReason) -> String {
        let own = self.own_key();
        let mut co_admins = self.group.told_co_admins.iter();
        let decider = match co_admins.any(|key| own != Some(*key)) {
            true => "An admin or a co-admin",
            false => "An admin",
        };
        match ending {
            EndReason::Removed => format!("{decider} sent you away."),
            EndReason::Blocked if self.is_inside => {
                format!("{decider} sent you away for the rest of this call.")
            }
            ending => words::ending(ending, self.is_inside),
        }
    }

    fn is_own_key(&self, signer: Signer) -> bool {
        let own = self.group.own();
        own.is_some_and(|own| signer == Signer::CoAdmin(own.claims.member_key))
    }

    /// Returns the label of the admin, if all members that have the admin secret are one person: the signatures of
    /// several do not differ.
    fn only_admin(&self) -> String {
        let members = self.group.state.iter().flat_map(|state| &state.members);
        let admins = members.filter(|member| member.reason == AdmissionReason::Admin);
        let admins: Vec<&MemberStatus> = admins.collect();
        match admins.split_first() {
            Some((first, others))
                if !first.is_own
                    && (others.iter()).all(|other| other.claims.user == first.claims.user) =>
            {
                self.label(first.claims.demux_id)
            }
            _ => "an admin".to_owned(),
        }
    }
}
