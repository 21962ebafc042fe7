//! Creates of links that fail, and what becomes of their credentials.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
};

use anteroom_client::{Approval, Client, ClientOptions, DeviceCredentials, Error, OwnLink, System};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_testkit::{LogGuard, MockClock, SeededEntropy, TestAccount};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::put,
};
use rand_core::CryptoRng;
use tokio::{net::TcpListener, sync::Notify};

use crate::support::RoomsFixture;

const MAX_BODY: usize = 64 * 1024;

/// The answer to one create.
#[derive(Clone, Copy)]
enum FrontAnswer {
    /// The room service is not asked.
    Instead(StatusCode),
    /// The room service is asked, and its answer does not arrive.
    Lost,
    /// No answer ever comes.
    Never,
}

/// A proxy before the room service of a scene.
struct Front {
    url: String,
    answers: Arc<Mutex<VecDeque<FrontAnswer>>>,
    /// The ids of the rooms that were to be created.
    rooms: Arc<Mutex<Vec<String>>>,
    /// Told of each create that gets no answer.
    asked: Arc<Notify>,
}

impl Front {
    async fn start(fixture: &RoomsFixture) -> Self {
        let answers: Arc<Mutex<VecDeque<FrontAnswer>>> = Arc::default();
        let rooms: Arc<Mutex<Vec<String>>> = Arc::default();
        let asked = Arc::new(Notify::new());
        let service = format!("{}/v1/call-link", fixture.rooms.base_url());
        let handler = {
            let (answers, rooms) = (Arc::clone(&answers), Arc::clone(&rooms));
            let asked = Arc::clone(&asked);
            move |request: Request| {
                let room = request.headers()["x-room-id"].to_str().unwrap().to_owned();
                rooms.lock().unwrap().push(room);
                let answer = answers.lock().unwrap().pop_front();
                let (service, asked) = (service.clone(), Arc::clone(&asked));
                async move {
                    match answer {
                        Some(FrontAnswer::Instead(status)) => status.into_response(),
                        Some(FrontAnswer::Lost) => {
                            let answer = pass_on(&service, request).await;
                            assert_eq!(answer.status(), StatusCode::OK);
                            StatusCode::OK.into_response()
                        }
                        Some(FrontAnswer::Never) => {
                            asked.notify_one();
                            pending().await
                        }
                        None => pass_on(&service, request).await,
                    }
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/call-link", put(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            answers,
            rooms,
            asked,
        }
    }

    async fn create(&self, client: &Client, answer: Option<FrontAnswer>) -> Result<OwnLink, Error> {
        self.answers.lock().unwrap().extend(answer);
        let created = client.create_link(&self.url, Approval::Off).await;
        if let Ok(own) = &created {
            LogGuard::global().watch_bytes("root key", &own.link.root_key.to_bytes());
        }
        created
    }

    /// The ids of the rooms of the creates since the last call.
    fn rooms(&self) -> Vec<String> {
        std::mem::take(&mut *self.rooms.lock().unwrap())
    }
}

async fn pass_on(service: &str, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.put(service).headers(head.headers).body(body);
    let answer = request.send().await.unwrap();
    let (status, body) = (answer.status(), answer.bytes().await.unwrap());
    (status, Body::from(body)).into_response()
}

/// The clock of the services, and randomness of a seed.
struct TestSystem(MockClock, SeededEntropy);

impl System for TestSystem {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        self.1.rng()
    }
}

async fn client(fixture: &RoomsFixture, account: &TestAccount) -> Client {
    let name = account.aci.to_uuid_string();
    let device = DeviceCredentials::parse(&name, account.password.as_str()).unwrap();
    let system = TestSystem(fixture.issuer.clock.clone(), SeededEntropy::new(5));
    let options = ClientOptions {
        system: Arc::new(system),
        ..ClientOptions::default()
    };
    let client = Client::connect_with(fixture.issuer.base_url(), device, options);
    client.await.unwrap()
}

async fn fixture() -> (RoomsFixture, Client, Front) {
    let fixture = RoomsFixture::start().await;
    let account = fixture.issuer.add_account(false).await;
    let client = client(&fixture, &account).await;
    let front = Front::start(&fixture).await;
    (fixture, client, front)
}

#[tokio::test]
async fn a_create_that_a_room_service_fails_to_answer_is_tried_again_with_the_same_room() {
    let (_fixture, ann, front) = fixture().await;
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
    ] {
        for _ in 0..4 {
            let failed = front.create(&ann, Some(FrontAnswer::Instead(status))).await;
            assert!(matches!(failed, Err(Error::Rooms(_))), "{failed:?}");
        }
        let own = front.create(&ann, None).await.unwrap();
        let room = own.link.root_key.room_id().to_hex();
        assert_eq!(front.rooms(), vec![room; 5], "{status}");
    }
    let none_left = front.create(&ann, None).await;
    assert!(
        matches!(none_left, Err(Error::NoSpareLink)),
        "{none_left:?}"
    );
}

