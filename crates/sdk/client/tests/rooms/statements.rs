//! The statements of admins, from the client of an admin to that of somebody who is let in.

use std::sync::Arc;

use anteroom_client::{
    AdminRights, AdminStatement, Approval, CallEvent, CallLink, ChangePolicy, Client,
    ClientOptions, DeviceSecret, Error, LinkAdmin, LinkAdminKey, LinkChange, MemoryStatements,
    Policy, PolicyComparison, RoomMark, RoomStatements, RoomsClient, RoomsError, SignedStatement,
    StatementChange, StatementStore, StatementStoreError, Timeouts,
};
use anteroom_protocol::{DAY, Restrictions};
use anteroom_runtime::Clock as _;
use anteroom_testkit::{LogGuard, TestAccount};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::put,
};
use tokio::net::TcpListener;

use crate::{
    client::{device, options},
    support::{RoomsFixture, wait_for},
};

/// The client of a device, and the statements that it keeps.
struct TestDevice {
    client: Client,
    statements: Arc<MemoryStatements>,
}

impl TestDevice {
    /// Starts the client of an account, as after an earlier process of the same device.
    async fn start(
        fixture: &RoomsFixture,
        account: &TestAccount,
        secret: u8,
        statements: &Arc<MemoryStatements>,
    ) -> Self {
        let options = ClientOptions {
            device: Some(DeviceSecret::from_bytes([secret; 32])),
            statements: statements.clone(),
            ..options(fixture)
        };
        let client =
            Client::connect_with(fixture.issuer.base_url(), device(account), options).await;
        Self {
            client: client.unwrap(),
            statements: statements.clone(),
        }
    }

    fn kept(&self, link: &CallLink) -> RoomStatements {
        let kept = RoomStatements::load(link, &*self.statements);
        kept.unwrap().unwrap()
    }
}

fn policy(statement: &AdminStatement) -> Policy {
    let policy = SignedStatement::<Policy>::parse(statement.as_bytes()).unwrap();
    policy.claimed().clone()
}

/// Returns the admin statement that the room service shows.
async fn shown(fixture: &RoomsFixture, person: &TestDevice, link: &CallLink) -> AdminStatement {
    let pass = person.client.pass(link).unwrap();
    let rooms = person.client.rooms(link).unwrap();
    let mut rng = fixture.rng();
    let state = rooms.link(&link.root_key, &pass, &mut *rng).await;
    state.unwrap().admin_statement
}

#[tokio::test]
async fn who_is_let_in_keeps_the_signed_approval_for_the_next_call() {
    let fixture = RoomsFixture::start().await;
    let anns_account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &anns_account, 1, &Arc::default()).await;
    let own = ann
        .client
        .create_link(fixture.rooms.base_url(), Approval::Required);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    let AdminRights::Secret(secret) = &own.rights else {
        panic!("a link is created with an admin secret");
    };
    LogGuard::global().watch_bytes("admin secret", secret.as_bytes());
    assert!(own.is_policy_kept());
    assert!(ann.kept(link).admin_statement() == own.state.admin_statement);

    let account = fixture.issuer.add_account(false).await;
    let statements = Arc::default();
    let bob = TestDevice::start(&fixture, &account, 2, &statements).await;
    let mut anns = ann.client.join_as_admin(link, &own.rights).await.unwrap();
    let mut bobs = bob.client.join(link).await.unwrap();
    let waiting = wait_for(&mut anns, |event| match event {
        CallEvent::Joined(seat) => seat.roster.pending.first().cloned(),
        CallEvent::Roster(roster) => roster.pending.first().cloned(),
        _ => None,
    })
    .await;
    let key = DeviceSecret::from_bytes([2; 32]).member_key(&link.root_key.room_id());
    assert_eq!(waiting.member_key(), Some(key.public()));
    anns.approve(waiting.demux).await.unwrap();
    let statement = wait_for(&mut bobs, |event| match event {
        CallEvent::Admitted { statement, .. } => Some(statement),
        _ => None,
    });
    let statement = statement.await.unwrap();
    assert!(bobs.statements().is_some());

    // Another process of the same device.
    drop((bobs, bob));
    let bob = TestDevice::start(&fixture, &account, 2, &statements).await;
    let kept = bob.kept(link);
    let now = fixture.rooms.clock.now();
    let approvals: Vec<_> = kept.approvals(&key.public(), now).collect();
    assert_eq!(approvals.len(), 1);
    assert_eq!(approvals[0].as_bytes(), statement.as_bytes());
    assert!(kept.admin_statement() == own.state.admin_statement);
}

