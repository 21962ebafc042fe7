//! The certificates of the members of a call, as the others verify them.

use std::time::Duration;

use anteroom_client::{
    AdminRights, Approval, CallEvent, CallLink, CallMember, CallSession, CertificateError,
    CertificateStatus, Client, ClientOptions, DeviceCertificate, DeviceSecret, GroupState,
    IssuerClient, JoinOptions, OperatingSystem, OwnLink, SeatStatus, System as _, Timeouts,
};
use tokio::time::timeout;

use crate::{
    client::{client, options},
    support::{RoomsFixture, wait_for},
};

/// The maximum time until a group has done something.
const LIMIT: Duration = Duration::from_secs(60);

const VALID: CertificateStatus = CertificateStatus::Valid { is_guest: false };

/// The parts of a member that a test chooses.
struct Choice {
    name: &'static str,
    certificate: Option<DeviceCertificate>,
    /// Whether the member has the issuer's keys.
    has_keys: bool,
}

/// Sets the clocks of the services to the time of the members: the keys of a group know no other.
fn at_present(fixture: RoomsFixture) -> RoomsFixture {
    let now = OperatingSystem.now();
    fixture.issuer.clock.set(now);
    fixture.rooms.clock.set(now);
    fixture
}

async fn account(fixture: &RoomsFixture) -> Client {
    client(fixture, &fixture.issuer.add_account(false).await).await
}

/// Joins with a device that takes part in the encryption.
async fn join(
    fixture: &RoomsFixture,
    client: &Client,
    link: &CallLink,
    rights: Option<&AdminRights>,
    choice: Choice,
) -> CallSession {
    let first = choice.name.as_bytes()[0];
    let mut member = CallMember::new(&DeviceSecret::from_bytes([first; 32]), link).unwrap();
    if let Some(rights) = rights {
        member = member.with_rights(rights);
    }
    if let Some(certificate) = &choice.certificate {
        member = member.with_certificate(certificate);
    }
    if choice.has_keys {
        member = member.with_certificate_keys(client.certificate_keys().unwrap());
    }
    let room = link.root_key.room_id();
    let options = JoinOptions {
        room: link.root_key.clone(),
        pass: client.pass(link).unwrap(),
        passkey: rights.map(|rights| rights.passkey(&room)),
        name: Some(choice.name.to_owned()),
        member: Some(member),
    };
    let rooms = client.rooms(link).unwrap();
    rooms.join(options, fixture.rng()).await.unwrap()
}

/// Waits until a group has this number of members.
async fn group_of(call: &mut CallSession, count: usize) -> GroupState {
    let found = wait_for(call, |event| match event {
        CallEvent::GroupChanged(state) => (state.members.len() == count).then_some(*state),
        _ => None,
    });
    timeout(LIMIT, found).await.unwrap()
}

/// Returns the status of the certificate of a member.
fn status(state: &GroupState, name: &str) -> CertificateStatus {
    let mut members = state.members.iter();
    let member = members.find(|member| member.name.as_deref() == Some(name));
    member.unwrap().certificate
}

async fn link_of(fixture: &RoomsFixture, client: &Client) -> OwnLink {
    let own = client.create_link(fixture.rooms.base_url(), Approval::Off);
    own.await.unwrap()
}

