//! Lies about the policy, and admissions without an approval.

use std::sync::Arc;

use anteroom_client::{
    AdminStatement, AdmissionReason, Approval, ApprovalStatement, CallEvent, GroupError,
    GroupEvent, MemoryStatements, OperatingSystem, PolicyComparison, RoomStatements, RoomsClient,
    Signer, System as _, Timeouts,
};
use anteroom_e2ee::{AdmissionError, CommitRefusal, ContextError, JoinError};
use anteroom_testkit::{Hop, HttpHop};
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    approvals::{signed_approval, store_with},
    lying_stage::LyingStage,
    person::TestUser,
    stage::RoomSettings,
};

/// The service keeps a lobby, and the members want an approval.
const LOBBY: RoomSettings = RoomSettings {
    lobby: Approval::Required,
    policy: Approval::Required,
    has_admin: true,
};

/// Waits until a person is told that another one may not be in, which happens once.
async fn is_told(person: &TestUser, other: &TestUser) {
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    let refused = |event: &GroupEvent| match event {
        GroupEvent::NotAdmitted { claims, refusal } => {
            assert_eq!((claims.member_key, *refusal), (other.key, missing));
            Some(())
        }
        _ => None,
    };
    person
        .group_event("somebody who may not be in", refused)
        .await;
    assert_eq!(person.group_events(refused).len(), 1, "once");
}

pub(crate) async fn an_admission_by_the_service_alone_lets_nobody_in() {
    let mut stage = LyingStage::new(LOBBY).await;
    stage.join(true).await;
    stage.join(false).await;
    stage.people[0].approve(stage.device(1)).await;
    stage.are_together(&[0, 1]).await;
    stage.join(false).await;
    let device = stage.device(2);
    // The service decides in the admin's name.
    let demux_id = device.number();
    let statement = None;
    let approve = ClientMessage::Approve {
        demux_id,
        statement,
    };
    stage.service.deliver(Hop::ToService(0, approve));
    stage.people[2].say("can you hear me?");
    for who in 0..2 {
        is_told(&stage.people[who], &stage.people[2]).await;
    }
    let stranger = &stage.people[2];
    let unsaid = stranger.event("that nothing was said", |event| match event {
        CallEvent::NotSaid { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(unsaid.await, GroupError::NotLetIn);
    assert!(!stranger.has_seen(|event| matches!(event, GroupEvent::Entered { .. })));
    stage.meet(&[0, 1], "without the stranger").await;
    assert!(!stranger.has_seen(|event| matches!(event, GroupEvent::Text { .. })));
    // With an approval by the admin it comes in, and everybody sees by whom.
    stage.people[0].approve(device).await;
    stage.meet(&[0, 1, 2], "with an approval").await;
    let reason = AdmissionReason::Approval(Signer::Admin);
    stage
        .sees(1, 2, "a reason", |member| member.reason == reason)
        .await;
}

pub(crate) async fn an_admin_alone_sees_whom_the_service_alone_let_pass() {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    stage.join(true).await;
    stage.join(false).await;
    is_told(&stage.people[0], &stage.people[1]).await;
    stage.people[1]
        .group_event("that it cannot start a group", |event| {
            matches!(event, GroupEvent::CannotStart(AdmissionError::Missing)).then_some(())
        })
        .await;
    for person in &stage.people {
        assert!(person.read(|seen| seen.group.members.is_empty()));
    }
}

pub(crate) async fn who_is_not_entitled_cannot_start_a_group() {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    for _ in 0..2 {
        stage.join(false).await;
    }
    for person in &stage.people {
        person
            .group_event("that it cannot start a group", |event| {
                matches!(event, GroupEvent::CannotStart(AdmissionError::Missing)).then_some(())
            })
            .await;
        assert!(person.read(|seen| seen.group.members.is_empty()));
    }
}

/// Signs the policy that asks for approvals, after that of the room.
pub(crate) fn newer_policy(stage: &LyingStage) -> AdminStatement {
    let room = stage.link().root_key.room_id();
    let mut known = RoomStatements::load(stage.link(), &MemoryStatements::default()).unwrap();
    let known = known.as_mut().unwrap();
    let shown = stage.joined().call_link_state.admin_statement.unwrap();
    known.see_policy(&AdminStatement::new(shown.as_bytes()).unwrap());
    let signer = stage.stage.rights.signer(&room).unwrap();
    let now = OperatingSystem.now();
    signer
        .policy(Approval::Required, known.policy(), now)
        .unwrap()
}

/// Lets the service tell a person a policy.
pub(crate) fn tell_policy(stage: &LyingStage, to: usize, policy: &AdminStatement) {
    let mut state = stage.joined().call_link_state;
    state.admin_statement = (!policy.is_empty()).then(|| policy.as_bytes().into());
    let call_link_state = state;
    stage.tell(to, ServerMessage::Link { call_link_state });
}

pub(crate) async fn an_old_policy_to_a_first_joiner_holds_until_a_member_knows_the_newer_one() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    // The first person has no approval, and sees the old policy alone. The second one has been here before.
    stage.join(false).await;
    let newer = newer_policy(&stage);
    let account = stage.stage.account().await;
    let approval = signed_approval(&stage, &account, 1);
    let store = store_with(&stage, &account, 1, Some(&newer), &approval);
    stage.join_with(&account, false, store).await;
    let person = &stage.people[1];
    person
        .group_event(
            "an invitation without the newer policy",
            |event| match event {
                GroupEvent::WelcomeRefused { error, .. } => {
                    assert_eq!(*error, JoinError::Context(ContextError::Stale));
                    Some(())
                }
                _ => None,
            },
        )
        .await;
    assert!(!person.has_seen(|event| matches!(event, GroupEvent::Entered { .. })));
    assert!(!person.read(|seen| seen.group.may_send));
}

pub(crate) async fn a_newer_policy_is_committed_before_anybody_is_added() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    for number in 0..2 {
        let account = stage.stage.account().await;
        let approval = signed_approval(&stage, &account, number);
        let store = store_with(&stage, &account, number, None, &approval);
        stage.join_with(&account, false, store).await;
    }
    stage.are_together(&[0, 1]).await;
    // The service tells the newer policy to the second member alone. Then somebody without an approval comes.
    let newer = newer_policy(&stage);
    tell_policy(&stage, 1, &newer);
    for person in &stage.people {
        person
            .group_event("the newer policy", |event| match event {
                GroupEvent::Policy(policy) => (policy.as_bytes() == newer.as_bytes()).then_some(()),
                _ => None,
            })
            .await;
    }
    stage.join(false).await;
    for who in 0..2 {
        is_told(&stage.people[who], &stage.people[2]).await;
    }
    stage.meet(&[0, 1], "under the newer policy").await;
    assert!(stage.people[2].read(|seen| seen.group.members.is_empty()));
}

pub(crate) async fn an_older_policy_in_the_state_of_the_link_does_not_count() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    stage.join(true).await;
    let (older, newer) = (stage.joined().call_link_state, newer_policy(&stage));
    let older = AdminStatement::new(older.admin_statement.unwrap().as_bytes()).unwrap();
    let store = MemoryStatements::default();
    let mut known = RoomStatements::load(stage.link(), &store).unwrap().unwrap();
    let account = stage.stage.account().await;
    let client = RoomsClient::new(stage.service.url(1), Timeouts::default()).unwrap();
    for (shown, comparison) in [
        (&newer, PolicyComparison::Newer),
        (&older, PolicyComparison::Older),
    ] {
        let text = STANDARD.encode(shown.as_bytes());
        stage.service.lie_over_http(move |_, hop| match hop {
            HttpHop::ToClient(answer) => HttpHop::ToClient(answer.map(|body| {
                let mut state: Value = serde_json::from_slice(&body).unwrap();
                state["adminStatement"] = text.clone().into();
                serde_json::to_vec(&state).unwrap().into()
            })),
            hop => hop,
        });
        let (room, mut rng) = (&stage.link().root_key, stage.stage.rng());
        let state = client.link(room, &account.pass, &mut *rng).await.unwrap();
        assert_eq!(known.see_policy(&state.admin_statement), comparison);
    }
    assert_eq!(known.admin_statement(), newer);
}