#[tokio::test]
async fn who_is_let_in_before_the_admin_has_read_an_event_gets_the_signed_approval_too() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let own = ann
        .client
        .create_link(fixture.rooms.base_url(), Approval::Required);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    let account = fixture.issuer.add_account(false).await;
    let bob = TestDevice::start(&fixture, &account, 2, &Arc::default()).await;
    let mut bobs = bob.client.join(link).await.unwrap();
    let device = wait_for(&mut bobs, |event| match event {
        CallEvent::Joined(seat) => Some(seat.demux),
        _ => None,
    })
    .await;
    let mut anns = ann.client.join_as_admin(link, &own.rights).await.unwrap();
    anns.approve(device).await.unwrap();
    let statement = wait_for(&mut bobs, |event| match event {
        CallEvent::Admitted { statement, .. } => Some(statement),
        _ => None,
    });
    assert!(statement.await.is_some());
    // The events come as they would have.
    let first = anns.next().await;
    assert!(matches!(first, Some(CallEvent::Joined(_))), "{first:?}");
}

#[tokio::test]
async fn policies_follow_decisions_are_renewed_and_come_back_where_they_were_replaced() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let own = ann
        .client
        .create_link(fixture.rooms.base_url(), Approval::Required);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    let admin = ann.client.admin(link, &own.rights).unwrap();
    let (pass, now) = (ann.client.pass(link).unwrap(), fixture.rooms.clock.now());
    let mut rng = fixture.rng();

    let change = LinkChange {
        approval: Some(Approval::Off),
        ..LinkChange::default()
    };
    let changed = admin.change(&pass, &change, now, &mut *rng).await.unwrap();
    assert_eq!(changed.policy, ChangePolicy::Kept);
    let changed = changed.state;
    assert_eq!(changed.approval, Approval::Off);
    let open = changed.admin_statement.clone();
    let counter = policy(&open).counter;
    assert!(counter > policy(&own.state.admin_statement).counter);
    // A name has no policy.
    let named = LinkChange {
        name: Some("Tea".to_owned()),
        ..LinkChange::default()
    };
    let named = admin.change(&pass, &named, now, &mut *rng).await.unwrap();
    assert_eq!(named.policy, ChangePolicy::Unsigned);
    assert!(named.state.admin_statement == open);

    // Nothing is due yet, so the room service is not even asked.
    admin.renew_policy(&pass, now, &mut *rng).await.unwrap();
    assert!(shown(&fixture, &ann, link).await == open);
    let later = now.plus(60 * DAY);
    admin.renew_policy(&pass, later, &mut *rng).await.unwrap();
    let renewed = shown(&fixture, &ann, link).await;
    assert_eq!(policy(&renewed).counter, counter);
    assert_eq!(policy(&renewed).since, later);
    assert!(ann.kept(link).admin_statement() == renewed);

    // Somebody with the passkey alone shows the older policy again: who has seen the newer one keeps it,
    // and an admin's client shows it to all again when it is renewed.
    let passkey = AdminRights::Passkey(own.passkey());
    let cleo = ann.client.admin(link, &passkey).unwrap();
    let replaced = LinkChange {
        admin_statement: Some(open.clone()),
        approval: Some(Approval::Off),
        ..LinkChange::default()
    };
    let replaced = cleo.change(&pass, &replaced, now, &mut *rng).await;
    let replaced = replaced.unwrap().state.admin_statement;
    assert!(replaced == open);
    let mut kept = ann.kept(link);
    assert_eq!(kept.see_policy(&replaced), PolicyComparison::Older);
    let last = later.plus(60 * DAY);
    admin.renew_policy(&pass, last, &mut *rng).await.unwrap();
    let renewed = shown(&fixture, &ann, link).await;
    assert_eq!(
        (policy(&renewed).counter, policy(&renewed).since),
        (counter, last)
    );
}

