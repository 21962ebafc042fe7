//! The statements of a call.

use anteroom_e2ee::MemberPublicKey;
use anteroom_e2ee_session::Event as GroupEvent;
use anteroom_protocol::{
    Aci, AdminStatement, ApprovalStatement, CallLink, DemuxId, EraId, OpaqueUserId, Timestamp,
};

use super::{
    room_statements::{PolicyComparison, RoomStatements},
    signer::StatementSigner,
};
use crate::{AdminRights, CallEvent, Participant};

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
#[derive(Debug)]
pub struct CallStatements {
    statements: RoomStatements,
    own: Option<OwnDevice>,
    signer: Option<StatementSigner>,
    /// The era, once there is a seat.
    era: Option<EraId>,
    /// Whether the room service takes statements.
    is_supported: bool,
    pending: Vec<Participant>,
}

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
            is_supported: false,
            pending: Vec::new(),
        }
    }

    /// Returns the kept statements.
    #[must_use]
    pub const fn statements(&self) -> &RoomStatements {
        &self.statements
    }

    /// Takes in an event. Returns whether there is something new to be stored.
    pub fn observe(&mut self, event: &CallEvent) -> bool {
        match event {
            CallEvent::Joined(seat) => {
                self.era = Some(seat.era);
                self.is_supported = seat.features.iter().any(|feature| feature == FEATURE);
                self.pending.clone_from(&seat.roster.pending);
                let seen = self.statements.see_policy(&seat.link.admin_statement);
                self.see_approval(seat.statement.as_ref()) | (seen == PolicyComparison::Newer)
            }
            CallEvent::Restored { roster, statement } => {
                self.pending.clone_from(&roster.pending);
                self.see_approval(statement.as_ref())
            }
            CallEvent::Roster(roster) => {
                self.pending.clone_from(&roster.pending);
                false
            }
            CallEvent::Admitted { statement, .. } => self.see_approval(statement.as_ref()),
            CallEvent::Group(event) => match &**event {
                GroupEvent::Policy(policy) => {
                    AdminStatement::new(policy.as_bytes()).is_ok_and(|policy| {
                        self.statements.see_policy(&policy) == PolicyComparison::Newer
                    })
                }
                GroupEvent::Approved(approval) => {
                    let approval = ApprovalStatement::new(approval.as_bytes()).ok();
                    self.see_approval(approval.as_ref())
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

    /// Returns the approval of a waiting device, signed; `None` if this client does not sign for the link,
    /// the room service takes no statements, or the device has named no member key.
    #[must_use]
    pub fn approval(&self, device: DemuxId, now: Timestamp) -> Option<ApprovalStatement> {
        let signer = self.signer.as_ref().filter(|_| self.is_supported)?;
        let device = self.pending.iter().find(|one| one.demux == device)?;
        signer.approval(device, now)
    }

    fn see_approval(&mut self, shown: Option<&ApprovalStatement>) -> bool {
        let (Some(shown), Some(own), Some(era)) = (shown, &self.own, self.era) else {
            return false;
        };
        let before = self.statements.clone();
        self.statements
            .see_approval(shown, &own.user, &own.member_key, era);
        self.statements != before
    }
}