pub(crate) async fn junk_after_a_good_statement_undoes_nothing() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    let mut stores = Vec::new();
    for number in 0..2 {
        let account = stage.stage.account().await;
        let approval = signed_approval(&stage, &account, number);
        let store = store_with(&stage, &account, number, None, &approval);
        stage.join_with(&account, false, Arc::clone(&store)).await;
        stores.push(store);
    }
    stage.are_together(&[0, 1]).await;
    let older = stage.joined().call_link_state.admin_statement.unwrap();
    let newer = newer_policy(&stage);
    for who in 0..2 {
        tell_policy(&stage, who, &newer);
        let person = &stage.people[who];
        person
            .group_event("the newer policy", |event| match event {
                GroupEvent::Policy(policy) => (policy.as_bytes() == newer.as_bytes()).then_some(()),
                _ => None,
            })
            .await;
        person
            .event("the link with it", |event| match event {
                CallEvent::Link(state) => (state.admin_statement == newer).then_some(()),
                _ => None,
            })
            .await;
    }
    stage.are_together(&[0, 1]).await;
    stage.forget();
    // The service shows no statement, the newer one with another signature, its beginning, the older one, and
    // nothing.
    let mut forged = newer.as_bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let beginning = newer.as_bytes()[..newer.as_bytes().len() - 1].to_vec();
    let junk = [
        b"no statement".to_vec(),
        forged,
        beginning,
        older.as_bytes().to_vec(),
        Vec::new(),
    ];
    for bytes in &junk {
        let policy = AdminStatement::new(&bytes[..]).unwrap();
        for who in 0..2 {
            tell_policy(&stage, who, &policy);
            let statement = Some(ApprovalStatement::new(*b"no approval").unwrap());
            let present = None;
            stage.tell(who, ServerMessage::Admitted { present, statement });
        }
    }
    for person in &stage.people {
        person
            .until("all of the junk", |seen| {
                let shown = seen.events.iter().filter(|event| {
                    matches!(event, CallEvent::Link(_) | CallEvent::Admitted { .. })
                });
                (shown.count() == 2 * junk.len()).then_some(())
            })
            .await;
    }
    // The older policy would let somebody in without an approval.
    stage.join(false).await;
    for who in 0..2 {
        is_told(&stage.people[who], &stage.people[2]).await;
    }
    stage.meet(&[0, 1], "after the junk").await;
    for (who, store) in stores.iter().enumerate() {
        let person = &stage.people[who];
        assert!(!person.has_seen(|event| {
            matches!(
                event,
                GroupEvent::Policy(_) | GroupEvent::Approved(_) | GroupEvent::Left(_)
            )
        }));
        let kept = RoomStatements::load(stage.link(), &**store).unwrap();
        let kept = kept.unwrap();
        assert_eq!(kept.admin_statement(), newer);
        let approvals = kept.approvals(&person.key, OperatingSystem.now());
        assert_eq!(approvals.count(), 1);
    }
}
