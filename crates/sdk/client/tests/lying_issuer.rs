//! A client against an issuer that tries to recognise it by a key of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_client::{
    CreatePass, DayRange, DeviceCredentials, DeviceId, ExchangeError, IssuerClient, IssuerError,
    MemoryPins, Pass, PinStore as _, RoomsClient, RoomsError, Timeouts, TransportFailure, Trust,
    TrustedParams,
};
use anteroom_protocol::{Aci, CallLink, DAY, ParamsId, Randomness, RootKey, Timestamp};
use anteroom_runtime::Entropy as _;
use anteroom_testkit::{LyingIssuer, SeededEntropy, ServedParams};
use secrecy::SecretString;

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);
const BEGINNING: Timestamp = Timestamp::from_secs(0);
/// The params that all clients receive.
const COMMON: u8 = 1;
/// The params that only this client receives.
const PLANTED: u8 = 2;

fn account() -> Aci {
    Aci::from_bytes([7; 16])
}

async fn issuer() -> (LyingIssuer, IssuerClient) {
    let issuer = LyingIssuer::start(account(), NOW).await;
    let password = SecretString::from("a device's password");
    let device = DeviceCredentials::new(account(), DeviceId::PRIMARY, password);
    let client = IssuerClient::new(issuer.url(), device, Timeouts::default()).unwrap();
    (issuer, client)
}

fn link(room: u8, params: u8) -> CallLink {
    CallLink {
        host: "calls.example".to_owned(),
        is_plain: false,
        root_key: RootKey::from_bytes(&[0x10 + room; 16]).unwrap(),
        params: Some(LyingIssuer::id(params)),
        without_certificates: false,
        admin: None,
    }
}

fn pinned(params: &TrustedParams) -> Vec<ParamsId> {
    params.newly_pinned().iter().map(|one| one.id).collect()
}

fn offers(refused: &IssuerError, seed: u8) -> bool {
    let id = LyingIssuer::id(seed);
    matches!(refused, IssuerError::Untrusted { offered, .. } if *offered == [id])
}

async fn create(
    client: &IssuerClient,
    params: &TrustedParams,
    now: Timestamp,
) -> Result<ParamsId, IssuerError> {
    let room = link(3, COMMON).root_key.room_id();
    let randomness = Randomness::from_bytes([4; 32]);
    let issued = client.create_credential(&room, params, now, randomness);
    let pass = CreatePass::new(account(), &issued.await?, params)?;
    Ok(pass.params())
}

#[tokio::test]
async fn a_key_planted_as_the_next_one_on_first_contact_is_not_pinned_and_refused_later() {
    let (issuer, client) = issuer().await;
    let next_month = NOW.plus(30 * DAY);
    issuer.show(&[
        ServedParams::since(COMMON, BEGINNING),
        ServedParams::since(PLANTED, next_month),
    ]);
    let pins = MemoryPins::default();
    let params = client.params(&pins, Trust::FirstUse, NOW).await.unwrap();
    assert_eq!(pinned(&params), [LyingIssuer::id(COMMON)]);
    assert_eq!(pins.pins().unwrap().pins().len(), 1);

    // The issuer switches for this client alone: the client reports it and accepts nothing.
    issuer.issue_under(PLANTED);
    let later = next_month.plus(DAY);
    let params = client.params(&pins, Trust::FirstUse, later).await.unwrap();
    let week = DayRange::week_from(later);
    let refused = client.auth_credentials(week, &params, later).await;
    assert!(offers(&refused.unwrap_err(), PLANTED));
    let refused = create(&client, &params, later).await;
    assert!(offers(&refused.unwrap_err(), PLANTED));
}

#[tokio::test]
async fn a_link_that_plants_a_key_counts_for_its_own_room_and_for_creating_none() {
    let (issuer, client) = issuer().await;
    let pins = MemoryPins::default();
    client.params(&pins, Trust::FirstUse, NOW).await.unwrap();
    issuer.show(&[
        ServedParams::since(COMMON, BEGINNING),
        ServedParams::since(PLANTED, NOW.minus(DAY)),
    ]);
    issuer.issue_under(PLANTED);
    let of_accomplice = link(3, PLANTED);
    let params = client.params_for_link(&of_accomplice, &pins, Trust::FirstUse, NOW);
    let params = params.await.unwrap();
    assert!(pinned(&params).is_empty());
    let told = params.link_params().map(|one| one.id);
    assert_eq!(told, Some(LyingIssuer::id(PLANTED)));

    // The link opens its own room; a pass for it is valid in no other one.
    let week = DayRange::week_from(NOW);
    let days = client.auth_credentials(week, &params, NOW).await.unwrap();
    let today = days.first().unwrap();
    assert_eq!(today.params, LyingIssuer::id(PLANTED));
    let pass = Pass::new(account(), today, &params).unwrap();
    let rooms = RoomsClient::new("http://127.0.0.1:9", Timeouts::default()).unwrap();
    let mut rng = SeededEntropy::new(1).rng();
    let elsewhere = link(4, COMMON).root_key;
    let refused = rooms.link(&elsewhere, &pass, &mut *rng).await;
    assert!(matches!(refused, Err(RoomsError::OtherRoom)), "{refused:?}");
    let shown = rooms.link(&of_accomplice.root_key, &pass, &mut *rng).await;
    assert!(
        matches!(
            shown,
            Err(RoomsError::Exchange(ExchangeError {
                failure: TransportFailure::Unreachable(_),
                ..
            }))
        ),
        "{shown:?}"
    );

    // Neither with the link's params nor with those fetched afterwards can the client create a room or enter
    // another one.
    let refused = create(&client, &params, NOW).await;
    assert!(offers(&refused.unwrap_err(), PLANTED));
    let params = client.params(&pins, Trust::FirstUse, NOW).await.unwrap();
    let refused = create(&client, &params, NOW).await;
    assert!(offers(&refused.unwrap_err(), PLANTED));
    let of_friend = link(4, COMMON);
    let other = client.params_for_link(&of_friend, &pins, Trust::FirstUse, NOW);
    let other = other.await.unwrap();
    let refused = client.auth_credentials(week, &other, NOW).await;
    assert!(offers(&refused.unwrap_err(), PLANTED));
    assert!(matches!(
        Pass::new(account(), today, &other),
        Err(IssuerError::Untrusted { .. })
    ));
    let stored = pins.pins().unwrap();
    assert!(
        stored
            .pins()
            .iter()
            .all(|pin| pin.id() == LyingIssuer::id(COMMON))
    );
}

#[tokio::test]
async fn a_switch_to_pinned_params_is_told_once() {
    let (issuer, client) = issuer().await;
    let [common, next] = [COMMON, PLANTED].map(LyingIssuer::id);
    let change = NOW.plus(DAY);
    issuer.show(&[
        ServedParams::since(COMMON, BEGINNING),
        ServedParams::since(PLANTED, change),
    ]);
    let pins = MemoryPins::default();
    let told = Trust::Ids(&[common, next]);
    let params = client.params(&pins, told, NOW).await.unwrap();
    assert!(params.switches().is_empty());
    let params = client.params(&pins, Trust::FirstUse, change).await.unwrap();
    let [switch] = params.switches() else {
        unreachable!("{:?}", params.switches())
    };
    assert_eq!((switch.previous, switch.current.id), (common, next));
    assert_eq!(switch.current.validity.not_before, change);
    let params = client.params(&pins, Trust::FirstUse, change).await.unwrap();
    assert!(params.switches().is_empty());
}
