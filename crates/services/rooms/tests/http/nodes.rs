//! Section 3: calls at a node of another region.

use anteroom_protocol::Aci;
use anteroom_testkit::{FakeMediaServer, TestLink, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::json;

use crate::support::{
    PARTICIPANTS, TestRequest, created, join_body, join_request, peek_request, request,
};

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
    let join = |rooms: &TestRooms| join_request(rooms, &link, &aci).json(&join_body());
    let first = join(&here).send(&here).await.json();

    // The redirect names the region of the redirecting node.
    let path = "/v2/conference/participants?region=there";
    let expected = format!("{}{path}", here.base_url());
    for answer in [
        join(&there).send(&there).await,
        peek_request(&there, &link, &aci).send(&there).await,
    ] {
        assert_eq!(answer.status, 307);
        assert_eq!(answer.header("location"), Some(expected.as_str()));
    }
    assert_eq!(media.announced().len(), 1);
    // The owner sends that region to the media server in place of its own.
    let join_here = join_request_at(&here, &link, &aci, path).json(&join_body());
    let followed = join_here.send(&here).await.json();
    assert_eq!(first["conferenceId"], followed["conferenceId"]);
    let regions = media.announced();
    let regions: Vec<_> = regions
        .iter()
        .map(|client| &client.body["region"])
        .collect();
    assert_eq!(regions, ["here", "there"]);
    // Every node of the region can join clients to the call's media server.
    let second = join(&twin).send(&twin).await.json();
    assert_eq!(first["conferenceId"], second["conferenceId"]);
    assert_eq!(
        peek_request(&twin, &link, &aci).send(&twin).await.status,
        200
    );
}

#[tokio::test]
async fn a_region_that_is_odd_counts_as_none_and_breaks_no_join() {
    let media = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        region: "here".to_owned(),
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
    let longest = "r".repeat(64);
    for (query, told) in [
        ("region=unheard-of_7".to_owned(), "unheard-of_7"),
        (format!("region={longest}"), longest.as_str()),
        (format!("region={longest}r"), "here"),
        ("region=".to_owned(), "here"),
        ("region=a%20b".to_owned(), "here"),
        ("region=%ff%00".to_owned(), "here"),
        ("region=a&region=b".to_owned(), "here"),
        ("other=a".to_owned(), "here"),
        ("&&=".to_owned(), "here"),
    ] {
        let path = format!("{PARTICIPANTS}?{query}");
        let join = join_request_at(&rooms, &link, &aci, &path).json(&join_body());
        assert_eq!(join.send(&rooms).await.status, 200, "{query}");
        let announced = media.announced();
        assert_eq!(announced.last().unwrap().body["region"], told, "{query}");
    }
}

fn join_request_at(rooms: &TestRooms, link: &TestLink, aci: &Aci, path: &str) -> TestRequest {
    request(Method::PUT, path)
        .room(link.room())
        .auth(&rooms.auth(link, aci))
}