#[tokio::test]
async fn a_credential_that_a_room_service_refuses_is_not_shown_again() {
    let (_fixture, ann, front) = fixture().await;
    let refusal = FrontAnswer::Instead(StatusCode::UNAUTHORIZED);
    let refused = front.create(&ann, Some(refusal)).await;
    assert!(matches!(refused, Err(Error::Rooms(_))), "{refused:?}");
    front.create(&ann, None).await.unwrap();
    let rooms = front.rooms();
    assert_ne!(rooms[0], rooms[1]);
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_never_gives_a_room_of_an_unknown_passkey() {
    let (_fixture, ann, front) = fixture().await;
    let lost = front.create(&ann, Some(FrontAnswer::Lost)).await;
    assert!(matches!(lost, Err(Error::Rooms(_))), "{lost:?}");
    let own = front.create(&ann, None).await.unwrap();
    // The room is there, with another passkey: the next one is created.
    let rooms = front.rooms();
    let room = own.link.root_key.room_id().to_hex();
    assert_eq!(rooms[0], rooms[1]);
    assert_eq!(rooms[2..], [room]);
    assert_ne!(rooms[0], rooms[2]);
}

#[tokio::test]
async fn another_room_service_is_never_shown_the_room_of_a_failed_create() {
    let (fixture, ann, front) = fixture().await;
    let other = Front::start(&fixture).await;
    let busy = FrontAnswer::Instead(StatusCode::SERVICE_UNAVAILABLE);
    front.create(&ann, Some(busy)).await.unwrap_err();
    for _ in 0..2 {
        other.create(&ann, None).await.unwrap();
    }
    let none_left = other.create(&ann, None).await;
    assert!(
        matches!(none_left, Err(Error::NoSpareLink)),
        "{none_left:?}"
    );
    front.create(&ann, None).await.unwrap();
    let rooms = front.rooms();
    assert_eq!(rooms[0], rooms[1]);
    assert!(!other.rooms().contains(&rooms[0]));
}

#[tokio::test]
async fn a_create_whose_future_is_dropped_is_tried_again_with_the_same_room() {
    let (_fixture, ann, front) = fixture().await;
    for _ in 0..4 {
        let create = front.create(&ann, Some(FrontAnswer::Never));
        tokio::select! {
            created = create => unreachable!("{created:?}"),
            () = front.asked.notified() => {}
        }
    }
    let own = front.create(&ann, None).await.unwrap();
    let room = own.link.root_key.room_id().to_hex();
    assert_eq!(front.rooms(), vec![room; 5]);
}

#[tokio::test]
async fn creates_at_the_same_time_show_different_rooms() {
    let (_fixture, ann, front) = fixture().await;
    let create = || front.create(&ann, None);
    let (one, two, three) = tokio::join!(create(), create(), create());
    for created in [one, two, three] {
        created.unwrap();
    }
    let mut rooms = front.rooms();
    assert_eq!(rooms.len(), 3);
    rooms.sort();
    rooms.dedup();
    assert_eq!(rooms.len(), 3);
}
