//! The statements of a call.

use anteroom_e2ee::{BarredList, MemberPublicKey};
use anteroom_e2ee_session::Event as GroupEvent;
use anteroom_protocol::{
    Aci, AdminStatement, ApprovalStatement, CallLink, DemuxId, EraId, OpaqueUserId, Timestamp,
    redacted_debug,
};

use super::{
    device_records::DeviceRecords,
    room_statements::{PolicyComparison, RoomStatements},
    signer::StatementSigner,
    store::StatementStore,
};
use crate::{AdminRights, CallEvent, Roster, StatementOmission};

/// The feature of a room service that takes statements.
const FEATURE: &str = "statements";

/// The device of an account in a room.
#[derive(Clone, Debug)]
pub struct OwnDevice {
    /// The account's id in the room.
    pub user: OpaqueUserId,
    /// The member key of the device.
    pub member_key: MemberPublicKey,
}

impl OwnDevice {
    /// Returns the device of an account in the room of a link.
    #[must_use]
    pub fn new(link: &CallLink, account: Aci, member_key: MemberPublicKey) -> Self {
        let user = link.root_key.secret_params().encrypt(&account.into());
        Self {
            user: OpaqueUserId::of_ciphertext(&user),
            member_key,
        }
    }
}

/// The statements of a call: keeps the policies and the device's own approvals that its events bring, and signs
/// the approvals that an admin gives.
pub struct CallStatements {
    statements: RoomStatements,
    own: Option<OwnDevice>,
    signer: Option<StatementSigner>,
    /// The era, once there is a seat.
    era: Option<EraId>,
    /// The barred entries of the era that the session knows.
    barred: BarredList,
    /// Whether the room service takes statements.
    is_supported: bool,
    /// Whether the member key of this device ends with the call.
    is_device_passing: bool,
    roster: Roster,
    records: DeviceRecords,
}

redacted_debug!(CallStatements);

impl CallStatements {
    /// Creates the statements of a call. Without its own device, no approvals are kept. The rights of an admin
    /// sign only if the link names their admin key.
    #[must_use]
    pub fn new(
        link: &CallLink,
        statements: RoomStatements,
        own: Option<OwnDevice>,
        rights: Option<&AdminRights>,
    ) -> Self {
        let room = link.root_key.room_id();
        let signer = rights.and_then(|rights| rights.signer(&room));
        Self {
            statements,
            own,
            signer: signer.filter(|signer| link.admin == Some(signer.public().named())),
            era: None,
            barred: BarredList::default(),
            is_supported: false,
            is_device_passing: false,
            roster: Roster::default(),
            records: DeviceRecords::default(),
        }
    }

    /// Lets [`Self::keep`] leave out the approvals of this device, whose member key ends with the call.
    #[must_use]
    pub fn with_passing_device(mut self) -> Self {
        self.is_device_passing = true;
        self
    }

    /// Adds the statements to those of a store.
    pub fn keep(&self, store: &dyn StatementStore) {
        match self.own.as_ref().filter(|_| self.is_device_passing) {
            Some(own) => self
                .statements
                .without_approvals(&own.member_key)
                .keep(store),
            None => self.statements.keep(store),
        }
    }

    /// Returns the statements of the room.
    #[must_use]
    pub const fn statements(&self) -> &RoomStatements {
        &self.statements
    }

    /// Returns the era of the seat that was taken in last.
    #[must_use]
    pub const fn era(&self) -> Option<EraId> {
        self.era
    }

    /// Takes in an event at the time of day. Returns whether there is something new to be stored.
    pub fn observe(&mut self, event: &CallEvent, now: Timestamp) -> bool {
        match event {
            CallEvent::Joined(seat) => {
                if self.era.replace(seat.era) != Some(seat.era) {
                    self.barred = BarredList::default();
                }
                self.is_supported = seat.features.iter().any(|feature| feature == FEATURE);
                self.records.begin(seat.era);
                self.see_roster(&seat.roster);
                let seen = self.statements.see_policy(&seat.link.admin_statement);
                self.see_approval(seat.statement.as_ref(), now) | (seen == PolicyComparison::Newer)
            }
            CallEvent::Restored { roster, statement } => {
                self.see_roster(roster);
                self.see_approval(statement.as_ref(), now)
            }
            CallEvent::Roster(roster) => {
                self.see_roster(roster);
                false
            }
            CallEvent::Admitted { statement, .. } => self.see_approval(statement.as_ref(), now),
            CallEvent::Group(event) => match &**event {
                GroupEvent::Policy(policy) => {
                    AdminStatement::new(policy.as_bytes()).is_ok_and(|policy| {
                        self.statements.see_policy(&policy) == PolicyComparison::Newer
                    })
                }
                GroupEvent::Approved(approval) | GroupEvent::LateApproval(approval) => {
                    let approval = ApprovalStatement::new(approval.as_bytes()).ok();
                    self.see_approval(approval.as_ref(), now)
                }
                GroupEvent::BarredEntries(barred) => {
                    self.barred.clone_from(barred);
                    false
                }
                _ => false,
            },
            CallEvent::Link(state) => {
                let seen = self.statements.see_policy(&state.admin_statement);
                seen == PolicyComparison::Newer
            }
            _ => false,
        }
    }

    /// Returns the approval of a device, signed; `None` if this client does not sign for the link, the room
    /// service takes no statements, the device has named no member key, rosters of the era have stated
    /// another user or key of its number, or approvals of now are void.
    #[must_use]
    pub fn approval(&self, device: DemuxId, now: Timestamp) -> Option<ApprovalStatement> {
        let signer = self.signer.as_ref()?;
        let signed = self.sign(signer, device, now);
        signed.ok()
    }

    /// Returns the reason why [`Self::approval`] signs nothing; `None` if it signs, or this client does not
    /// sign for the link.
    #[must_use]
    pub fn omission(&self, device: DemuxId, now: Timestamp) -> Option<StatementOmission> {
        let signer = self.signer.as_ref()?;
        self.sign(signer, device, now).err()
    }

    fn sign(
        &self,
        signer: &StatementSigner,
        device: DemuxId,
        now: Timestamp,
    ) -> Result<ApprovalStatement, StatementOmission> {
        if !self.is_supported {
            return Err(StatementOmission::Unsupported);
        }
        let mut devices = self.roster.pending.iter().chain(&self.roster.active);
        let device = devices.find(|one| one.demux == device);
        let device = device.ok_or(StatementOmission::NoDevice)?;
        if !self.records.is_steady(device) {
            return Err(StatementOmission::Changed);
        }
        signer.approval(device, self.statements.policy(), &self.barred, now)
    }

    fn see_roster(&mut self, roster: &Roster) {
        self.records.see(roster);
        self.roster.clone_from(roster);
    }

    fn see_approval(&mut self, shown: Option<&ApprovalStatement>, now: Timestamp) -> bool {
        let (Some(shown), Some(own), Some(era)) = (shown, &self.own, self.era) else {
            return false;
        };
        let before = self.statements.clone();
        self.statements
            .see_approval(shown, &own.user, &own.member_key, era, now);
        self.statements != before
    }
}