#[tokio::test]
async fn members_verify_certificates_and_one_that_does_not_hold_keeps_nobody_out() {
    let fixture = at_present(RoomsFixture::start().await);
    let (ann, bob, carl) = (
        account(&fixture).await,
        account(&fixture).await,
        account(&fixture).await,
    );
    let OwnLink { link, rights, .. } = link_of(&fixture, &ann).await;
    let own = |client: &Client| client.certificate(&link).unwrap();
    let choice = |name, certificate| Choice {
        name,
        certificate,
        has_keys: true,
    };
    let anns = choice("Ann", own(&ann));
    let mut anns = join(&fixture, &ann, &link, Some(&rights), anns).await;
    // Bob shows the certificate of another account, whose identity key signs his member key.
    let bobs = choice("Bob", own(&carl));
    let bobs = join(&fixture, &bob, &link, None, bobs).await;
    let without = Choice {
        name: "Carl",
        certificate: None,
        has_keys: false,
    };
    let mut carls = join(&fixture, &carl, &link, None, without).await;
    let state = group_of(&mut anns, 3).await;
    assert_eq!(status(&state, "Ann"), VALID);
    let other = CertificateStatus::Invalid(CertificateError::Account);
    assert_eq!(status(&state, "Bob"), other);
    assert_eq!(status(&state, "Carl"), CertificateStatus::Missing);
    assert!(state.may_send);
    // Carl has no key of the issuer.
    let state = group_of(&mut carls, 3).await;
    let unknown = CertificateStatus::Invalid(CertificateError::Issuer);
    assert_eq!(status(&state, "Ann"), unknown);
    bobs.say("I am in").await.unwrap();
    let heard = wait_for(&mut anns, |event| event.chat());
    timeout(LIMIT, heard).await.unwrap();
}

#[tokio::test]
async fn clients_with_a_device_secret_show_their_certificates_unless_the_link_leaves_them_out() {
    for without_certificates in [false, true] {
        let fixture = at_present(RoomsFixture::start().await);
        let connect = async |secret: u8| {
            let account = fixture.issuer.add_account(false).await;
            let options = ClientOptions {
                device: Some(DeviceSecret::from_bytes([secret; 32])),
                links_without_certificates: without_certificates,
                name: Some(secret.to_string()),
                ..options(&fixture)
            };
            let device = crate::client::device(&account);
            let url = fixture.issuer.base_url();
            Client::connect_with(url, device, options).await.unwrap()
        };
        let (ann, bob) = (connect(1).await, connect(2).await);
        let OwnLink { link, rights, .. } = link_of(&fixture, &ann).await;
        assert_eq!(link.without_certificates, without_certificates);
        let mut anns = ann.join_as_admin(&link, &rights).await.unwrap();
        let mut bobs = bob.join(&link).await.unwrap();
        let expected = match without_certificates {
            true => CertificateStatus::Missing,
            false => VALID,
        };
        for call in [&mut anns, &mut bobs] {
            let state = group_of(call, 2).await;
            assert_eq!(
                (status(&state, "1"), status(&state, "2")),
                (expected, expected)
            );
        }
    }
}

#[tokio::test]
async fn a_guests_certificate_says_that_it_is_a_guests() {
    let fixture = at_present(RoomsFixture::with_guests().await);
    let ann = account(&fixture).await;
    let OwnLink { link, rights, .. } = link_of(&fixture, &ann).await;
    let choice = |name, client: &Client| Choice {
        name,
        certificate: client.certificate(&link).unwrap(),
        has_keys: true,
    };
    let anns = choice("Ann", &ann);
    let mut anns = join(&fixture, &ann, &link, Some(&rights), anns).await;
    let url = fixture.issuer.base_url();
    let device = IssuerClient::add_guest(url, Timeouts::default()).await;
    let options = ClientOptions {
        guest: true,
        ..options(&fixture)
    };
    let guest = Client::connect_with(url, device.unwrap(), options).await;
    let guest = guest.unwrap();
    let zoes = choice("Zoe", &guest);
    let mut zoes = join(&fixture, &guest, &link, None, zoes).await;
    let seat = wait_for(&mut zoes, |event| match event {
        CallEvent::Joined(seat) => Some((seat.demux, seat.status)),
        _ => None,
    });
    let (demux, status_of_zoe) = timeout(LIMIT, seat).await.unwrap();
    assert_eq!(status_of_zoe, SeatStatus::Pending);
    anns.approve(demux).await.unwrap();
    for call in [&mut anns, &mut zoes] {
        let state = group_of(call, 2).await;
        let guest = CertificateStatus::Valid { is_guest: true };
        assert_eq!(
            (status(&state, "Ann"), status(&state, "Zoe")),
            (VALID, guest)
        );
    }
}
