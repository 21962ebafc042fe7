//! The client against a running issuer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use anteroom_client::{
    AccountInfo, CredentialStore, DayRange, DeviceCredentials, DeviceState, IssuerClient,
    IssuerError, MemoryPins, Timeouts, Trust, TrustedParams,
};
use anteroom_issuer::{DatedParams, IssuerLimits, IssuingParams, credentials_end};
use anteroom_protocol::{
    CallLink, DAY, GenericPublicParams, GenericSecretParams, GroupMasterKey, GroupSecretParams,
    GroupServerSecretParams, Mode, ParamsId, Randomness, RootKey, Timestamp,
};
use anteroom_runtime::{BucketSize, Clock as _, Entropy as _};
use anteroom_testkit::{TestAccount, TestIssuer, TestIssuerOptions};
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, RelaySecret, RelaySettings, RelayTtl, RelayUrl,
    Relays, UrlTemplate,
};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

fn client_of(issuer: &TestIssuer, account: &TestAccount, password: &str) -> IssuerClient {
    let device = account.device;
    let device = DeviceCredentials::new(account.aci, device, SecretString::from(password));
    let timeouts = Timeouts {
        connect: Duration::from_secs(30),
        request: Duration::from_secs(60),
    };
    IssuerClient::new(issuer.base_url(), device, timeouts).unwrap()
}

fn client(issuer: &TestIssuer) -> IssuerClient {
    client_of(issuer, &issuer.account, &issuer.account.password)
}

async fn params(client: &IssuerClient) -> TrustedParams {
    let pins = MemoryPins::default();
    let now = TestIssuerOptions::default().now;
    client.params(&pins, Trust::FirstUse, now).await.unwrap()
}

async fn signed_in(client: &IssuerClient) -> (AccountInfo, TrustedParams) {
    (client.whoami().await.unwrap(), params(client).await)
}

fn randomness(issuer: &TestIssuer) -> Randomness {
    Randomness::random(&mut *issuer.entropy().rng())
}

#[tokio::test]
async fn devices_are_listed_with_their_states() {
    let issuer = TestIssuer::start().await;
    let two = issuer
        .add_device(&issuer.account, anteroom_store::DeviceId::new(2).unwrap())
        .await;
    let created = issuer.clock.now();
    issuer.clock.advance(90 * DAY + 1);
    let listed = client_of(&issuer, &two, &two.password).devices().await;
    let listed: Vec<_> = listed
        .unwrap()
        .into_iter()
        .map(|entry| {
            let address = entry.last_address.is_some();
            (
                entry.id.as_u32(),
                entry.last_seen,
                address,
                entry.state,
                entry.current,
            )
        })
        .collect();
    let now = issuer.clock.now();
    assert_eq!(
        listed,
        [
            (1, created, false, DeviceState::Stale, false),
            (2, now, true, DeviceState::Active, true),
        ]
    );
}

#[tokio::test]
async fn create_credentials_are_received_and_presented_in_both_modes() {
    for mode in [Mode::Standard, Mode::Legacy] {
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            mode,
            ..TestIssuerOptions::default()
        })
        .await;
        let client = client(&issuer);
        let params = params(&client).await;
        let key = RootKey::generate_v0(&mut *issuer.entropy().rng());
        let now = issuer.clock.now();
        let issued = client
            .create_credential(&key.room_id(), &params, now, randomness(&issuer))
            .await
            .unwrap();
        assert_eq!(issued.redemption, now.start_of_day());
        assert_eq!(
            Some(issued.params),
            issuer.generic_params.as_ref().map(GenericPublicParams::id)
        );
        let generic = params.generic(issued.params).unwrap();
        let presentation = issued.credential.present(
            &issuer.account.aci,
            &key.room_id(),
            generic,
            &key.secret_params(),
            randomness(&issuer),
        );
        assert_eq!(presentation.unwrap().mode(), mode);
    }
}

