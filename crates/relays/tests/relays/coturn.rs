//! A real relay takes the credentials that are made for it, and no others.

use anteroom_protocol::Timestamp;
use anteroom_relays::{Relay, Relays};
use anteroom_testkit::{LogGuard, TurnServer};

use crate::support::{NOW, SECRET, coturn, no_resolver, user};

async fn issue(now: Timestamp) -> Relay {
    let settings = coturn("127.0.0.1", &["turn:127.0.0.1:3478"], &[]);
    let relays = Relays::new(Some(settings), None, &no_resolver()).unwrap();
    let relay = relays.issue(user(0), now).await.unwrap().unwrap();
    LogGuard::global().watch_text("relay password", &relay.password);
    relay
}

#[tokio::test]
async fn a_real_relay_allocates_for_good_credentials_only() {
    let server = TurnServer::start(SECRET).await;
    // The relay goes by the clock of the machine; these run out in 2036. (It reads times into 31 bits:
    // they cannot be later than 2038.)
    let far = Timestamp::from_secs(2_100_000_000);
    let relay = issue(far).await;
    let relayed = server.allocate(&relay.username, &relay.password).await;
    assert_eq!(relayed.unwrap().ip(), server.address().ip());

    let mut changed = relay.password.to_string();
    let first = if changed.starts_with('A') { "B" } else { "A" };
    changed.replace_range(..1, first);
    assert_eq!(server.allocate(&relay.username, &changed).await, Err(401));
    // Another user, or a later expiry, is not covered by the password.
    let other = relay.username.replace(':', ":x");
    assert_eq!(server.allocate(&other, &relay.password).await, Err(401));

    // NOW is long past: the relay refuses what has run out.
    let old = issue(NOW).await;
    assert_eq!(
        server.allocate(&old.username, &old.password).await,
        Err(401)
    );
    LogGuard::global().assert_clean();
}
