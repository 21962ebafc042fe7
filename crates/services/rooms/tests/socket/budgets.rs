//! The limits of open sockets, and the sockets that are closed for others.

use std::time::Duration;

use anteroom_rooms::SocketLimits;
use anteroom_testkit::{TestRooms, TestRoomsOptions};
use serde_json::json;

use crate::client::{End, TestSocket, admin_join, created, join, set};

async fn start(limits: SocketLimits) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        sockets: SocketLimits {
            join_timeout: Duration::from_secs(3_600),
            ..limits
        },
        ..TestRoomsOptions::default()
    })
    .await
}

fn overloaded() -> (String, End) {
    ("overloaded".to_owned(), End::Closed(1013))
}

async fn from(rooms: &TestRooms, host: u8) -> TestSocket {
    TestSocket::connect_from(rooms, host).await.unwrap()
}

#[tokio::test]
async fn unjoined_sockets_of_one_address_give_way_to_its_own_and_leave_others_alone() {
    let rooms = start(SocketLimits {
        unjoined_per_address: 3,
        ..SocketLimits::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let mut patient = from(&rooms, 3).await;
    let mut flood = Vec::new();
    for _ in 0..10 {
        flood.push(from(&rooms, 2).await);
    }
    for one in flood.iter_mut().take(7) {
        assert_eq!(one.refusal().await, overloaded());
    }
    // The newest sockets are open, and so is that of the other address.
    for client in [flood.last_mut().unwrap(), &mut patient] {
        client.send(&join(&rooms, &link, &aci)).await;
        client.next_of("joined").await;
    }
}

#[tokio::test]
async fn where_all_unjoined_sockets_are_in_use_the_oldest_of_the_busiest_address_gives_way() {
    let rooms = start(SocketLimits {
        unjoined: 6,
        unjoined_per_address: 3,
        ..SocketLimits::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let mut patient = from(&rooms, 3).await;
    let mut flood = Vec::new();
    for host in [2, 2, 2, 4, 4] {
        flood.push(from(&rooms, host).await);
    }
    // Each further client gets a socket and joins at once.
    for host in 5..8 {
        let mut client = from(&rooms, host).await;
        client.send(&join(&rooms, &link, &aci)).await;
        client.next_of("joined").await;
    }
    assert_eq!(flood[0].refusal().await, overloaded());
    patient.send(&join(&rooms, &link, &aci)).await;
    patient.next_of("joined").await;
}

#[tokio::test]
async fn a_joined_device_never_gives_way_and_resumes_during_a_flood() {
    let rooms = start(SocketLimits {
        unjoined: 4,
        unjoined_per_address: 4,
        ..SocketLimits::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let member = async || {
        let mut client = from(&rooms, 3).await;
        client.send(&join(&rooms, &link, &aci)).await;
        let joined = client.next_of("joined").await;
        (client, joined)
    };
    let (lost, joined) = member().await;
    let (mut witness, _) = member().await;
    let mut flood = Vec::new();
    for n in 0..12 {
        flood.push(from(&rooms, 4 + n % 2).await);
    }
    drop(lost);
    let mut again = join(&rooms, &link, &aci);
    set(&mut again, "resume", joined["resume"].clone());
    let mut client = from(&rooms, 3).await;
    client.send(&again).await;
    let resumed = client.next_of("joined").await;
    assert_eq!(resumed["demuxId"], joined["demuxId"]);
    witness.send(&json!({"type": "ping"})).await;
    witness.next_of("pong").await;
}

#[tokio::test]
async fn joined_sockets_have_a_total_and_a_share_of_each_address() {
    let rooms = start(SocketLimits {
        connections: 4,
        connections_per_address: 2,
        ..SocketLimits::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let mut kept = Vec::new();
    for (host, fits) in [
        (2, true),
        (2, true),
        (2, false),
        (3, true),
        (4, true),
        (5, false),
    ] {
        let mut client = from(&rooms, host).await;
        client.send(&admin_join(&rooms, &link, &aci)).await;
        if fits {
            client.next_of("joined").await;
            kept.push(client);
        } else {
            assert_eq!(client.refusal().await, overloaded(), "{host}");
        }
    }
    // The slot is free again when its socket closes.
    let mut last = kept.pop().unwrap();
    last.send(&json!({"type": "leave"})).await;
    last.end().await;
    drop(last);
    let mut client = from(&rooms, 3).await;
    loop {
        client.send(&admin_join(&rooms, &link, &aci)).await;
        let answer = client.next().await;
        if answer["type"] == "joined" {
            break;
        }
        // The service may not have noticed the end of the other connection yet.
        assert_eq!(answer["code"], "overloaded");
        client = from(&rooms, 3).await;
    }
}

#[tokio::test]
async fn a_socket_whose_first_message_was_refused_gives_way_again() {
    let rooms = start(SocketLimits {
        unjoined_per_address: 1,
        closing_timeout: Duration::from_secs(3_600),
        ..SocketLimits::default()
    })
    .await;
    let mut refused = Vec::new();
    for _ in 0..4 {
        let mut client = from(&rooms, 2).await;
        client.send(&json!({"type": "ping"})).await;
        client.next_of("error").await;
        // The client reads nothing more and does not disconnect.
        refused.push(client);
    }
    // The service disconnects before the time for the closing handshake is over.
    for client in refused.iter_mut().take(3) {
        client.cut().await;
    }
}
