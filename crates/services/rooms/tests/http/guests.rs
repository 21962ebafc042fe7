//! Guest accounts in calls on media servers.

use anteroom_runtime::Clock as _;
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::json;

use crate::support::{PARTICIPANTS, created, good, join_body, request};

#[tokio::test]
async fn guests_join_on_a_media_server_only_where_they_join_as_accounts() {
    let media = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    let guests = rooms.add_guest_params().await;
    for (rule, is_let_in) in [("wait", false), ("no", false), ("accounts", true)] {
        let (link, _) = created(&rooms, json!({ "restrictions": "none", "guests": rule })).await;
        let day = rooms.clock.now().start_of_day();
        let auth = guests.auth(&link, &rooms.new_account(), day);
        let answer = request(Method::PUT, PARTICIPANTS)
            .room(link.room())
            .auth(&auth)
            .json(&join_body())
            .send(&rooms)
            .await;
        if is_let_in {
            good(&answer);
        } else {
            answer.assert_problem(403, "CALL_GUESTS_REFUSED");
        }
        // A guest sees the members where it may join or wait, and else numbers.
        let account = rooms.auth(&link, &rooms.new_account());
        let join = request(Method::PUT, PARTICIPANTS).room(link.room());
        good(&join.auth(&account).json(&join_body()).send(&rooms).await);
        let peek = request(Method::GET, PARTICIPANTS).room(link.room());
        let seen = peek.auth(&auth).send(&rooms).await.json();
        let members = seen["participants"].as_array().unwrap();
        assert_eq!(members.is_empty(), rule == "no", "{rule}: {seen}");
    }
}
