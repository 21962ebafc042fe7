//! Guests: people without an account, who join calls.

use anteroom_client::{
    Approval, CallEvent, Client, ClientOptions, CredentialStore, Error, GuestAdmission,
    IssuerClient, IssuerError, LinkChange, SeatStatus, Timeouts,
};
use anteroom_testkit::LogGuard;

use crate::{
    client::{client, options},
    support::{RoomsFixture, wait_for},
};

fn guest_options(fixture: &RoomsFixture) -> ClientOptions {
    ClientOptions {
        guest: true,
        ..options(fixture)
    }
}

#[tokio::test]
async fn a_guest_waits_is_let_in_and_comes_back_with_its_stored_credentials() {
    let fixture = RoomsFixture::with_guests().await;
    let ann = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap();
    LogGuard::global().watch_bytes("root key", &own.link.root_key.to_bytes());
    assert_eq!(own.state.guests, GuestAdmission::Wait);
    let mut anns = ann.join_as_admin(&own.link, &own.rights).await.unwrap();

    let url = fixture.issuer.base_url();
    let device = IssuerClient::add_guest(url, Timeouts::default())
        .await
        .unwrap();
    let guest = Client::connect_with(url, device.clone(), guest_options(&fixture));
    let guest = guest.await.unwrap();
    // The link names the params of its creator, which are not those of guests.
    assert!(own.link.params.is_some());
    let mut call = guest.join(&own.link).await.unwrap();
    let status = wait_for(&mut call, |event| match event {
        CallEvent::Joined(joined) => Some(joined.status),
        _ => None,
    });
    assert_eq!(status.await, SeatStatus::Pending);
    let waiting = wait_for(&mut anns, |event| match event {
        CallEvent::Roster(roster) => roster.pending.first().cloned(),
        _ => None,
    })
    .await;
    assert!(waiting.is_guest);
    anns.approve(waiting.demux).await.unwrap();
    wait_for(&mut call, |event| {
        matches!(event, CallEvent::Admitted { .. }).then_some(())
    })
    .await;

    // The stored credentials are enough for another visit; no program listens at this port.
    let stored = guest.credentials().unwrap().to_bytes();
    let stored = CredentialStore::from_bytes(&stored).unwrap();
    let again = ClientOptions {
        credentials: Some(stored),
        ..guest_options(&fixture)
    };
    let again = Client::connect_with("http://127.0.0.1:9", device, again).await;
    let again = again.unwrap();
    let peek = again.peek(&own.link).await.unwrap().unwrap();
    assert_eq!(peek.active_count, 2);
    let created = again.create_link(fixture.rooms.base_url(), Approval::Off);
    assert!(created.await.is_err(), "guests create no links");
}

#[tokio::test]
async fn an_admin_decides_about_guests_and_an_issuer_without_them_says_so() {
    let fixture = RoomsFixture::with_guests().await;
    let ann = client(&fixture, &fixture.issuer.add_account(false).await).await;
    let own = ann.create_link(fixture.rooms.base_url(), Approval::Off);
    let own = own.await.unwrap();
    LogGuard::global().watch_bytes("root key", &own.link.root_key.to_bytes());
    let (pass, rooms) = (ann.pass(&own.link).unwrap(), ann.rooms(&own.link).unwrap());
    let change = LinkChange {
        guests: Some(GuestAdmission::AsAccounts),
        ..LinkChange::default()
    };
    let mut rng = fixture.rng();
    let state = rooms
        .update(
            &own.link.root_key,
            &pass,
            &own.passkey(),
            &change,
            &mut *rng,
        )
        .await
        .unwrap();
    assert_eq!(state.guests, GuestAdmission::AsAccounts);

    let without = RoomsFixture::start().await;
    let refused = IssuerClient::add_guest(without.issuer.base_url(), Timeouts::default()).await;
    let Err(IssuerError::Problem(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problem.code, "GUESTS_OFF");
    // An account's client does not use the params of guests, nor the other way round.
    let device = IssuerClient::add_guest(fixture.issuer.base_url(), Timeouts::default());
    let device = device.await.unwrap();
    let wrong = Client::connect_with(fixture.issuer.base_url(), device, options(&fixture));
    let wrong = wrong.await;
    assert!(
        matches!(wrong, Err(Error::Issuer(IssuerError::Verification))),
        "{:?}",
        wrong.err()
    );
}