#[tokio::test]
async fn a_batch_is_received_and_presented_with_and_without_a_pni() {
    let issuer = TestIssuer::start().await;
    for with_pni in [true, false] {
        let account = issuer.add_account(with_pni).await;
        let client = client_of(&issuer, &account, &account.password);
        let (me, params) = signed_in(&client).await;
        assert_eq!(me.pni, account.pni);
        assert_eq!(me.auth_salt.is_some(), !with_pni);
        let now = issuer.clock.now();
        let week = DayRange::week_from(now);
        let days = client
            .day_credentials(&me, week, &params, now)
            .await
            .unwrap();
        let expected: Vec<Timestamp> = week.days().collect();
        let received: Vec<Timestamp> = days.iter().map(|day| day.day).collect();
        assert_eq!(received, expected);
        let room = RootKey::generate_v0(&mut *issuer.entropy().rng()).secret_params();
        let group = GroupSecretParams::derive(&GroupMasterKey::from_bytes([1; 32]));
        for day in &days {
            let generic = params.generic(day.auth.params).unwrap();
            day.auth
                .credential
                .present(&me.aci, day.day, generic, &room, randomness(&issuer))
                .unwrap();
            let of_group = day.group.as_ref().unwrap();
            assert_eq!(of_group.redemption, day.day);
            let server = params.group(of_group.params).unwrap();
            of_group
                .credential
                .present(server, &group, randomness(&issuer))
                .unwrap();
        }
        let alone = client.auth_credentials(week, &params, now).await.unwrap();
        assert_eq!(alone.len(), 8);
    }
}

#[tokio::test]
async fn without_group_params_days_come_without_group_credentials() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        group_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    let client = client(&issuer);
    let (me, params) = signed_in(&client).await;
    let now = issuer.clock.now();
    let week = DayRange::week_from(now);
    let days = client.day_credentials(&me, week, &params, now).await;
    let days = days.unwrap();
    assert_eq!(days.len(), 8);
    assert!(days.iter().all(|day| day.group.is_none()));
}

#[tokio::test]
async fn without_generic_params_nothing_is_trusted() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        generic_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    let client = client(&issuer);
    let params = params(&client).await;
    // The `Date` of the answers is the system's: the clocks must not explain the error.
    let published = client.published_params().await.unwrap();
    let now = published.issuer_time.unwrap();
    let range = DayRange::week_from(now);
    let outcome = client.auth_credentials(range, &params, now).await;
    assert!(matches!(
        outcome,
        Err(IssuerError::Untrusted { offered, .. }) if offered.is_empty()
    ));
}

#[tokio::test]
async fn refusals_are_told_by_their_codes() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            create_auth: BucketSize::new(1.try_into().unwrap(), 900.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    let now = issuer.clock.now();
    let room = RootKey::generate_v0(&mut *issuer.entropy().rng()).room_id();
    let stranger = client_of(&issuer, &issuer.account, "another password");
    let params = params(&stranger).await;
    let outcome = stranger
        .create_credential(&room, &params, now, randomness(&issuer))
        .await;
    check_problem(
        outcome,
        StatusCode::UNAUTHORIZED,
        "CALL_LINK_UNAUTHORIZED",
        None,
    );

    let client = client(&issuer);
    client
        .create_credential(&room, &params, now, randomness(&issuer))
        .await
        .unwrap();
    let limited = client
        .create_credential(&room, &params, now, randomness(&issuer))
        .await;
    let wait = Some(Duration::from_secs(900));
    check_problem(
        limited,
        StatusCode::TOO_MANY_REQUESTS,
        "CALL_LINK_RATE_LIMITED",
        wait,
    );

    let early = now.start_of_day().minus(2 * DAY);
    let range = DayRange::new(early, early).unwrap();
    let outcome = client.auth_credentials(range, &params, now).await;
    check_problem(
        outcome,
        StatusCode::BAD_REQUEST,
        "GROUP_CRED_INVALID_RANGE",
        None,
    );
}

fn check_problem<T>(
    outcome: Result<T, IssuerError>,
    status: StatusCode,
    code: &str,
    retry_after: Option<Duration>,
) {
    match outcome {
        Err(IssuerError::Problem(problem)) => {
            assert_eq!(problem.status, status);
            assert_eq!(problem.code, code);
            assert_eq!(problem.retry_after, retry_after);
        }
        Err(other) => unreachable!("another error: {other}"),
        Ok(_) => unreachable!("no refusal"),
    }
}

