//! Statements that reach the device, and the claims of its own leaf.

use anteroom_e2ee::{
    AdminSignature, Admission, AdmissionReason, Approval, Authority, ContextChange, HandshakeKind,
    MemberLeaf, Moment, Policy, Presence, RoomContext, SignedStatement, Signer,
};
use anteroom_protocol::{DemuxId, printable_name};

use super::Seat;
use crate::{event::Event, outside::Outside, step::Step, waiting_approvals::is_late};

/// The time between two looks at the own leaf, whose approval may have ended.
const RENEWAL_INTERVAL: core::time::Duration = core::time::Duration::from_secs(60);

impl Seat {
    /// Takes statements that others have too, as far as they count.
    pub(super) fn learn(&mut self, statements: &ContextChange, step: &mut Step<'_>) {
        self.shared = self.shared.with(statements);
        self.know(statements, step);
    }

    /// Takes statements that an admin has signed, as far as they count.
    pub(super) fn know(&mut self, statements: &ContextChange, step: &mut Step<'_>) {
        let known = self.known.with(statements);
        if known == self.known {
            return;
        }
        let policy = known.policy().cloned();
        let is_newer = policy.as_ref() != self.known.policy();
        if known.barred() != self.known.barred() {
            step.tell(Event::BarredEntries(known.barred().clone()));
        }
        self.known = known;
        self.applicants.reconsider();
        if let Some(membership) = &mut self.membership {
            membership.next = None;
            membership.renewal_look = None;
        }
        if let Some(policy) = policy.filter(|_| is_newer) {
            step.options.policy = Some(policy.clone());
            step.tell(Event::Policy(policy));
            for approval in self.waiting_approvals.take_unnamed() {
                self.take_approval(approval, step);
            }
        }
    }

    /// Takes the policy of the link's state.
    pub(super) fn receive_policy(&mut self, bytes: &[u8], step: &mut Step<'_>) {
        if let Ok(policy) = SignedStatement::<Policy>::parse(bytes) {
            let change = ContextChange {
                policy: Some(policy),
                ..ContextChange::default()
            };
            self.learn(&change, step);
        }
    }

    /// Takes the statements of a device that asks to be added, as far as they count and are new. Any holder of
    /// the link can send some: those that do not count cost no more than their own signatures, once a
    /// second. A commit with an entry of a later time is refused, and that of a co-admin waits
    /// until the clocks of all allow it: none of them stops a commit, or makes that of another member one that
    /// some refuse.
    pub(super) fn receive_statements(&mut self, from: DemuxId, sealed: &[u8], step: &mut Step<'_>) {
        let (now, day) = (step.moment(), step.time.now);
        if !self.applicants.may_state(from, now) {
            return;
        }
        let handshake = self.link.handshake();
        let opened = handshake.open(HandshakeKind::Statements, None, sealed);
        let Some(told) = opened
            .ok()
            .and_then(|bytes| RoomContext::parse(&bytes).ok())
        else {
            return;
        };
        self.take_admin_hint(from, &told, step);
        let Some(admin) = self.known.admin() else {
            return;
        };
        let ContextChange {
            policy,
            barred,
            lock,
        } = told.statements();
        let room = *self.known.room();
        let known = self.known.policy();
        let policy = policy.filter(|policy| {
            known.is_none_or(|known| policy.supersedes(known))
                && policy.verify(&room, &Authority::of_admin(admin)).is_ok()
        });
        if policy.is_some() {
            let change = ContextChange {
                policy,
                ..ContextChange::default()
            };
            self.know(&change, step);
        }
        let Some(authority) = self.known.authority() else {
            return;
        };
        let known = self.known.barred();
        let barred = barred.into_iter().filter(|entry| {
            entry.due_from(None) <= day
                && known.can_take(entry)
                && entry.verify(&room, &authority).is_ok()
        });
        let barred: Vec<_> = barred.collect();
        let known = self.known.lock();
        let lock = lock.filter(|lock| {
            lock.due_from(None) <= day
                && known.is_none_or(|known| lock.supersedes(known))
                && lock.verify(&room, &authority).is_ok()
        });
        if !barred.is_empty() || lock.is_some() {
            let change = ContextChange {
                barred,
                lock,
                ..ContextChange::default()
            };
            self.know(&change, step);
        }
    }

    /// Takes an approval of this device.
    pub(super) fn receive_approval(&mut self, bytes: &[u8], step: &mut Step<'_>) {
        if let Ok(approval) = SignedStatement::<Approval>::parse(bytes) {
            self.take_approval(approval, step);
        }
    }

