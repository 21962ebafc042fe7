//! The lobby that admins tell co-admins, and the decisions of co-admins.

use anteroom_e2ee::{
    AdmissionReason, Approval, CoAdmin, MemberLeaf, MemberPublicKey, SignedStatement, Signer,
};
use anteroom_protocol::{OpaqueUserId, Timestamp};

use super::Seat;
use crate::{
    content::Content,
    error::CommandError,
    event::Event,
    input::CoAdminVerdict,
    lobby::{CoAdminDecision, MAX_WAITING, Verdict, WaitingDevice},
    membership::Membership,
    options::SessionOptions,
    step::Step,
};

impl Seat {
    /// Returns the co-admins of the era by the statements that this device knows.
    pub(crate) fn co_admins(&self) -> &[CoAdmin] {
        let authority = self.known.authority();
        authority.map_or(&[], |authority| authority.co_admins)
    }

    /// Returns whether the policy names a member key as a co-admin of the era.
    pub(crate) fn is_co_admin(&self, (user, key): (&OpaqueUserId, &MemberPublicKey)) -> bool {
        let authority = self.known.authority();
        let co_admin = authority.and_then(|authority| authority.co_admin(key));
        co_admin.is_some_and(|co_admin| co_admin.user == *user)
    }

    /// Tells the co-admins who waits in the lobby. For holders of the admin key.
    pub(super) fn tell_lobby(
        &mut self,
        mut waiting: Vec<WaitingDevice>,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        self.check_sending()?;
        waiting.truncate(MAX_WAITING);
        self.send_content(&Content::Lobby(waiting), step);
        Ok(())
    }

    /// Signs the decision of a co-admin and sends it to the devices of admins.
    pub(super) fn send_decision(
        &mut self,
        device: &WaitingDevice,
        verdict: CoAdminVerdict,
        step: &mut Step<'_>,
    ) -> Result<(), CommandError> {
        self.check_sending()?;
        let verdict = match verdict {
            CoAdminVerdict::Admit => {
                let approval = self.approve(device, step.time.now, step.options)?;
                Verdict::Admit(Box::new(approval))
            }
            CoAdminVerdict::Deny => Verdict::Deny,
            CoAdminVerdict::Remove => Verdict::Remove,
            CoAdminVerdict::Block => Verdict::Block,
        };
        let decision = CoAdminDecision {
            device: device.demux_id,
            member_key: device.member_key,
            verdict,
        };
        self.send_content(&Content::Decision(decision), step);
        Ok(())
    }

    /// Signs the approval of a device, with the admin key or as a co-admin, and takes back the removals of it that wait.
    pub(crate) fn approve(
        &mut self,
        device: &WaitingDevice,
        now: Timestamp,
        options: &SessionOptions,
    ) -> Result<SignedStatement<Approval>, CommandError> {
        // A lack of the right to sign is told first.
        let signer = self.signer(options)?;
        let void_before = self.void_before(device, &signer);
        let issued = Approval::time_of(&signer, now, void_before).ok_or(CommandError::Early)?;
        self.withdraw_removals(&device.user, &device.member_key);
        self.sign_approval((&device.user, &device.member_key), issued, options)
    }

    /// Signs an approval of a time.
    pub(super) fn sign_approval(
        &self,
        (user, member_key): (&OpaqueUserId, &MemberPublicKey),
        issued: Timestamp,
        options: &SessionOptions,
    ) -> Result<SignedStatement<Approval>, CommandError> {
        let approval = Approval {
            room: *self.known.room(),
            user: user.clone(),
            member_key: *member_key,
            issued,
            expires: issued.plus(Approval::DEFAULT_VALIDITY),
        };
        self.sign(&approval, options)
    }

    /// Returns the moment before which an approval of a device is void, or does not let it in again. Those of the admin
    /// key count in later eras too.
    fn void_before(&self, device: &WaitingDevice, signer: &Signer) -> Timestamp {
        let here = self.known.policy_void_before();
        let policy = self.known.policy().filter(|_| *signer == Signer::Admin);
        let policy = policy.map(|policy| policy.claimed().void_before);
        let barred = self.known.barred();
        let named = barred.void_before_of(&device.user, &device.member_key);
        here.into_iter().chain(policy).fold(named, Timestamp::max)
    }

    /// Takes the lobby that a member tells, if it has shown the admin key and this device is a co-admin's.
    pub(super) fn take_lobby(
        &self,
        sender: &MemberLeaf,
        waiting: Vec<WaitingDevice>,
        step: &mut Step<'_>,
    ) {
        let own = (&step.options.user, &step.options.member_key.public());
        let reason = self.reason_of(sender);
        if reason == Some(AdmissionReason::Admin) && self.is_co_admin(own) {
            step.tell(Event::Lobby(waiting));
        }
    }

    /// Takes the decision of a member, if it is a co-admin and has signed what it takes.
    pub(super) fn take_decision(
        &self,
        sender: MemberLeaf,
        decision: CoAdminDecision,
        step: &mut Step<'_>,
    ) {
        let counts = match &decision.verdict {
            Verdict::Admit(approval) => {
                let authority = self.known.authority();
                let is_signed = authority.is_some_and(|authority| {
                    approval.verify(self.known.room(), &authority).is_ok()
                });
                is_signed
                    && *approval.signer() == Signer::CoAdmin(sender.member_key)
                    && approval.claimed().member_key == decision.member_key
            }
            Verdict::Deny | Verdict::Remove | Verdict::Block => true,
        };
        if counts && self.is_co_admin((&sender.user, &sender.member_key)) {
            step.tell(Event::Decision {
                claims: sender,
                decision,
            });
        }
    }

    /// Returns the reason why a member may be in who is in the present group.
    fn reason_of(&self, claims: &MemberLeaf) -> Option<AdmissionReason> {
        let Membership { view, reasons, .. } = self.membership.as_ref()?;
        let (leaf, _) = view.leaf_of_key(&claims.member_key)?;
        reasons.get(&leaf).copied()
    }

    fn check_sending(&self) -> Result<(), CommandError> {
        self.membership()?;
        self.check_connection()?;
        let may_send = self.may_send();
        may_send.then_some(()).ok_or(CommandError::Stopped)
    }
}
