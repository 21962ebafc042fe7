//! An approval, or a presentation, in other hands.

use std::sync::Arc;

use anteroom_client::{
    AdminStatement, Admission, ApprovalStatement, CallEvent, GroupEvent, MemoryStatements,
    OperatingSystem, OwnDevice, RoomStatements, RoomsError, SignedStatement, System as _,
};
use anteroom_e2ee::{AdmissionError, Approval, CommitRefusal, StatementKey};
use anteroom_protocol::EraId;
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    accomplice,
    lying_stage::{LyingStage, secret},
    stage::{Account, RoomSettings},
};

/// Signs an approval of the device with which an account joins under a number.
pub(crate) fn signed_approval(
    stage: &LyingStage,
    account: &Account,
    number: usize,
) -> SignedStatement<Approval> {
    let key = accomplice::member_key(stage, secret(number)).public();
    let issued = OperatingSystem.now().minus(60);
    sign(
        stage,
        &Approval {
            room: stage.link().root_key.room_id(),
            user: OwnDevice::new(stage.link(), account.aci, key).user,
            member_key: key,
            issued,
            expires: issued.plus(Approval::DEFAULT_VALIDITY),
        },
    )
}

fn sign(stage: &LyingStage, approval: &Approval) -> SignedStatement<Approval> {
    let admin = stage.stage.rights.admin_key(&approval.room).unwrap();
    SignedStatement::sign(approval, &StatementKey::Admin(&admin)).unwrap()
}

/// Returns the statements that a device has kept from an earlier call.
pub(crate) fn store_with(
    stage: &LyingStage,
    account: &Account,
    number: usize,
    policy: Option<&AdminStatement>,
    approval: &SignedStatement<Approval>,
) -> Arc<MemoryStatements> {
    let store = Arc::new(MemoryStatements::default());
    let mut statements = RoomStatements::load(stage.link(), &*store)
        .unwrap()
        .unwrap();
    if let Some(policy) = policy {
        statements.see_policy(policy);
    }
    let key = accomplice::member_key(stage, secret(number)).public();
    let user = OwnDevice::new(stage.link(), account.aci, key).user;
    let shown = ApprovalStatement::new(approval.as_bytes()).unwrap();
    let era = EraId::from_bytes([0; 16]);
    assert!(statements.see_approval(&shown, &user, &key, era, OperatingSystem.now()));
    statements.keep(&*store);
    store
}

pub(crate) async fn a_captured_approval_lets_nobody_else_in() {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    stage.join(true).await;
    stage.join(false).await;
    stage.people[0].approve(stage.device(1)).await;
    stage.are_together(&[0, 1]).await;
    // The owner of the approval joins as the fifth one, and the thieves before.
    let owner = stage.stage.account().await;
    let captured = signed_approval(&stage, &owner, 4);
    let stranger = stage.stage.account().await;
    for (number, account, error) in [
        // As another user, and as another device of the same user.
        (2, &stranger, AdmissionError::OtherUser),
        (3, &owner, AdmissionError::OtherKey),
    ] {
        stage.forget();
        stage.join_with(account, false, Arc::default()).await;
        let thief = &stage.people[number];
        let claims = (thief.user.clone(), thief.device());
        let admission = Admission::Approval(captured.clone());
        let leaf = accomplice::leaf(&stage, secret(number), claims, admission);
        let asking = STANDARD.encode(accomplice::asking(&stage, secret(number), leaf));
        stage.service.lie(move |mut hop| {
            if let Hop::ToService(client, ClientMessage::Relay { body, .. }) = &mut hop
                && *client == number
            {
                body.clone_from(&asking);
            }
            vec![hop]
        });
        let refusal = CommitRefusal::Admission(error);
        for person in &stage.people[..2] {
            person
                .group_event("a captured approval", |event| match event {
                    GroupEvent::NotAdmitted {
                        claims,
                        refusal: told,
                    } => (claims.member_key == thief.key && *told == refusal).then_some(()),
                    _ => None,
                })
                .await;
        }
        // Nor does it help to be told so by the service.
        let statement = Some(ApprovalStatement::new(captured.as_bytes()).unwrap());
        let present = None;
        stage.tell(number, ServerMessage::Admitted { present, statement });
        thief
            .event("the statement", |event| {
                matches!(event, CallEvent::Admitted { .. }).then_some(())
            })
            .await;
        stage.meet(&[0, 1], &format!("without {number}")).await;
        assert!(!thief.has_seen(|event| {
            matches!(event, GroupEvent::Approved(_) | GroupEvent::Entered { .. })
        }));
    }
    let store = store_with(&stage, &owner, 4, None, &captured);
    stage.join_with(&owner, false, store).await;
    stage.meet(&[0, 1, 4], "with the owner").await;
}

pub(crate) async fn a_captured_presentation_holds_with_its_own_member_key_alone() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    let other = accomplice::member_key(&stage, 99).public().named();
    stage.service.lie(move |mut hop| {
        if let Hop::ToService(0, ClientMessage::Join(join)) = &mut hop {
            join.member = Some(other);
        }
        vec![hop]
    });
    let account = stage.stage.account().await;
    let store = Arc::default();
    let Err(refused) = stage.try_join(&account, false, store).await else {
        panic!("the presentation is of use under another key");
    };
    assert!(
        matches!(&refused, RoomsError::Refused { code, .. } if code == "presentation_invalid"),
        "{refused:?}"
    );
}

pub(crate) async fn an_approval_that_has_ended_takes_the_place_of_none_that_holds() {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    stage.join(true).await;
    let account = stage.stage.account().await;
    let approval = signed_approval(&stage, &account, 1);
    let store = store_with(&stage, &account, 1, None, &approval);
    stage.join_with(&account, false, store).await;
    stage.are_together(&[0, 1]).await;
    let mut ended = approval.claimed().clone();
    ended.issued = OperatingSystem.now().minus(30);
    ended.expires = OperatingSystem.now().minus(5);
    let ended = sign(&stage, &ended);
    let statement = Some(ApprovalStatement::new(ended.as_bytes()).unwrap());
    let present = None;
    stage.tell(1, ServerMessage::Admitted { present, statement });
    let person = &stage.people[1];
    person
        .event("the statement", |event| {
            matches!(event, CallEvent::Admitted { .. }).then_some(())
        })
        .await;
    stage.meet(&[0, 1], "as before").await;
    assert!(
        !person
            .has_seen(|event| { matches!(event, GroupEvent::Approved(_) | GroupEvent::Left(_)) })
    );
}