#[tokio::test]
async fn a_refused_change_of_the_approval_leaves_the_conditions_as_they_were() {
    for (at_first, refused) in [
        (Approval::Off, Approval::Required),
        (Approval::Required, Approval::Off),
    ] {
        let fixture = RoomsFixture::start().await;
        let account = fixture.issuer.add_account(false).await;
        let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
        let own = ann.client.create_link(fixture.rooms.base_url(), at_first);
        let own = own.await.unwrap();
        let link = &own.link;
        LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
        let call = ann.client.join_as_admin(link, &own.rights).await.unwrap();
        let admin = ann.client.admin(link, &own.rights).unwrap();
        let (pass, now) = (ann.client.pass(link).unwrap(), fixture.rooms.clock.now());
        let mut rng = fixture.rng();
        let change = LinkChange {
            approval: Some(refused),
            ..LinkChange::default()
        };
        let error = admin.change(&pass, &change, now, &mut *rng).await;
        let Err(Error::Rooms(RoomsError::Problem(problem))) = error else {
            panic!("{error:?}");
        };
        assert_eq!(problem.code, "CALL_ON");
        let kept = ann.kept(link);
        assert_eq!(kept.restrictions_at(now), at_first.into());
        call.leave().await;
        // An admin who joins next shows the room service the newest policy.
        let call = ann.client.join_as_admin(link, &own.rights).await.unwrap();
        let newest = kept.admin_statement();
        while shown(&fixture, &ann, link).await != newest {
            tokio::task::yield_now().await;
        }
        call.leave().await;
    }
}

/// The device has no policy, and the room service shows none: it withholds one that asks for approvals.
#[tokio::test]
async fn a_refused_end_of_the_approval_is_taken_back_by_a_device_that_knew_no_policy() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let url = fixture.rooms.base_url();
    let own = ann.client.create_link(url, Approval::Required);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    let (pass, now) = (ann.client.pass(link).unwrap(), fixture.rooms.clock.now());
    let passkey = own.rights.passkey(&link.root_key.room_id());
    let mut rng = fixture.rng();
    let nothing = LinkChange {
        admin_statement: Some(AdminStatement::default()),
        ..LinkChange::default()
    };
    let rooms = RoomsClient::new(url, Timeouts::default()).unwrap();
    let cleared = rooms.update(&link.root_key, &pass, &passkey, &nothing, &mut *rng);
    cleared.await.unwrap();
    let account = fixture.issuer.add_account(false).await;
    let dora = TestDevice::start(&fixture, &account, 2, &Arc::default()).await;
    let call = dora.client.join_as_admin(link, &own.rights).await.unwrap();
    assert!(dora.kept(link).policy().is_none());
    let admin = dora.client.admin(link, &own.rights).unwrap();
    let pass = dora.client.pass(link).unwrap();
    let change = LinkChange {
        approval: Some(Approval::Off),
        ..LinkChange::default()
    };
    let error = admin.change(&pass, &change, now, &mut *rng).await;
    let Err(Error::Rooms(RoomsError::Problem(problem))) = error else {
        panic!("{error:?}");
    };
    assert_eq!(problem.code, "CALL_ON");
    // It counts rather than the one that the room service has refused, and has.
    let kept = dora.kept(link);
    let kept = kept.policy().unwrap().claimed();
    assert_eq!(kept.restrictions, Restrictions::AdminApproval);
    assert!(kept.counter > now.as_secs());
    call.leave().await;
}

#[tokio::test]
async fn an_admin_who_never_saw_the_newest_policy_follows_the_one_that_is_shown() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let own = ann
        .client
        .create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    let account = fixture.issuer.add_account(false).await;
    let dora = TestDevice::start(&fixture, &account, 2, &Arc::default()).await;
    assert!(dora.kept(link).policy().is_none());
    let admin = dora.client.admin(link, &own.rights).unwrap();
    let (pass, now) = (dora.client.pass(link).unwrap(), fixture.rooms.clock.now());
    let change = LinkChange {
        approval: Some(Approval::Required),
        ..LinkChange::default()
    };
    let mut rng = fixture.rng();
    let changed = admin.change(&pass, &change, now, &mut *rng).await.unwrap();
    let changed = changed.state;
    assert!(policy(&changed.admin_statement).counter > policy(&own.state.admin_statement).counter);
    assert!(dora.kept(link).admin_statement() == changed.admin_statement);
    // A link whose admin key somebody has changed finds nothing of it.
    let forged = CallLink {
        admin: Some(LinkAdminKey::from_bytes([0xff; 32])),
        ..link.clone()
    };
    assert!(dora.client.join(&forged).await.is_err());
    let mark = dora.kept(link).mark();
    assert!(dora.statements.load(&mark).unwrap().is_some());
}

