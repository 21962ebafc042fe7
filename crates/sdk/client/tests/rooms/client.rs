//! The client of both services.

use std::sync::Arc;

use anteroom_client::{
    AdminRights, Approval, CallEvent, CallLink, Chat, Client, ClientOptions, CredentialStore,
    DeviceCredentials, Error, ExchangeError, IssuerError, LoginClient, LoginSession, MemorySession,
    MemoryStatements, OperatingSystem, ParamsId, RoomStatements, RoomsError, SeatStatus,
    SecretString, SignIn, System, Timeouts, TransportFailure, Zeroizing,
};
use anteroom_e2ee::DeviceSecret;
use anteroom_protocol::{DAY, Timestamp};
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_testkit::{LogGuard, MockClock, SeededEntropy, TestAccount, TestLogin};
use rand_core::CryptoRng;

use crate::{
    group::within,
    support::{RoomsFixture, wait_for},
};

/// The clock of the services, and random numbers from a seed.
pub(crate) struct TestSystem {
    clock: MockClock,
    entropy: SeededEntropy,
}

impl System for TestSystem {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        self.entropy.rng()
    }
}

pub(crate) fn options(fixture: &RoomsFixture) -> ClientOptions {
    ClientOptions {
        system: Arc::new(TestSystem {
            clock: fixture.issuer.clock.clone(),
            entropy: SeededEntropy::new(5),
        }),
        ..ClientOptions::default()
    }
}

pub(crate) fn device(account: &TestAccount) -> DeviceCredentials {
    let name = account.aci.to_uuid_string();
    DeviceCredentials::parse(&name, account.password.as_str()).unwrap()
}

pub(crate) async fn client(fixture: &RoomsFixture, account: &TestAccount) -> Client {
    Client::connect_with(fixture.issuer.base_url(), device(account), options(fixture))
        .await
        .unwrap()
}

#[tokio::test]
async fn one_client_creates_a_link_and_another_one_joins_it_and_talks() {
    // The lifetimes of key packages are compared with the clock of the machine.
    let fixture = RoomsFixture::with_guests_at(OperatingSystem.now()).await;
    let url = fixture.issuer.base_url();
    let ann = device(&fixture.issuer.add_account(false).await);
    let bob = device(&fixture.issuer.add_account(false).await);
    let (ann, bob) = (Client::connect(url, ann), Client::connect(url, bob));
    let (ann, bob) = (ann.await.unwrap(), bob.await.unwrap());
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap();
    LogGuard::global().watch_bytes("root key", &own.link.root_key.to_bytes());
    assert!(ann.peek(&own.link).await.unwrap().is_none());

    // A link and the secret of its admins survive the conversion to text.
    let link = CallLink::parse(&own.link.to_url()).unwrap();
    assert_eq!(link, own.link);
    let rights = AdminRights::parse(&format!(" {}\n", own.rights.to_text().as_str())).unwrap();
    let key = rights.link_key(&link.root_key.room_id());
    assert!(key.is_some() && link.admin == key);
    let mut anns = ann.join_as_admin(&link, &rights).await.unwrap();
    let mut bobs = bob.join(&link).await.unwrap();
    for (call, is_admin) in [(&mut anns, true), (&mut bobs, false)] {
        let joined = wait_for(call, |event| match event {
            CallEvent::Joined(joined) => Some((joined.status, joined.is_admin)),
            _ => None,
        });
        assert_eq!(joined.await, (SeatStatus::Active, is_admin));
    }
    let (name, text) = ("Bob".to_owned(), "hello".to_owned());
    bobs.introduce(name.as_str()).await.unwrap();
    bobs.say(text.as_str()).await.unwrap();
    // Neither has a secret of its device: each visit is a member with a key of its own.
    let heard = wait_for(&mut anns, |event| match event {
        CallEvent::Group(_) => event.chat(),
        _ => None,
    });
    assert_eq!(within(heard).await, Chat::Text { text });
    let named = wait_for(&mut anns, |event| match event {
        CallEvent::GroupChanged(state) => {
            let mut names = state.members.into_iter().filter_map(|member| member.name);
            names.find(|known| *known == name)
        }
        _ => None,
    });
    within(named).await;
    let peek = bob.peek(&link).await.unwrap().unwrap();
    assert_eq!(peek.active_count, 2);
}

