//! A service that welcomes people into a group of its own, alone and with a holder of the link.

use core::time::Duration;

use anteroom_e2ee::{
    AdminKey, Admission, AdmissionError, Applicant, ContextChange, ContextError, DeviceSecret,
    EraHistory, Group, GroupChange, GroupFailure, GroupLink, GroupStart, JoinError, MemberLeaf,
    Moment, RosterHistory, Surroundings,
};
use anteroom_e2ee_session::{Event, Input, Message};
use anteroom_protocol::{DemuxId, GroupEpoch, RootKey};

use crate::{
    people::{Room, rng, system_time, user},
    stage::{Hop, Stage},
};

/// The device of the service.
fn device() -> DemuxId {
    DemuxId::new(16 * 60_000).unwrap()
}

/// Makes a group of a device that is nobody's under a link, adds the applicant, and returns the Welcome.
fn welcome_into(
    link: GroupLink,
    applicant: &Applicant,
) -> Result<(GroupEpoch, Vec<u8>), GroupFailure> {
    welcome_into_group(1, link, applicant)
}

/// The same for a group with another number.
fn welcome_into_group(
    number: u32,
    link: GroupLink,
    applicant: &Applicant,
) -> Result<(GroupEpoch, Vec<u8>), GroupFailure> {
    let key = DeviceSecret::from_bytes([0xaa; 32]).member_key(link.context().room());
    let leaf = MemberLeaf {
        user: user(50),
        demux_id: device(),
        member_key: key.public(),
        admission: Admission::None,
        serial: 1,
        name: Some("A friend".to_owned()),
        certificate: None,
    };
    let roster = RosterHistory::default();
    let world = Surroundings {
        is_account: &|_| true,
        max_devices: 100,
        roster: &roster,
        now: system_time(),
        moment: Moment::new(Duration::from_secs(1)),
    };
    let start = GroupStart {
        link,
        member_key: key,
        leaf: &leaf,
        number,
        context: &ContextChange::default(),
        history: EraHistory::of_founder(),
    };
    let mut rng = rng(3);
    let mut group = Group::start(start, &world, &mut rng)?;
    let change = GroupChange {
        add: vec![applicant.clone()],
        ..GroupChange::default()
    };
    let commit = group.commit(&change, &world, &mut rng)?;
    let (_, body) = commit.welcome.unwrap();
    Ok((commit.epoch.next(), body))
}

/// The key package that a person relayed last.
fn asking(stage: &Stage, who: usize) -> Vec<u8> {
    let relays = stage.record.iter().rev().filter_map(|hop| match hop {
        Hop::ToService(from, Message::Relay(_, body)) if *from == who => Some(body),
        _ => None,
    });
    let mut packages = relays.filter(|body| body[0] == 2);
    packages.next().unwrap()[5..].to_vec()
}

/// An admin in the call, and a person with an approval who asks in vain: the service keeps relays from the
/// admin.
fn waiting() -> (Stage, usize) {
    let mut stage = Stage::new(Room::strict());
    stage.lie(|hop| match hop {
        Hop::ToPerson(0, Input::Relay { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let person = stage.room.admin(0);
    stage.join(person);
    stage.run(3_000);
    let person = stage.room.approved(1);
    let victim = stage.join(person);
    stage.approve(0, victim, None);
    stage.run(1_000);
    (stage, victim)
}

/// Shows the Welcome to the victim, who refuses it and then enters the group of the admin.
fn refuses(stage: &mut Stage, victim: usize, (at, body): (GroupEpoch, Vec<u8>)) -> JoinError {
    let from = device();
    stage.tell(victim, Input::Welcome { at, from, body });
    let refused = stage.seen(victim, |event| match event {
        Event::WelcomeRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert!(!stage.has_seen(victim, |event| matches!(event, Event::Entered { .. })));
    assert!(!stage.people[victim].session.may_send());
    stage.be_honest();
    stage.run(8_000);
    stage.assert_together(&[0, victim]);
    stage.assert_talk(&[0, victim]);
    let [error] = refused[..] else {
        panic!("{refused:?}");
    };
    error
}

#[test]
fn without_the_link_a_welcome_of_the_service_does_not_open() {
    let (mut stage, victim) = waiting();
    let room = stage.room.clone();
    let own = GroupLink::new(&room.root_key, room.era, None);
    let applicant = Applicant::open(&own, &asking(&stage, victim)).unwrap();
    // A link that the service invents does not open the request of the victim either.
    let invented = GroupLink::new(&RootKey::generate_v0(&mut rng(99)), room.era, None);
    assert!(Applicant::open(&invented, &asking(&stage, victim)).is_err());
    let welcome = welcome_into(invented, &applicant).unwrap();
    assert_eq!(refuses(&mut stage, victim, welcome), JoinError::Welcome);
}

#[test]
fn with_the_link_nobody_makes_a_group_that_is_entered_without_an_approval() {
    let (mut stage, victim) = waiting();
    let room = stage.room.clone();
    let admin = room.admin.as_ref().map(AdminKey::public);
    let own = GroupLink::new(&room.root_key, room.era, admin);
    let applicant = Applicant::open(&own, &asking(&stage, victim)).unwrap();
    let missing = GroupFailure::Admission(AdmissionError::Missing);
    assert_eq!(welcome_into(own, &applicant).err(), Some(missing));
    let without_admin = GroupLink::new(&room.root_key, room.era, None);
    let welcome = welcome_into(without_admin, &applicant).unwrap();
    let refused = refuses(&mut stage, victim, welcome);
    assert_eq!(refused, JoinError::Context(ContextError::OtherAdmin));
}

/// Somebody with the link makes a Welcome that opens and does not hold, for a group that is far away.
#[test]
fn a_welcome_into_a_group_far_away_puts_nobody_off_the_present_one() {
    let mut stage = Stage::new(Room::strict());
    let person = stage.room.admin(0);
    stage.join(person);
    let person = stage.room.approved(1);
    let who = stage.join(person);
    stage.approve(0, who, None);
    stage.run(4_000);
    stage.assert_together(&[0, who]);
    stage.lie(|hop| match hop {
        Hop::ToPerson(0 | 1, Input::Relay { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let person = stage.room.approved(2);
    let victim = stage.join(person);
    stage.approve(0, victim, None);
    stage.run(1_000);
    let own = GroupLink::new(&stage.room.root_key, stage.room.era, None);
    let applicant = Applicant::open(&own, &asking(&stage, victim)).unwrap();
    let (at, body) = welcome_into_group(u32::MAX - 1, own, &applicant).unwrap();
    let from = device();
    stage.tell(victim, Input::Welcome { at, from, body });
    let refused = stage.seen(victim, |event| match event {
        Event::WelcomeRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(refused, [JoinError::Context(ContextError::OtherAdmin)]);
    stage.be_honest();
    stage.run(8_000);
    stage.assert_together(&[0, who, victim]);
    stage.assert_talk(&[0, who, victim]);
}
