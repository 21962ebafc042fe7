//! Many at once.

use anteroom_testkit::{TestRooms, TestRoomsOptions};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{
    PATIENCE, TestSocket, admin_join, base64, created, demux_id, ids, join, wait_for_end,
};

const GUESTS: usize = 60;

#[tokio::test]
async fn a_crowd_joins_is_admitted_talks_and_leaves_without_a_lost_message() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        max_devices: 100,
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let accounts: Vec<_> = (0..GUESTS).map(|_| rooms.new_account()).collect();
    let joins = accounts
        .iter()
        .map(|account| TestSocket::joined(&rooms, join(&rooms, &link, account)));
    let mut guests = futures::future::join_all(joins).await;
    for (_, joined) in &guests {
        assert_eq!(joined.get("status"), Some(&json!("pending")));
        host.send(&json!({"type": "approve", "demuxId": demux_id(joined)}))
            .await;
    }
    host.roster(|roster| ids(roster, "active").len() == GUESTS + 1)
        .await;
    let talk = guests
        .iter_mut()
        .enumerate()
        .map(async |(number, (guest, _))| {
            guest.next_of("admitted").await;
            let body = base64(&number.to_be_bytes());
            guest
                .send(&json!({"type": "relay", "to": "all", "body": body}))
                .await;
        });
    futures::future::join_all(talk).await;
    let mut heard = 0;
    while heard < GUESTS {
        host.next_of("relay").await;
        heard += 1;
    }
    let leave = guests.iter_mut().map(async |(guest, _)| {
        guest.send(&json!({"type": "leave"})).await;
        guest.end().await;
    });
    futures::future::join_all(leave).await;
    let alone = host.roster(|roster| ids(roster, "active").len() == 1).await;
    assert_eq!(alone.get("pending"), Some(&Value::Array(Vec::new())));
    host.send(&json!({"type": "leave"})).await;
    host.end().await;
    wait_for_end(&rooms, &link, &admin).await;
    drop((host, guests));
    let idle = timeout(PATIENCE, rooms.rooms.idle());
    idle.await.expect("nothing is left of the call");
    assert_eq!(
        (rooms.rooms.open_sockets(), rooms.rooms.live_calls()),
        (0, 0)
    );
}
