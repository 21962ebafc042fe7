//! Stored credentials of running issuers, presented to running room services.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroU32;

use anteroom_client::{
    CLOCK_TOLERANCE, CredentialFormatError, CredentialStore, DeviceCredentials, IssuerClient,
    IssuerError, MemoryPins, ParamsKind, Pin, PinStore as _, SPARE_LINKS, Timeouts, Trust,
    TrustedParams,
};
use anteroom_e2ee::DeviceSecret;
use anteroom_issuer::{CertificateParams, DatedParams, IssuerLimits, IssuingParams};
use anteroom_protocol::{
    CallLink, DAY, GenericSecretParams, Mode, Randomness, RoomId, RootKey, Timestamp,
};
use anteroom_runtime::{BucketSize, Clock as _, Entropy as _};
use anteroom_testkit::{TestIssuer, TestIssuerOptions};
use secrecy::SecretString;
use url::Url;

/// The lifetime of a create credential from the start of its day, in seconds.
const CREATE_LIFETIME: u64 = 30 * 3600;

/// A device at an issuer, with its store after one renewal.
struct Device {
    issuer: TestIssuer,
    client: IssuerClient,
    pins: MemoryPins,
    store: CredentialStore,
}

impl Device {
    async fn start() -> Self {
        let issuer = TestIssuer::start().await;
        let client = client(&issuer);
        let pins = MemoryPins::default();
        let now = issuer.clock.now();
        let listing = client.published_params().await.unwrap();
        let params = listing.clone().trusted(&pins, Trust::FirstUse, now);
        let mut rng = issuer.entropy().rng();
        let identity = CredentialStore::identity(None, &mut *rng);
        let supply = client
            .credential_supply(&params.unwrap(), &identity, now, &mut *rng)
            .await
            .unwrap();
        let store = CredentialStore::new(issuer.account.aci, listing, supply, now, &mut *rng);
        Self {
            issuer,
            client,
            pins,
            store,
        }
    }

    async fn renew(&mut self) {
        let now = self.issuer.clock.now();
        let listing = self.client.published_params().await.unwrap();
        let params = listing.clone().trusted(&self.pins, Trust::FirstUse, now);
        let mut rng = self.issuer.entropy().rng();
        let identity = CredentialStore::identity(Some(&self.store), &mut *rng);
        let supply = self
            .client
            .credential_supply(&params.unwrap(), &identity, now, &mut *rng)
            .await
            .unwrap();
        self.store.renew(listing, supply, now, &mut *rng);
    }

    /// Compares the stored params with the pins at a moment.
    fn params(&self, now: Timestamp) -> TrustedParams {
        let listing = self.store.listing().clone();
        listing.trusted(&self.pins, Trust::PinnedOnly, now).unwrap()
    }

    fn events(&self) -> Vec<&'static str> {
        let events = self.issuer.events.take();
        events.iter().map(anteroom_runtime::Event::name).collect()
    }
}

/// Params without a period.
fn live<T>(params: T) -> DatedParams<T> {
    DatedParams {
        params,
        not_before: Timestamp::from_secs(0),
        not_after: None,
    }
}

/// A room service.
fn service() -> Url {
    Url::parse("https://rooms.example/").unwrap()
}

fn link(without_certificates: bool) -> CallLink {
    CallLink {
        host: "rooms.example".to_owned(),
        is_plain: false,
        root_key: RootKey::from_bytes(&[0x13; 16]).unwrap(),
        params: None,
        without_certificates,
        admin: None,
    }
}

fn client(issuer: &TestIssuer) -> IssuerClient {
    let account = &issuer.account;
    let device = account.device;
    let password = SecretString::from(account.password.as_str());
    let device = DeviceCredentials::new(account.aci, device, password);
    IssuerClient::new(issuer.base_url(), device, Timeouts::default()).unwrap()
}

#[tokio::test]
async fn a_week_of_visits_and_new_links_asks_the_issuer_for_nothing() {
    let mut device = Device::start().await;
    device.events();
    let start = device.issuer.clock.now();
    for day in 0..8 {
        let now = start.plus(day * DAY);
        let params = device.params(now);
        let pass = device.store.pass(&params, now).unwrap();
        assert_eq!(pass.day(), now.start_of_day());
    }
    let params = device.params(start);
    for _ in 0..SPARE_LINKS {
        assert!(
            device
                .store
                .take_spare_link(&params, start, &service())
                .is_some()
        );
    }
    assert!(
        device
            .store
            .take_spare_link(&params, start, &service())
            .is_none()
    );
    assert!(device.events().is_empty());
}

#[tokio::test]
async fn there_is_no_pass_for_a_day_outside_the_week() {
    let device = Device::start().await;
    let start = device.issuer.clock.now();
    for now in [start.minus(DAY), start.plus(8 * DAY)] {
        assert!(device.store.pass(&device.params(now), now).is_none());
    }
}

