//! The labels of members, by the leaves that they have signed.

use anteroom_client::MemberLeaf;

use super::View;

impl View {
    /// Returns the label of who has signed a leaf.
    pub(super) fn member_label(&self, claims: &MemberLeaf) -> String {
        match self.group.signer(claims) {
            Some(member) if member.is_own => "You".to_owned(),
            Some(_) if !self.known_devices.is_own(claims.demux_id) => self.label(claims.demux_id),
            _ => {
                let room = self.room_params.as_ref();
                self.known_devices.claims_label(claims, room)
            }
        }
    }

    /// Returns the author of a text, by the leaf that has said it, and whether the text comes late.
    pub(super) fn author(&self, claims: &MemberLeaf, is_late: bool) -> String {
        let label = self.member_label(claims);
        let gone = match self.group.signer(claims) {
            Some(_) => "",
            None => " (no longer in the group)",
        };
        let late = if is_late { " (said earlier)" } else { "" };
        format!("{label}{gone}{late}")
    }

    /// Takes the members of the group into the devices that are known.
    pub(super) fn know_members(&mut self) {
        let room = self.room_params.as_ref();
        self.known_devices.clear_members();
        for member in self.group.state.iter().flat_map(|state| &state.members) {
            let role = self.group.role(member);
            self.known_devices.add_member(member, role, room);
        }
    }
}
