//! A real relay accepts the credentials that are made for it, and no others.

use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use anteroom_protocol::Timestamp;
use anteroom_testkit::{LogGuard, TurnServer};
use anteroom_turn::{Relay, RelayUrl, Relays, TrialError, try_relay};

use crate::support::{NOW, SECRET, coturn, no_resolver, user};

async fn issue(now: Timestamp) -> Relay {
    let settings = coturn("127.0.0.1", &["turn:127.0.0.1:3478"], &[]);
    let relays = Relays::new(Some(settings), None, &no_resolver()).unwrap();
    let relay = relays.issue(user(0), now).await.unwrap().unwrap();
    LogGuard::global().watch_text("relay password", &relay.password);
    relay
}

#[tokio::test]
async fn a_trial_goes_over_udp_and_tcp_and_tells_its_failures_apart() {
    const LIMIT: Duration = Duration::from_secs(60);
    let server = TurnServer::start(SECRET).await;
    let address = server.address();
    let relay = issue(Timestamp::from_secs(2_100_000_000)).await;
    let (user, password) = (relay.username.as_str(), relay.password.as_str());
    let attempt = async |url: &str, password: &str| {
        let url = RelayUrl::parse(url).unwrap();
        try_relay(&url, None, user, password, LIMIT).await
    };
    for url in [
        format!("turn:{address}"),
        format!("turn:{address}?transport=tcp"),
        format!("stun:{address}"),
    ] {
        let relayed = attempt(&url, password).await;
        assert_eq!(relayed.unwrap().ip(), address.ip(), "{url}");
    }
    for transport in ["udp", "tcp"] {
        let url = format!("turn:{address}?transport={transport}");
        let refused = attempt(&url, "another").await;
        assert!(
            matches!(refused, Err(TrialError::Refused(401))),
            "{refused:?}"
        );
    }
    // A port that was free a moment ago.
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    for url in [
        format!("turn:{address}"),
        format!("turn:{address}?transport=tcp"),
        format!("turns:{address}"),
    ] {
        let gone = attempt(&url, password).await;
        assert!(
            matches!(gone, Err(TrialError::Unreachable(_))),
            "{url}: {gone:?}"
        );
    }
    let nowhere = attempt("turn:relay.invalid", password).await;
    assert!(matches!(nowhere, Err(TrialError::Host)), "{nowhere:?}");
    let unknown = attempt("turns:127.0.0.1?transport=udp", password).await;
    assert!(matches!(unknown, Err(TrialError::Transport)), "{unknown:?}");
    LogGuard::global().assert_clean();
}

/// Forwards datagrams between one client and a relay, and drops the requests of this method.
async fn lossy_way(relay: SocketAddr, lost: [u8; 2]) -> SocketAddr {
    let front = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let back = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    back.connect(relay).await.unwrap();
    let address = front.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut asked, mut answered) = ([0; 1_500], [0; 1_500]);
        let mut client = None;
        loop {
            tokio::select! {
                received = front.recv_from(&mut asked) => {
                    let (length, from) = received.unwrap();
                    client = Some(from);
                    if !asked[..length].starts_with(&lost) {
                        back.send(&asked[..length]).await.unwrap();
                    }
                }
                received = back.recv(&mut answered) => {
                    let length = received.unwrap();
                    front.send_to(&answered[..length], client.unwrap()).await.unwrap();
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn a_relay_that_does_not_answer_the_end_of_an_allocation_still_relays() {
    // RFC 8656, section 17: the type of a REFRESH request.
    const REFRESH: [u8; 2] = [0, 4];
    let server = TurnServer::start(SECRET).await;
    let relay = issue(Timestamp::from_secs(2_100_000_000)).await;
    let way = lossy_way(server.address(), REFRESH).await;
    let url = RelayUrl::parse(&format!("turn:{way}")).unwrap();
    let limit = Duration::from_secs(10);
    let tried = try_relay(&url, None, &relay.username, &relay.password, limit).await;
    assert_eq!(tried.unwrap().ip(), server.address().ip());
    LogGuard::global().assert_clean();
}

#[tokio::test]
async fn a_real_relay_allocates_for_good_credentials_only() {
    let server = TurnServer::start(SECRET).await;
    // coturn uses the clock of the machine; these credentials expire in 2036. (It parses times as
    // 31 bits, so that they cannot be later than 2038.)
    let far = Timestamp::from_secs(2_100_000_000);
    let relay = issue(far).await;
    let relayed = server.allocate(&relay.username, &relay.password).await;
    assert_eq!(relayed.unwrap().ip(), server.address().ip());

    let mut changed = relay.password.to_string();
    let first = if changed.starts_with('A') { "B" } else { "A" };
    changed.replace_range(..1, first);
    assert_eq!(server.allocate(&relay.username, &changed).await, Err(401));
    // The password does not cover another user or a later expiry.
    let other = relay.username.replace(':', ":x");
    assert_eq!(server.allocate(&other, &relay.password).await, Err(401));

    // NOW is in the past: the relay refuses expired credentials.
    let old = issue(NOW).await;
    assert_eq!(
        server.allocate(&old.username, &old.password).await,
        Err(401)
    );
    LogGuard::global().assert_clean();
}