#[tokio::test]
async fn every_renewal_asks_for_the_same_whatever_was_used() {
    let mut device = Device::start().await;
    let first = device.events();
    for used in [0, 1, SPARE_LINKS] {
        device.issuer.clock.advance(DAY);
        let now = device.issuer.clock.now();
        let params = device.params(now);
        for _ in 0..used {
            device.store.take_spare_link(&params, now, &service());
        }
        device.renew().await;
        assert_eq!(device.events(), first, "{used}");
    }
}

#[tokio::test]
async fn every_renewal_brings_a_certificate_of_the_same_identity_key() {
    let mut device = Device::start().await;
    let aci = device.issuer.account.aci;
    let room = RoomId::from_bytes([1; 32]);
    let member_key = DeviceSecret::from_bytes([2; 32]).member_key(&room).public();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let now = device.issuer.clock.now();
        let params = device.params(now);
        // It is stored.
        device.store = CredentialStore::from_bytes(&device.store.to_bytes()).unwrap();
        let link = link(false);
        let certificate = device.store.certificate(&link, &params, now).unwrap();
        let chain = certificate.present(&room, &member_key);
        let issuers_keys: Vec<_> = params.certificate_keys(now).copied().collect();
        assert_eq!(issuers_keys.len(), 1);
        let verified = chain.verify(&issuers_keys[0], &aci, &room, &member_key, now);
        let identity = certificate.identity().public();
        assert!(verified.unwrap().identity_key == identity);
        assert_eq!(certificate.last_day(), now.start_of_day().plus(7 * DAY));
        keys.push(*identity.as_bytes());
        let end = certificate.last_day().plus(DAY);
        let at = |moment| device.store.certificate(&link, &params, moment);
        assert!(at(end.minus(1)).is_some());
        assert!(at(end).is_none());
        let strange = MemoryPins::default();
        let strange = device
            .store
            .listing()
            .clone()
            .trusted(&strange, Trust::PinnedOnly, now);
        let strange = strange.unwrap();
        assert!(device.store.certificate(&link, &strange, now).is_none());
        let without = self::link(true);
        assert!(device.store.certificate(&without, &params, now).is_none());
        device.issuer.clock.advance(DAY);
        device.renew().await;
    }
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn an_issuer_that_signs_with_a_key_of_its_own_for_the_device_costs_the_certificate_alone() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let mut rng = device.issuer.entropy().rng();
    let generic = GenericSecretParams::generate(Mode::Standard, Randomness::from_bytes([7; 32]));
    device
        .pins
        .add(&[Pin::generic(generic.public_params())])
        .unwrap();
    let other = IssuingParams::new(Mode::Standard, vec![live(generic)], Vec::new());
    let other = other.with_certificates(vec![live(CertificateParams::random(&mut *rng))]);
    device.issuer.issuer.replace_params(other);
    let listing = device.client.published_params().await.unwrap();
    let params = listing.clone().trusted(&device.pins, Trust::FirstUse, now);
    let identity = CredentialStore::identity(Some(&device.store), &mut *rng);
    let supply = device
        .client
        .credential_supply(&params.unwrap(), &identity, now, &mut *rng)
        .await
        .unwrap();
    assert_eq!(supply.auth.len(), 8);
    assert!(supply.certificate.is_none());
    let failure = supply.certificate_failure.as_ref();
    assert!(
        matches!(
            failure,
            Some(IssuerError::Untrusted {
                kind: ParamsKind::Certificates,
                ..
            })
        ),
        "{failure:?}"
    );
    device.store.renew(listing, supply, now, &mut *rng);
    // The key is not trusted, and the one before is not in force.
    let params = device.params(now);
    assert!(
        device
            .store
            .certificate(&link(false), &params, now)
            .is_none()
    );
    let untrusted = params.untrusted_certificate_keys(now);
    assert_eq!(untrusted.len(), 1);
    let kept = CredentialStore::identity(Some(&device.store), &mut *rng);
    assert_eq!(kept.seed(), identity.seed());
}

#[tokio::test]
async fn the_identity_key_stays_where_the_issuer_gives_no_certificate() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let generic = GenericSecretParams::generate(Mode::Standard, Randomness::from_bytes([7; 32]));
    let pin = Pin::generic(generic.public_params());
    device.pins.add(&[pin]).unwrap();
    let params = IssuingParams::new(Mode::Standard, vec![live(generic)], Vec::new());
    device.issuer.issuer.replace_params(params);
    let listing = device.client.published_params().await.unwrap();
    let params = listing.clone().trusted(&device.pins, Trust::FirstUse, now);
    let mut rng = device.issuer.entropy().rng();
    let identity = CredentialStore::identity(None, &mut *rng);
    let supply = device
        .client
        .credential_supply(&params.unwrap(), &identity, now, &mut *rng)
        .await
        .unwrap();
    assert!(supply.certificate.is_none() && supply.certificate_failure.is_none());
    let aci = device.issuer.account.aci;
    device.store = CredentialStore::new(aci, listing, supply, now, &mut *rng);
    for _ in 0..2 {
        device.store = CredentialStore::from_bytes(&device.store.to_bytes()).unwrap();
        let same = CredentialStore::identity(Some(&device.store), &mut *rng);
        assert_eq!(same.seed(), identity.seed());
        device.renew().await;
    }
}