#[tokio::test]
async fn the_approval_of_a_visit_is_stored_for_a_device_with_a_secret_alone() {
    let fixture = RoomsFixture::with_guests_at(OperatingSystem.now()).await;
    let ann = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Required);
    let own = own.await.unwrap();
    let mut anns = ann.join_as_admin(&own.link, &own.rights).await.unwrap();
    for secret in [None, Some(DeviceSecret::from_bytes([3; 32]))] {
        let (store, has_secret) = (Arc::new(MemoryStatements::default()), secret.is_some());
        let options = ClientOptions {
            device: secret,
            statements: store.clone(),
            ..options(&fixture)
        };
        let bob = device(&fixture.issuer.add_account(false).await);
        let bob = Client::connect_with(fixture.issuer.base_url(), bob, options);
        let bob = bob.await.unwrap();
        let mut bobs = bob.join(&own.link).await.unwrap();
        let pending = wait_for(&mut anns, |event| match event {
            CallEvent::Roster(roster) => {
                let mut pending = roster.pending.into_iter();
                pending.find_map(|one| one.member_key().map(|key| (one.demux, key)))
            }
            _ => None,
        });
        let (demux, key) = within(pending).await;
        anns.approve(demux).await.unwrap();
        let admitted = wait_for(&mut bobs, |event| match event {
            CallEvent::Admitted { statement } => Some(statement),
            _ => None,
        });
        assert!(within(admitted).await.is_some());
        bobs.leave().await;
        let stored = RoomStatements::load(&own.link, &*store).unwrap().unwrap();
        assert!(stored.policy().is_some());
        let approvals = stored.approvals(&key, fixture.issuer.clock.now());
        assert_eq!(approvals.count(), usize::from(has_secret));
    }
}

#[tokio::test]
async fn a_login_connects_as_a_device_does() {
    let fixture = RoomsFixture::start().await;
    let (email, password) = ("ann@example.org", "correct horse");
    let aci = fixture
        .issuer
        .add_login(TestLogin::new(email, password))
        .await;
    let attempt = SignIn {
        email: Zeroizing::new(email.to_owned()),
        password: SecretString::from(password),
        remember: false,
        device: None,
        device_name: None,
        last_refresh: None,
    };
    let url = fixture.issuer.base_url();
    let login = LoginClient::new(url, Timeouts::default()).unwrap();
    let store = Arc::new(MemorySession::default());
    let session = LoginSession::start(login, &attempt, store).await.unwrap();
    let ann = Client::connect_with(url, session, options(&fixture)).await;
    let ann = ann.unwrap();
    assert_eq!(ann.aci(), aci);
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let link = own.await.unwrap().link;
    ann.join(&link).await.unwrap().leave().await;
}

#[tokio::test]
async fn stored_credentials_ask_the_issuer_for_nothing() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let first = client(&fixture, &account).await;
    let link = first.create_link(fixture.rooms.base_url(), Approval::Off);
    let link = link.await.unwrap().link;
    let stored = first.credentials().unwrap().to_bytes();
    let restored = |aci_of: DeviceCredentials| {
        let credentials = Some(CredentialStore::from_bytes(&stored).unwrap());
        let options = ClientOptions {
            credentials,
            ..options(&fixture)
        };
        // No program listens at this port.
        Client::connect_with("http://127.0.0.1:9", aci_of, options)
    };
    let later = restored(device(&account)).await.unwrap();
    later.join(&link).await.unwrap().leave().await;
    let another = later.create_link(fixture.rooms.base_url(), Approval::Off);
    another.await.unwrap();

    // Stored credentials of another account, or of past days, are ignored.
    let other = fixture.issuer.add_account(false).await;
    let unreachable = restored(device(&other)).await;
    let is_unreachable = |outcome| {
        matches!(
            outcome,
            Err(Error::Issuer(IssuerError::Exchange(ExchangeError {
                failure: TransportFailure::Unreachable(_),
                ..
            })))
        )
    };
    assert!(is_unreachable(unreachable.map(drop)));
    fixture.issuer.clock.advance(9 * DAY);
    assert!(is_unreachable(restored(device(&account)).await.map(drop)));
}

