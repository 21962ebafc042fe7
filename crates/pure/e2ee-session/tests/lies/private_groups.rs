//! A member that welcomes a newcomer into a group of its own, while the others merge its commit: the service is
//! honest.

use std::collections::BTreeSet;

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, BarredEntry, CoAdmin, CommitRefusal, ContextChange,
    ContextError, EraHistory, Group, GroupChange, GroupStart, JoinError, MemberLeaf,
    SignedStatement, StatementKey,
};
use anteroom_e2ee_session::{Command, Event, Message};
use anteroom_protocol::{GroupEpoch, Timestamp};

use crate::{
    insider::{Insider, candidate, leaf, link_of, world},
    insiders::{INSIDER, approval_of, with_insider},
    people::{rng, system_time, user},
    stage::{Hop, Stage},
};

/// The key package that a person relayed last.
pub(crate) fn asking(stage: &Stage, who: usize) -> Applicant {
    let relays = stage.record.iter().rev().filter_map(|hop| match hop {
        Hop::ToService(from, Message::Relay(_, body)) if *from == who => Some(body),
        _ => None,
    });
    let mut packages = relays.filter(|body| body[0] == 2);
    let sealed = &packages.next().unwrap()[5..];
    Applicant::open(&link_of(&stage.room), sealed).unwrap()
}

/// A group of the insider alone.
struct Private {
    group: Group,
}

impl Private {
    /// Starts a group with the number of the present one.
    fn start(stage: &Stage, insider: &Insider, now: Timestamp) -> Self {
        Self::start_with(stage, insider, now, Vec::new())
    }

    /// The same with barred entries.
    fn start_with(
        stage: &Stage,
        insider: &Insider,
        now: Timestamp,
        barred: Vec<SignedStatement<BarredEntry>>,
    ) -> Self {
        let view = insider.group.view().unwrap();
        let own: &MemberLeaf = &view.leaves[&insider.group.own_leaf()];
        let context = ContextChange {
            policy: view.context.policy().cloned(),
            barred,
            ..ContextChange::default()
        };
        let start = GroupStart {
            link: link_of(&stage.room),
            member_key: stage.room.member_key(INSIDER),
            leaf: own,
            number: insider.group.epoch().group,
            context: &context,
            history: EraHistory::of_founder(),
        };
        let around = world(&insider.roster, now, stage);
        let group = Group::start(start, &around, &mut rng(31)).unwrap();
        Self { group }
    }

    /// Commits a change. Returns the Welcome for whom it adds.
    fn commit(
        &mut self,
        stage: &Stage,
        insider: &Insider,
        now: Timestamp,
        change: &GroupChange,
    ) -> Option<Vec<u8>> {
        let around = world(&insider.roster, now, stage);
        let seed = 1_000 + self.group.epoch().epoch;
        let made = self.group.commit(change, &around, &mut rng(seed)).unwrap();
        self.group
            .receive_commit(made.epoch, &made.body, &around)
            .unwrap();
        made.welcome.map(|(_, body)| body)
    }

    /// Adds a device.
    fn add(
        &mut self,
        stage: &Stage,
        insider: &Insider,
        now: Timestamp,
        applicant: Applicant,
    ) -> Option<Vec<u8>> {
        let change = GroupChange {
            add: vec![applicant],
            ..GroupChange::default()
        };
        self.commit(stage, insider, now, &change)
    }

    /// Commits the addition of a person to the group of all, with a Welcome into this one.
    fn welcome(&mut self, stage: &mut Stage, insider: &mut Insider, who: usize) {
        let applicant = asking(stage, who);
        assert_eq!(self.group.epoch(), insider.group.epoch());
        let welcome = self.add(stage, insider, system_time(), applicant.clone());
        let mut change = GroupChange {
            add: vec![applicant],
            ..GroupChange::default()
        };
        let key = stage.people[who].member_key.public();
        let view = insider.group.view().unwrap();
        let former = view.leaves.iter().find(|(_, one)| one.member_key == key);
        change.remove.extend(former.map(|(leaf, _)| *leaf));
        let mut commit = insider.make(stage, &change);
        commit.welcome = commit.welcome.map(|(to, _)| (to, welcome.unwrap()));
        insider.send(stage, commit);
    }
}

/// A group with devices whose approvals have expired, at the epoch of the present one.
fn with_expired(stage: &mut Stage, insider: &Insider) -> Private {
    let private = Private::start(stage, insider, system_time());
    let early = system_time().minus(7_200);
    filled(private, stage, insider, early, 3_600)
}

/// A group with an entry of the insider, a co-admin, that is of a later time than others take.
fn with_late_entry(stage: &mut Stage, insider: &Insider) -> Private {
    let late = system_time().plus(7_200);
    let entry = BarredEntry {
        room: stage.room.root_key.room_id(),
        user: user(50),
        member_key: None,
        time: late,
    };
    let key = stage.room.member_key(INSIDER);
    let entry = SignedStatement::sign(&entry, &StatementKey::CoAdmin(&key)).unwrap();
    let private = Private::start_with(stage, insider, late, vec![entry]);
    filled(private, stage, insider, system_time(), 0)
}