#[tokio::test]
async fn clocks_that_differ_by_a_day_are_noticed() {
    let issuer = TestIssuer::start().await;
    let client = client(&issuer);
    let params = params(&client).await;
    let room = RootKey::generate_v0(&mut *issuer.entropy().rng()).room_id();
    let behind = issuer.clock.now().minus(DAY);
    let outcome = client
        .create_credential(&room, &params, behind, randomness(&issuer))
        .await;
    // The issuer of the test has a clock of its own; its `Date` is that of the system.
    let Err(IssuerError::Clock { device, theirs, .. }) = outcome else {
        unreachable!("{outcome:?}")
    };
    assert_eq!(device, behind);
    assert!(theirs > behind.plus(DAY));
}

#[tokio::test]
async fn a_clock_before_the_first_params_is_named_and_nothing_is_called_untrusted() {
    let issuer = TestIssuer::start().await;
    let client = client(&issuer);
    let params = params(&client).await;
    let first = params.issuing_generic(issuer.clock.now()).unwrap();
    let slow = first[0].validity.not_before.minus(DAY);
    let outcome = client
        .auth_credentials(DayRange::week_from(slow), &params, slow)
        .await;
    assert!(matches!(outcome, Err(IssuerError::Clock { device, .. }) if device == slow));
}

#[tokio::test]
async fn a_clock_two_days_fast_is_named_where_the_issuer_refuses_the_days() {
    let issuer = TestIssuer::start().await;
    let client = client(&issuer);
    let params = params(&client).await;
    let fast = issuer.clock.now().plus(2 * DAY);
    let range = DayRange::week_from(fast);
    let outcome = client.auth_credentials(range, &params, fast).await;
    assert!(matches!(outcome, Err(IssuerError::Clock { device, .. }) if device == fast));
}

#[tokio::test]
async fn params_of_another_issuer_are_refused_until_their_id_is_trusted() {
    let pins = MemoryPins::default();
    let first = TestIssuer::start().await;
    let now = first.clock.now();
    let params = client(&first).params(&pins, Trust::FirstUse, now).await;
    assert!(params.is_ok());

    let second = TestIssuer::start_with(TestIssuerOptions {
        seed: 2,
        ..TestIssuerOptions::default()
    })
    .await;
    let client = client(&second);
    let now = second.clock.now();
    let range = DayRange::week_from(now);
    let params = client.params(&pins, Trust::FirstUse, now).await.unwrap();
    let outcome = client.auth_credentials(range, &params, now).await;
    let expected = second.generic_params.as_ref().map(GenericPublicParams::id);
    let Err(IssuerError::Untrusted { offered, .. }) = outcome else {
        unreachable!("not refused")
    };
    assert_eq!(offered, expected.into_iter().collect::<Vec<ParamsId>>());
    let params = client.params(&pins, Trust::Ids(&offered), now).await;
    let params = params.unwrap();
    assert!(client.auth_credentials(range, &params, now).await.is_ok());
    let params = client.params(&pins, Trust::PinnedOnly, now).await.unwrap();
    assert!(client.auth_credentials(range, &params, now).await.is_ok());
}