#[tokio::test]
async fn spare_links_and_days_run_out_until_a_renewal() {
    let fixture = RoomsFixture::start().await;
    let ann = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let url = fixture.rooms.base_url();
    let own = ann.create_link(url, Approval::Off).await.unwrap();
    for _ in 0..2 {
        ann.create_link(url, Approval::Off).await.unwrap();
    }
    let none_left = ann.create_link(url, Approval::Off).await;
    assert!(
        matches!(none_left, Err(Error::NoSpareLink)),
        "{none_left:?}"
    );
    ann.renew().await.unwrap();
    ann.create_link(url, Approval::Off).await.unwrap();

    fixture.issuer.clock.advance(8 * DAY);
    let over = ann.pass(&own.link);
    assert!(matches!(over, Err(Error::NoCredential)), "{over:?}");
    ann.renew().await.unwrap();
    ann.pass(&own.link).unwrap();
}

#[tokio::test]
async fn a_stored_credential_whose_room_has_a_link_gives_way_to_the_next_one() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let first = client(&fixture, &account).await;
    // Another program generates other passkeys.
    let system = TestSystem {
        clock: fixture.issuer.clock.clone(),
        entropy: SeededEntropy::new(6),
    };
    let options = ClientOptions {
        credentials: first.credentials(),
        system: Arc::new(system),
        ..ClientOptions::default()
    };
    // No program listens at this port.
    let second = Client::connect_with("http://127.0.0.1:9", device(&account), options);
    let second = second.await.unwrap();
    let url = fixture.rooms.base_url();
    let used = first.create_link(url, Approval::Off).await.unwrap();
    let own = second.create_link(url, Approval::Off).await.unwrap();
    assert_ne!(own.link.root_key.to_text(), used.link.root_key.to_text());
    second.join(&own.link).await.unwrap().leave().await;

    // The first client has the third credential left, and the second one holds the same.
    first.create_link(url, Approval::Off).await.unwrap();
    for client in [&first, &second] {
        let none_left = client.create_link(url, Approval::Off).await;
        assert!(
            matches!(none_left, Err(Error::NoSpareLink)),
            "{none_left:?}"
        );
    }
}

#[tokio::test]
async fn a_link_cannot_be_created_at_what_is_no_address_whatever_the_options_name() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    for rooms in [None, Some(fixture.rooms.base_url().to_owned())] {
        let options = ClientOptions {
            rooms,
            ..options(&fixture)
        };
        let ann = Client::connect_with(fixture.issuer.base_url(), device(&account), options);
        let ann = ann.await.unwrap();
        for address in ["rooms.example", "ftp://rooms.example", ""] {
            let refused = ann.create_link(address, Approval::Off).await;
            let is_of_address = matches!(
                refused,
                Err(Error::Rooms(RoomsError::Exchange(ExchangeError {
                    failure: TransportFailure::BaseUrl(_),
                    ..
                })))
            );
            assert!(is_of_address, "{address}: {refused:?}");
        }
        assert_eq!(
            ann.credentials()
                .unwrap()
                .spare_links(fixture.issuer.clock.now()),
            3
        );
    }
}

#[tokio::test]
async fn an_account_that_the_issuer_refuses_has_no_credentials_any_more() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = client(&fixture, &account).await;
    let link = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let link = link.await.unwrap().link;
    fixture.issuer.set_disabled(&account.aci, true).await;
    let refused = ann.renew().await;
    assert!(matches!(refused, Err(Error::SignedOut(_))), "{refused:?}");
    assert!(ann.credentials().is_none());
    let joined = ann.join(&link).await;
    assert!(matches!(joined, Err(Error::NoCredential)), "{joined:?}");
    let created = ann
        .create_link(fixture.rooms.base_url(), Approval::Off)
        .await;
    assert!(matches!(created, Err(Error::NoSpareLink)), "{created:?}");

    fixture.issuer.set_disabled(&account.aci, false).await;
    ann.renew().await.unwrap();
    ann.join(&link).await.unwrap().leave().await;
}

