//! Sections 3 and 4: the whole lobby of a native call.

use anteroom_runtime::Clock as _;
use anteroom_testkit::{
    FakeMediaServer, NativeClient, RoomsTransport, TestRooms, TestRoomsOptions, run_native_lobby,
};

#[tokio::test]
async fn the_lobby_of_a_native_call_knows_its_users_by_their_whole_ids() {
    let media = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    media.call_back_to(rooms.internal_url());
    let presenter = rooms.presenter();
    let client = NativeClient {
        transport: RoomsTransport::Router(rooms.router()),
        link: presenter.new_link(),
        presenter,
        day: rooms.clock.now().start_of_day(),
    };
    run_native_lobby(&client, &media).await;
}