/// The test runs from the announcement of new params to long after the end of the old ones.
#[tokio::test]
async fn params_take_over_by_time_for_a_client_that_was_told() {
    let change = Timestamp::from_secs(20_010 * DAY);
    let end = credentials_end(change);
    let seed = |byte| Randomness::from_bytes([byte; 32]);
    let generic = |byte| GenericSecretParams::generate(Mode::Standard, seed(byte));
    let live = |byte, not_before, not_after| DatedParams {
        params: generic(byte),
        not_before,
        not_after,
    };
    let start = Timestamp::from_secs(0);
    let group = DatedParams {
        params: GroupServerSecretParams::generate(seed(3), seed(4)),
        not_before: start,
        not_after: None,
    };
    let group_id = group.params.public_params().id();
    let params = IssuingParams::new(
        Mode::Standard,
        vec![live(1, start, Some(end)), live(2, change, None)],
        vec![group],
    );
    let issuer = TestIssuer::start_with_params(TestIssuerOptions::default(), params).await;
    let [old, new] = [1, 2].map(|byte| generic(byte).public_params().id());
    let client = client(&issuer);
    let pins = MemoryPins::default();
    let room = RootKey::generate_v0(&mut *issuer.entropy().rng());
    let link = CallLink {
        params: Some(old),
        ..CallLink::parse(&room.to_text()).unwrap()
    };

    // The client trusts only the old params, and reports the new ones.
    let before = change.minus(2 * DAY);
    issuer.clock.set(before);
    let told = [old, group_id];
    let listing = client.published_params().await.unwrap();
    let params = listing.clone().trusted(&pins, Trust::Ids(&told), before);
    let params = params.unwrap();
    let announced: Vec<_> = params.announced(before).iter().map(|one| one.id).collect();
    assert_eq!(announced, [new]);
    let mut rng = issuer.entropy().rng();
    let identity = CredentialStore::identity(None, &mut *rng);
    let supply = client
        .credential_supply(&params, &identity, before, &mut *rng)
        .await;
    let aci = issuer.account.aci;
    let store = CredentialStore::new(aci, listing, supply.unwrap(), before, &mut *rng);

    // After the change the present credentials are valid; new ones are refused until the client trusts the
    // new params.
    let after = change.plus(2 * DAY);
    issuer.clock.set(after);
    let params = client.params_for_link(&link, &pins, Trust::FirstUse, after);
    let params = params.await.unwrap();
    assert!(store.pass(&params, after).is_some());
    let id = room.room_id();
    let create = |params: TrustedParams, now| {
        let (client, id, randomness) = (&client, &id, randomness(&issuer));
        async move { client.create_credential(id, &params, now, randomness).await }
    };
    let refused = create(params, after).await;
    assert!(
        matches!(&refused, Err(IssuerError::Untrusted { offered, .. }) if *offered == [new]),
        "{refused:?}"
    );
    let params = client.params(&pins, Trust::Ids(&[new]), after).await;
    let params = params.unwrap();
    assert_eq!(create(params, after).await.unwrap().params, new);

    // After the end of the old params a link that names them is usable all the same, with pins of them and
    // without.
    issuer.clock.set(end);
    for pins in [pins, MemoryPins::default()] {
        let params = client.params_for_link(&link, &pins, Trust::FirstUse, end);
        let params = params.await.unwrap();
        assert!(store.pass(&params, end).is_none());
        let week = DayRange::week_from(end);
        let issued = client.auth_credentials(week, &params, end).await.unwrap();
        assert_eq!(issued[0].params, new);
    }
    let strange = CallLink {
        params: Some(generic(9).public_params().id()),
        ..link
    };
    let refused = client
        .params_for_link(&strange, &MemoryPins::default(), Trust::FirstUse, end)
        .await;
    assert!(matches!(refused, Err(IssuerError::LinkParams(_))));
}

#[tokio::test]
async fn relays_are_received_with_their_credentials_and_without_relays_there_are_none() {
    let issuer = TestIssuer::start().await;
    assert!(client(&issuer).relays().await.unwrap().is_empty());

    let settings = RelaySettings {
        provider: ProviderSettings::Coturn {
            secret: RelaySecret::new("a-secret-of-the-tests".to_owned().into()).unwrap(),
        },
        ttl: RelayTtl::from_secs(600).unwrap(),
        host: HostName::parse("127.0.0.1").unwrap(),
        urls: vec![RelayUrl::parse("turn:relay.example").unwrap()],
        url_templates: vec![UrlTemplate::parse("turn:%s:3478").unwrap()],
    };
    let resolver = HostResolver::with_name_server("127.0.0.1:9".parse().unwrap()).unwrap();
    let relays = Relays::new(Some(settings), None, &resolver).unwrap();
    let issuer = TestIssuer::start_with_relays(TestIssuerOptions::default(), relays).await;
    let received = client(&issuer).relays().await.unwrap();
    let relay = &received[0];
    assert_eq!(relay.password.expose_secret().len(), 28);
    assert_eq!(relay.ttl.as_secs(), 600);
    assert_eq!(relay.urls, ["turn:relay.example"]);
    assert_eq!(relay.urls_with_ips, ["turn:127.0.0.1:3478"]);
    assert_eq!(relay.hostname, "127.0.0.1");

    let stranger = client_of(&issuer, &issuer.account, "wrong");
    let refused = stranger.relays().await.unwrap_err().to_string();
    assert!(refused.contains("401 CALL_RELAY_UNAUTHORIZED"), "{refused}");
}