/// A store that cannot be read.
struct DamagedStatements;

impl StatementStore for DamagedStatements {
    fn load(&self, _: &RoomMark) -> Result<Option<Vec<u8>>, StatementStoreError> {
        Err(StatementStoreError::new("it is damaged"))
    }

    fn update(&self, _: &RoomMark, _: &mut StatementChange<'_>) {}
}

#[tokio::test]
async fn a_store_that_cannot_be_read_keeps_no_admin_from_changes_without_a_policy() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let own = ann
        .client
        .create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap();
    LogGuard::global().watch_bytes("root key", &own.link.root_key.to_bytes());
    let (rooms, rights) = (ann.client.rooms(&own.link).unwrap(), own.rights.clone());
    let store = Arc::new(DamagedStatements);
    let admin = LinkAdmin::new(rooms, own.link.clone(), rights, store);
    let (pass, now) = (
        ann.client.pass(&own.link).unwrap(),
        fixture.rooms.clock.now(),
    );
    let mut rng = fixture.rng();
    let change = LinkChange {
        name: Some("Tea".to_owned()),
        revoked: Some(true),
        end_call: true,
        ..LinkChange::default()
    };
    let changed = admin.change(&pass, &change, now, &mut *rng).await.unwrap();
    assert!(changed.state.revoked);
    assert_eq!(changed.policy, ChangePolicy::Unsigned);
    let change = LinkChange {
        approval: Some(Approval::Required),
        ..LinkChange::default()
    };
    let refused = admin.change(&pass, &change, now, &mut *rng).await;
    assert!(matches!(refused, Err(Error::Statements(_))));
}

/// A room service of an earlier version: refuses each body that has a statement with 422.
async fn room_service_without_statements(fixture: &RoomsFixture) -> String {
    const MOST_BYTES: usize = 64 * 1024;
    let service = format!("{}/v1/call-link", fixture.rooms.base_url());
    let handler = move |request: Request| {
        let service = service.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, MOST_BYTES).await.unwrap();
            let text = String::from_utf8_lossy(&body);
            if text.contains("adminStatement") {
                return StatusCode::UNPROCESSABLE_ENTITY.into_response();
            }
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.request(head.method, service).headers(head.headers);
            let answer = request.body(body).send().await.unwrap();
            let (status, body) = (answer.status(), answer.bytes().await.unwrap());
            let answer: Response = (status, Body::from(body)).into_response();
            answer
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/call-link", put(handler.clone()).get(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_room_service_without_statements_gets_none_and_that_is_told() {
    let fixture = RoomsFixture::start().await;
    let older = room_service_without_statements(&fixture).await;
    let account = fixture.issuer.add_account(false).await;
    let ann = TestDevice::start(&fixture, &account, 1, &Arc::default()).await;
    let own = ann.client.create_link(&older, Approval::Required);
    let own = own.await.unwrap();
    let link = &own.link;
    LogGuard::global().watch_bytes("root key", &link.root_key.to_bytes());
    assert!(!own.is_policy_kept());
    assert!(ann.kept(link).policy().is_some());
    let rooms = RoomsClient::new(&older, Timeouts::default()).unwrap();
    let store = ann.statements.clone();
    let admin = LinkAdmin::new(rooms, link.clone(), own.rights.clone(), store);
    let (pass, now) = (ann.client.pass(link).unwrap(), fixture.rooms.clock.now());
    let mut rng = fixture.rng();
    let change = LinkChange {
        approval: Some(Approval::Off),
        ..LinkChange::default()
    };
    let changed = admin.change(&pass, &change, now, &mut *rng).await.unwrap();
    assert_eq!(changed.state.approval, Approval::Off);
    assert_eq!(changed.policy, ChangePolicy::NotKept);
    assert!(changed.state.admin_statement.is_empty());
    let decided = ann.kept(link).admin_statement();

    let later = now.plus(60 * DAY);
    admin.renew_policy(&pass, later, &mut *rng).await.unwrap();
    let renewed = ann.kept(link).admin_statement();
    assert_eq!(policy(&renewed).counter, policy(&decided).counter);
    assert_eq!(policy(&renewed).since, later);
}