#[tokio::test]
async fn an_identity_key_that_was_stored_with_the_certificate_alone_is_read() {
    let device = Device::start().await;
    let mut rng = device.issuer.entropy().rng();
    let identity = CredentialStore::identity(Some(&device.store), &mut *rng);
    let bytes = device.store.to_bytes();
    let mut old: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert!(old.as_object_mut().unwrap().remove("identity").is_some());
    let old = CredentialStore::from_bytes(old.to_string().as_bytes()).unwrap();
    let same = CredentialStore::identity(Some(&old), &mut *rng);
    assert_eq!(same.seed(), identity.seed());
    assert_eq!(*old.to_bytes(), *bytes);
}

#[tokio::test]
async fn no_root_key_is_given_twice() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    device.renew().await;
    let params = device.params(now);
    let mut rooms = Vec::new();
    while let Some((root_key, _)) = device.store.take_spare_link(&params, now, &service()) {
        rooms.push(root_key.room_id().to_hex());
    }
    assert_eq!(rooms.len(), 2 * SPARE_LINKS);
    rooms.sort();
    rooms.dedup();
    assert_eq!(rooms.len(), 2 * SPARE_LINKS);
}

#[tokio::test]
async fn a_root_key_that_was_taken_is_for_the_same_room_service_alone_until_it_is_used_up() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let params = device.params(now);
    let [one, other] = ["https://one.example/", "https://other.example/"];
    let [one, other] = [one, other].map(|url| Url::parse(url).unwrap());
    let taken = device.store.take_spare_link(&params, now, &one);
    let room = taken.unwrap().0.room_id();
    for _ in 0..2 {
        // It is stored, and no spare link that any room service may see.
        device.store = CredentialStore::from_bytes(&device.store.to_bytes()).unwrap();
        assert_eq!(device.store.spare_links(now), SPARE_LINKS - 1);
        assert!(device.store.tried_link(&params, now, &other).is_none());
        let (again, _) = device.store.tried_link(&params, now, &one).unwrap();
        assert_eq!(again.room_id(), room);
    }
    let store = &mut device.store;
    let (key, _) = store.take_spare_link(&params, now, &other).unwrap();
    assert_ne!(key.room_id(), room);
    store.use_up_link(&key);
    assert!(store.tried_link(&params, now, &other).is_none());
    let (again, _) = store.tried_link(&params, now, &one).unwrap();
    store.use_up_link(&again);
    assert!(store.tried_link(&params, now, &one).is_none());
    assert_eq!(store.spare_links(now), SPARE_LINKS - 2);
}

#[tokio::test]
async fn a_root_key_that_was_taken_is_not_shown_when_its_time_is_over_or_its_params_are_not_trusted()
 {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let params = device.params(now);
    let service = service();
    device
        .store
        .take_spare_link(&params, now, &service)
        .unwrap();
    let listing = device.store.listing().clone();
    let strange = listing.trusted(&MemoryPins::default(), Trust::PinnedOnly, now);
    let (strange, store) = (strange.unwrap(), &mut device.store);
    assert!(store.tried_link(&strange, now, &service).is_none());
    let end = now.start_of_day().plus(CREATE_LIFETIME);
    assert!(store.tried_link(&params, end, &service).is_none());
    // A clock that was ahead for a while costs nothing.
    assert!(store.tried_link(&params, now, &service).is_some());
}