/// A group with as many devices as there are epochs up to the present one, whose approvals have expired some
/// seconds ago if there are any.
fn filled(
    mut private: Private,
    stage: &mut Stage,
    insider: &Insider,
    now: Timestamp,
    expired: u64,
) -> Private {
    for number in 0..insider.group.epoch().epoch {
        let number = 60 + number;
        let signed = approval_of(stage, number, expired);
        let demux = 16 * (50_000 + u32::try_from(number).unwrap());
        let leaf = leaf(stage, number, demux, Admission::Approval(signed));
        let candidate = candidate(stage, number, leaf);
        let applicant = Applicant::open(&link_of(&stage.room), candidate.key_package()).unwrap();
        private.add(stage, insider, now, applicant);
    }
    private
}

/// A newcomer that asks.
fn newcomer(stage: &mut Stage) -> usize {
    let person = stage.room.approved(3);
    let who = stage.join(person);
    stage.approve(0, who, None);
    who
}

/// The Welcomes that a person has refused.
fn refused(stage: &Stage, who: usize) -> Vec<(JoinError, bool)> {
    stage.seen(who, |event| match event {
        Event::WelcomeRefused {
            error, asks_again, ..
        } => Some((*error, *asks_again)),
        _ => None,
    })
}

const EXPIRED: JoinError = JoinError::Refused(CommitRefusal::Admission(AdmissionError::Expired));

#[test]
fn a_welcome_into_a_group_that_does_not_hold_leads_to_one_that_does() {
    let (mut stage, mut insider) = with_insider();
    let who = newcomer(&mut stage);
    let at = insider.group.epoch();
    with_expired(&mut stage, &insider).welcome(&mut stage, &mut insider, who);
    assert_eq!(refused(&stage, who), [(EXPIRED, false)]);
    let device = stage.people[who].demux.unwrap();
    for one in 0..3 {
        let told = stage.seen(one, |event| match event {
            Event::RefusedByOther { from, at } => Some((*from, *at)),
            _ => None,
        });
        assert_eq!(told, [(device, at)]);
    }
    stage.run(15_000);
    stage.assert_together(&[0, 1, 2, who]);
    stage.assert_talk(&[0, 1, 2, who]);
}

/// The refusal leads to no next group, for it does not arrive.
#[test]
fn welcomes_into_groups_that_do_not_hold_keep_nobody_out_for_good() {
    keep_nobody_out(with_expired, EXPIRED);
}

#[test]
fn welcomes_into_groups_of_a_later_time_keep_nobody_out_for_good() {
    let early = JoinError::Context(ContextError::Early);
    keep_nobody_out(with_late_entry, early);
}

fn keep_nobody_out(private: fn(&mut Stage, &Insider) -> Private, error: JoinError) {
    let (mut stage, mut insider) = with_insider();
    let co_admin = CoAdmin {
        user: user(INSIDER),
        member_key: stage.room.member_key(INSIDER).public(),
    };
    stage.command(0, Command::SetCoAdmins(vec![co_admin]));
    stage.run(1_000);
    insider.follow(&mut stage);
    let who = newcomer(&mut stage);
    stage.lie(move |hop| match hop {
        Hop::ToService(_, Message::Refuse(_)) => Vec::new(),
        hop => vec![hop],
    });
    private(&mut stage, &insider).welcome(&mut stage, &mut insider, who);
    let first: GroupEpoch = stage.people[0].session.have().unwrap();
    stage.run(19_900);
    assert_eq!(stage.people[0].session.have(), Some(first), "it waits");
    let relays = stage.record.len();
    let asks_again = (0..100).any(|_| {
        stage.run(50);
        let mut news = stage.record[relays..].iter();
        news.any(|hop| match hop {
            Hop::ToService(from, Message::Relay(_, body)) => *from == who && body[0] == 2,
            _ => false,
        })
    });
    assert!(asks_again);
    insider.follow(&mut stage);
    private(&mut stage, &insider).welcome(&mut stage, &mut insider, who);
    assert_eq!(refused(&stage, who), [(error, false), (error, true)]);
    stage.run(14_000);
    let all = BTreeSet::from([0, 1, 2, who, insider.who]);
    let epoch = stage.people[0].session.have();
    for one in [0, 1, 2, who] {
        assert_eq!(stage.people[one].session.have(), epoch);
        assert_eq!(stage.group_of(one), all);
    }
    assert_eq!(epoch.unwrap().group, first.group);
    stage.assert_talk(&[0, 1, 2, who]);
}

/// The insider adds the others by the key packages that they have relayed: the newcomer sees them as members.
#[test]
fn a_newcomer_in_a_group_of_the_insider_alone_refuses_its_commit_and_no_other() {
    let (mut stage, mut insider) = with_insider();
    let who = newcomer(&mut stage);
    let at = insider.group.epoch();
    let mut private = Private::start(&stage, &insider, system_time());
    for one in 1..=usize::try_from(at.epoch).unwrap() {
        let applicant = asking(&stage, one);
        private.add(&stage, &insider, system_time(), applicant);
    }
    private.welcome(&mut stage, &mut insider, who);
    assert_eq!(stage.people[who].session.have(), Some(at.next()));
    assert!(stage.group_of(who).contains(&1));
    assert_eq!(stage.heard(0, "to all"), [(1, Some(0)), (2, Some(0))]);
    stage.command(0, Command::Lock(true));
    stage.run(500);
    let device = stage.people[who].demux.unwrap();
    for one in 0..3 {
        let told = stage.seen(one, |event| match event {
            Event::RefusedByOther { from, at } => Some((*from, *at)),
            _ => None,
        });
        assert_eq!(told, [(device, at)], "the commit of the insider");
    }
    stage.run(15_000);
    stage.assert_together(&[0, 1, 2, who]);
    stage.assert_talk(&[0, 1, 2, who]);
}
