//! A service that welcomes people into a group of its own, alone and with a holder of the link.

use std::time::Duration;

use anteroom_client::{
    Admission, DemuxId, GroupEpoch, GroupEvent, OperatingSystem, RootKey, System as _,
};
use anteroom_e2ee::{
    AdmissionError, Applicant, ContextChange, ContextError, EraHistory, Group, GroupChange,
    GroupFailure, GroupLink, GroupStart, JoinError, Moment, RosterHistory, Surroundings,
};
use anteroom_runtime::Entropy as _;
use anteroom_testkit::{Hop, SeededEntropy};
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    accomplice,
    approvals::{signed_approval, store_with},
    lying_stage::LyingStage,
    stage::RoomSettings,
};

/// The number of the device secret of the service.
const SERVICE: u8 = 0xaa;

/// The device of the service.
fn device() -> DemuxId {
    DemuxId::new(16 * 60_000).unwrap()
}

/// Makes a group of a device that is nobody's under a link, adds the applicant, and returns the Welcome.
fn welcome_into(
    stage: &LyingStage,
    link: GroupLink,
    applicant: Applicant,
) -> Result<(GroupEpoch, Vec<u8>), GroupFailure> {
    let claims = (accomplice::user(stage), device());
    let leaf = accomplice::leaf(stage, SERVICE, claims, Admission::None);
    let roster = RosterHistory::default();
    let world = Surroundings {
        is_account: &|_| true,
        max_devices: 100,
        roster: &roster,
        now: OperatingSystem.now(),
        moment: Moment::new(Duration::from_secs(1)),
    };
    let start = GroupStart {
        link,
        member_key: accomplice::member_key(stage, SERVICE),
        leaf: &leaf,
        number: 1,
        context: &ContextChange::default(),
        history: EraHistory::of_founder(),
    };
    let mut rng = stage.stage.rng();
    let mut group = Group::start(start, &world, &mut *rng)?;
    let change = GroupChange {
        add: vec![applicant],
        ..GroupChange::default()
    };
    let commit = group.commit(&change, &world, &mut *rng)?;
    let (_, body) = commit.welcome.unwrap();
    Ok((commit.epoch.next(), body))
}

/// An admin in the call, and a person with an approval who asks in vain: the service keeps relays from the admin.
/// Returns the key package of the person.
async fn waiting() -> (LyingStage, Vec<u8>) {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    stage.service.lie(|hop| match hop {
        Hop::ToClient(0, ServerMessage::Relay { .. }) => Vec::new(),
        hop => vec![hop],
    });
    stage.join(true).await;
    let account = stage.stage.account().await;
    let approval = signed_approval(&stage, &account, 1);
    let store = store_with(&stage, &account, 1, None, &approval);
    stage.join_with(&account, false, store).await;
    let asks = stage.service.delivered(|hop| match hop {
        Hop::ToService(1, ClientMessage::Relay { body, .. }) => decode(body)[0] == 2,
        _ => false,
    });
    let Hop::ToService(_, ClientMessage::Relay { body, .. }) = asks.await else {
        panic!("it is a relay");
    };
    (stage, decode(&body)[5..].to_vec())
}

fn decode(body: &str) -> Vec<u8> {
    STANDARD.decode(body).unwrap()
}

/// Shows the Welcome to the victim, who refuses it and then enters the group of the admin. The victim asks for
/// another group than that of the Welcome if the Welcome itself was good.
async fn refuses(
    stage: &LyingStage,
    (GroupEpoch { group, epoch }, body): (GroupEpoch, Vec<u8>),
    expected: JoinError,
) {
    let (from, body) = (device().number(), STANDARD.encode(body));
    let welcome = ServerMessage::Welcome {
        group,
        epoch,
        from,
        body,
    };
    stage.tell(1, welcome);
    let victim = &stage.people[1];
    victim
        .group_event("an invitation that is not good", |event| match event {
            GroupEvent::WelcomeRefused { error, .. } => {
                assert_eq!(*error, expected);
                Some(())
            }
            _ => None,
        })
        .await;
    assert!(!victim.has_seen(|event| matches!(event, GroupEvent::Entered { .. })));
    assert!(!victim.read(|seen| seen.group.may_send));
    stage.service.be_honest();
    stage.meet(&[0, 1], "in the group of the admin").await;
}

pub(crate) async fn without_the_link_a_welcome_of_the_service_does_not_open() {
    let (stage, key_package) = waiting().await;
    let applicant = Applicant::open(&accomplice::group_link(&stage), &key_package).unwrap();
    // A link that the service invents does not open the request of the victim either.
    let root_key = RootKey::generate_v0(&mut *SeededEntropy::new(99).rng());
    let invented = GroupLink::new(&root_key, stage.era(), None);
    assert!(Applicant::open(&invented, &key_package).is_err());
    let welcome = welcome_into(&stage, invented, applicant).unwrap();
    refuses(&stage, welcome, JoinError::Welcome).await;
}

pub(crate) async fn with_the_link_nobody_makes_a_group_that_is_entered_without_an_approval() {
    let (stage, key_package) = waiting().await;
    let link = accomplice::group_link(&stage);
    let applicant = Applicant::open(&link, &key_package).unwrap();
    let missing = GroupFailure::Admission(AdmissionError::Missing);
    let made = welcome_into(&stage, link, applicant.clone());
    assert_eq!(made.err(), Some(missing));
    let without_admin = GroupLink::new(&stage.link().root_key, stage.era(), None);
    let welcome = welcome_into(&stage, without_admin, applicant).unwrap();
    refuses(
        &stage,
        welcome,
        JoinError::Context(ContextError::OtherAdmin),
    )
    .await;
}