#[tokio::test]
async fn a_link_of_other_params_or_without_a_host_is_refused_before_anything_is_sent() {
    let fixture = RoomsFixture::start().await;
    let ann = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap().link;
    let foreign = CallLink {
        params: Some(ParamsId::parse("0123456789abcdef").unwrap()),
        ..own.clone()
    };
    let refused = ann.join(&foreign).await;
    assert!(
        matches!(refused, Err(Error::Issuer(IssuerError::LinkParams(_)))),
        "{refused:?}"
    );
    let bare = CallLink::parse(&own.root_key.to_text()).unwrap();
    let refused = ann.join(&bare).await;
    assert!(matches!(refused, Err(Error::NoRoomService)), "{refused:?}");

    // The room service of the options is used whatever host the link names.
    let elsewhere = CallLink {
        host: "rooms.example".to_owned(),
        ..own
    };
    let options = ClientOptions {
        rooms: Some(fixture.rooms.base_url().to_owned()),
        credentials: ann.credentials(),
        ..options(&fixture)
    };
    let authentication = ann.issuer().authentication().clone();
    let named = Client::connect_with(fixture.issuer.base_url(), authentication, options);
    let named = named.await.unwrap();
    for link in [bare, elsewhere] {
        named.join(&link).await.unwrap().leave().await;
    }
}

#[tokio::test]
async fn a_device_shows_its_certificate_by_every_link_but_those_that_leave_it_out() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let ann = client(&fixture, &account).await;
    let bob = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let link = own.await.unwrap().link;
    let room = link.root_key.room_id();
    let member_key = DeviceSecret::from_bytes([1; 32]).member_key(&room).public();
    let chain = ann.certificate(&link).unwrap().unwrap();
    let chain = chain.present(&room, &member_key);
    let keys = bob.certificate_keys().unwrap();
    assert_eq!(keys.len(), 1);
    let now = fixture.issuer.clock.now();
    let verify = |aci| chain.verify(&keys[0], aci, &room, &member_key, now).is_ok();
    assert!(verify(&account.aci) && !verify(&bob.aci()));
    let of_another_issuer = CallLink {
        params: Some(ParamsId::of(b"another issuer")),
        ..link.clone()
    };
    assert!(ann.certificate(&of_another_issuer).unwrap().is_none());
    let options = ClientOptions {
        credentials: ann.credentials(),
        links_without_certificates: true,
        ..options(&fixture)
    };
    let authentication = ann.issuer().authentication().clone();
    let ann = Client::connect_with(fixture.issuer.base_url(), authentication, options);
    let ann = ann.await.unwrap();
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let without = own.await.unwrap().link;
    assert!(without.to_url().contains("&cert=0"));
    assert!(ann.certificate(&without).unwrap().is_none());
    ann.join(&without).await.unwrap().leave().await;
}

#[tokio::test]
async fn a_program_that_fails_prints_what_was_wrong_and_why() {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let name = account.aci.to_uuid_string();
    let wrong = DeviceCredentials::parse(&name, "wrong").unwrap();
    let url = fixture.issuer.base_url();
    let refused = Client::connect_with(url, wrong, options(&fixture)).await;
    let nobody = "http://127.0.0.1:9";
    let unreachable = Client::connect_with(nobody, device(&account), options(&fixture)).await;
    let no_url = Client::connect_with("issuer.example", device(&account), options(&fixture)).await;
    for (failure, start, cause) in [
        (
            refused,
            "the issuer takes neither account nor device with this password",
            ": the issuer refused with 401",
        ),
        (
            unreachable,
            "the issuer cannot be reached",
            "nothing listens",
        ),
        (
            no_url,
            "the issuer's address cannot be used",
            ": it is no URL",
        ),
    ] {
        let failure: Box<dyn std::error::Error> = failure.unwrap_err().into();
        let shown = format!("{failure:?}");
        assert!(shown.starts_with(start), "{shown}");
        assert!(shown.contains(cause), "{shown}");
    }
}

#[test]
fn texts_that_name_no_account_and_no_admin_secret_are_refused() {
    let device = DeviceCredentials::parse("ann@example.org", "password");
    assert!(matches!(device, Err(Error::AccountName)));
    for text in ["", "AAAA", "not base64 at all", &"A".repeat(64)] {
        let refused = AdminRights::parse(text);
        assert!(matches!(refused, Err(Error::AdminRights)), "{text}");
    }
}