#[tokio::test]
async fn spare_links_of_yesterday_come_first_and_go_at_the_renewal_after_their_time() {
    let mut device = Device::start().await;
    let day = device.issuer.clock.now().start_of_day();
    let end = day.plus(CREATE_LIFETIME);
    device.issuer.clock.set(day.plus(DAY + 3600));
    device.renew().await;
    let tolerance = CLOCK_TOLERANCE.as_secs();
    for (now, spare) in [
        (device.issuer.clock.now(), 2 * SPARE_LINKS),
        (end.minus(tolerance + 1), 2 * SPARE_LINKS),
        (end.minus(tolerance), SPARE_LINKS),
        (end.plus(DAY), 0),
    ] {
        assert_eq!(device.store.spare_links(now), spare, "{now:?}");
    }
    // The spare link that is taken first is the one that expires first.
    let now = device.issuer.clock.now();
    let params = device.params(now);
    device
        .store
        .take_spare_link(&params, now, &service())
        .unwrap();
    assert_eq!(device.store.spare_links(end), SPARE_LINKS);
    // A clock that is ahead for a while drops none: they are there again when it is right, and are not used
    // up meanwhile.
    let spare = device.store.spare_links(now);
    let params = device.params(end.plus(DAY));
    assert!(
        device
            .store
            .take_spare_link(&params, end.plus(DAY), &service())
            .is_none()
    );
    assert!(!device.store.has_used_up_links());
    assert_eq!(device.store.spare_links(now), spare);
    // The issuer's answer of that time drops them with their root keys.
    device.issuer.clock.set(end.plus(DAY));
    device.renew().await;
    assert_eq!(device.store.spare_links(now), SPARE_LINKS);
}

#[tokio::test]
async fn a_missed_renewal_is_put_off_to_the_next_day_while_there_are_credentials() {
    let mut device = Device::start().await;
    let start = device.issuer.clock.now().start_of_day().plus(20 * 3600);
    let mut rng = device.issuer.entropy().rng();
    for day in 0..10 {
        let now = start.plus(day * DAY);
        device.store.postpone_renewal(now, &mut *rng);
        let due = device.store.schedule.due();
        if day <= 5 {
            assert_eq!(due.start_of_day(), now.start_of_day().plus(DAY), "{day}");
        } else {
            assert!(now < due && due < now.plus(6 * 3600), "{day}");
        }
    }
}

#[tokio::test]
async fn renewals_in_a_row_never_pile_up_spare_links() {
    let mut device = Device::start().await;
    for _ in 0..4 {
        device.renew().await;
    }
    let now = device.issuer.clock.now();
    assert_eq!(device.store.spare_links(now), 2 * SPARE_LINKS);
}

#[tokio::test]
async fn credentials_are_of_no_use_under_params_that_nothing_trusts() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let listing = device.store.listing().clone();
    let strange = listing.trusted(&MemoryPins::default(), Trust::PinnedOnly, now);
    let strange = strange.unwrap();
    assert!(device.store.pass(&strange, now).is_none());
    assert!(
        device
            .store
            .take_spare_link(&strange, now, &service())
            .is_none()
    );
    // The store is unchanged.
    assert_eq!(device.store.spare_links(now), SPARE_LINKS);
}

#[tokio::test]
async fn the_week_comes_also_where_no_link_may_be_created() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            create_auth: BucketSize::new(NonZeroU32::MIN, 900.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    let (client, pins, now) = (client(&issuer), MemoryPins::default(), issuer.clock.now());
    let listing = client.published_params().await.unwrap();
    let params = listing.clone().trusted(&pins, Trust::FirstUse, now);
    let params = params.unwrap();
    let mut rng = issuer.entropy().rng();
    let identity = CredentialStore::identity(None, &mut *rng);
    let mut supply = client
        .credential_supply(&params, &identity, now, &mut *rng)
        .await
        .unwrap();
    let failure = supply.failure.take();
    assert!(
        matches!(failure, Some(IssuerError::Problem(_))),
        "{failure:?}"
    );
    let store = CredentialStore::new(issuer.account.aci, listing, supply, now, &mut *rng);
    assert!(store.pass(&params, now).is_some());
    assert_eq!(store.spare_links(now), 1);
}

#[tokio::test]
async fn stored_bytes_come_back_as_they_were_and_others_are_refused() {
    let mut device = Device::start().await;
    let now = device.issuer.clock.now();
    let bytes = device.store.to_bytes();
    let back = CredentialStore::from_bytes(&bytes).unwrap();
    assert_eq!(*back.to_bytes(), *bytes);
    assert_eq!(back.schedule, device.store.schedule);
    device.store = back;
    let params = device.params(now);
    assert!(device.store.pass(&params, now).is_some());
    assert!(
        device
            .store
            .take_spare_link(&params, now, &service())
            .is_some()
    );

    let text = str::from_utf8(&bytes).unwrap();
    for damaged in [
        String::new(),
        "{}".to_owned(),
        text[..text.len() / 2].to_owned(),
        text.replacen("\"account\":\"", "\"account\":\"x", 1),
        text.replacen("\"credential\":\"", "\"credential\":\"AA", 1),
        text.replacen("\"root_key\":\"", "\"root_key\":\"x", 1),
        text.replacen("\"due\"", "\"later\"", 1),
        text.replacen("\"publicParams\":\"", "\"publicParams\":\"AAAA", 1),
    ] {
        let outcome = CredentialStore::from_bytes(damaged.as_bytes());
        assert_eq!(outcome.err(), Some(CredentialFormatError), "{damaged}");
    }
}
