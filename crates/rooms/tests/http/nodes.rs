//! Section 3: calls that another region's node has.

use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions};
use serde_json::json;

use crate::support::{created, join_body, join_call, peek_call};

#[tokio::test]
async fn a_call_of_another_region_is_joined_there() {
    let media = FakeMediaServer::start().await;
    let here = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        region: "here".to_owned(),
        ..TestRoomsOptions::default()
    })
    .await;
    let there = here.another_node("there").await;
    let twin = here.another_node("here").await;
    let (link, aci) = created(&here, json!({"restrictions": "none"})).await;
    let join = |rooms: &TestRooms| join_call(rooms, &link, &aci).json(&join_body());
    let first = join(&here).send(&here).await.json();

    let expected = format!("{}/v2/conference/participants?region=here", here.base_url());
    for answer in [
        join(&there).send(&there).await,
        peek_call(&there, &link, &aci).send(&there).await,
    ] {
        assert_eq!(answer.status, 307);
        assert_eq!(answer.header("location"), Some(expected.as_str()));
    }
    // Every node of the region can join clients to the call's media server.
    let second = join(&twin).send(&twin).await.json();
    assert_eq!(first["conferenceId"], second["conferenceId"]);
    assert_eq!(peek_call(&twin, &link, &aci).send(&twin).await.status, 200);
}