    /// Takes an approval if it is of this device and counts.
    pub(super) fn take_approval(
        &mut self,
        approval: SignedStatement<Approval>,
        step: &mut Step<'_>,
    ) {
        let claimed = approval.claimed();
        let is_own = claimed.member_key == step.options.member_key.public()
            && claimed.user == step.options.user;
        // Members are sent those of all the others too.
        if !is_own {
            return;
        }
        let authority = self.known.authority();
        let counts = authority
            .is_some_and(|authority| approval.verify(self.known.room(), &authority).is_ok());
        if !counts {
            self.waiting_approvals.keep_unnamed(approval);
            return;
        }
        let has_one = matches!(step.options.admission, Admission::Approval(_));
        if has_one && is_late(&approval, step.time.now) {
            if self.waiting_approvals.keep_late(&approval) {
                step.tell(Event::LateApproval(approval));
            }
            return;
        }
        if !self.is_better(&approval, step) {
            return;
        }
        step.options.admission = Admission::Approval(approval.clone());
        self.is_barred = false;
        self.told_obstacle = None;
        self.asking = None;
        self.outside = Outside::default();
        if let Some(membership) = &mut self.membership {
            membership.renewal_look = None;
        }
        step.tell(Event::Approved(approval));
    }

    /// Takes the approvals that have waited until others add by them. Returns the moment of the next look.
    pub(super) fn take_due_approvals(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let now = step.time.now;
        for approval in self.waiting_approvals.take_due(now) {
            self.take_approval(approval, step);
        }
        let due = self.waiting_approvals.next_due()?;
        let wait = due.as_secs().saturating_sub(now.as_secs());
        let wait = core::time::Duration::from_secs(wait).min(RENEWAL_INTERVAL);
        Some(step.moment().plus(wait))
    }

    /// Returns whether an approval takes the place of the known one: it holds and that one does not, or it is
    /// newer. A room service can repeat one that has ended; and a clock that is ahead signs one that is newer
    /// than all that come after it. Of two that hold one of the admin key stays or comes, whatever the times: those of
    /// a co-admin end with its right, and every member can send one.
    fn is_better(&self, approval: &SignedStatement<Approval>, step: &Step<'_>) -> bool {
        let known = &step.options.admission;
        let holds = self.holds(&Admission::Approval(approval.clone()), step);
        let known_holds = self.holds(known, step);
        if holds != known_holds {
            return holds;
        }
        let order = |one: &SignedStatement<Approval>| {
            let is_by_admin = *one.signer() == Signer::Admin;
            (holds && is_by_admin, one.claimed().issued)
        };
        match known {
            Admission::Approval(known) => known != approval && order(known) <= order(approval),
            _ => true,
        }
    }

    /// Returns whether others add this device by the approval of an admission now, also where the policy asks for
    /// none.
    fn holds(&self, admission: &Admission, step: &Step<'_>) -> bool {
        let leaf = MemberLeaf {
            admission: admission.clone(),
            ..self.own_leaf(step)
        };
        let (claim, now) = (leaf.claim(), step.time.now);
        matches!(
            self.known.may_add(&claim, Presence::Present, now),
            Ok(AdmissionReason::Approval(_))
        )
    }

    /// Looks whether the own leaf is to be renewed: nobody would add it, and everybody the one that this device would
    /// make now. That is before newcomers refuse it. Returns the moment of the next look.
    pub(super) fn look_at_own_leaf(&mut self, step: &Step<'_>) -> Option<Moment> {
        let now = step.moment();
        let membership = self.membership.as_ref()?;
        let look = membership.renewal_look.filter(|look| now < *look);
        if look.is_some() {
            return look;
        }
        let context = &membership.view.context;
        let is_added = |leaf: &MemberLeaf| {
            let added = context.may_add(&leaf.claim(), Presence::Present, step.time.now);
            added.is_ok()
        };
        let own = membership.view.leaves.get(&membership.group.own_leaf())?;
        let needs_renewal = !is_added(own) && is_added(&self.own_leaf(step));
        let membership = self.membership.as_mut()?;
        membership.needs_renewal = needs_renewal;
        membership.renewal_look = Some(now.plus(RENEWAL_INTERVAL));
        membership.renewal_look
    }

    /// Returns the claims of a new own leaf, later than those before.
    pub(super) fn new_leaf(&mut self, step: &Step<'_>) -> MemberLeaf {
        let millis = step.time.now.as_secs().saturating_mul(1_000);
        self.serial = millis.max(self.serial.saturating_add(1));
        self.own_leaf(step)
    }

    /// Returns the claims of the own leaf.
    pub(super) fn own_leaf(&self, step: &Step<'_>) -> MemberLeaf {
        let options = &step.options;
        let member_key = options.member_key.public();
        let admission = match self.admin_key(options) {
            Some(admin) => {
                let (room, era) = (self.known.room(), self.era);
                Admission::Admin(AdminSignature::sign(admin, room, era, &member_key))
            }
            None => options.admission.clone(),
        };
        MemberLeaf {
            user: options.user.clone(),
            demux_id: self.demux,
            member_key,
            admission,
            serial: self.serial,
            name: options.name.as_deref().and_then(printable_name),
            certificate: options.certificate.clone(),
        }
    }

    /// Returns the reason why a leaf may be in by the statements that this device knows.
    pub(super) fn reason(&self, leaf: &MemberLeaf, step: &Step<'_>) -> Option<AdmissionReason> {
        let admitted = self
            .known
            .admits(&leaf.claim(), Presence::Present, step.time.now);
        admitted.ok()
    }
}
