//! The record of received messages, while calls are on.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, ThreadId},
};

use anteroom_client::{
    CallEvent, DemuxId, EraId, EraKey, EraMark, JoinOptions, MemoryReplays, MessageSealer,
    ReceivedCounters, ReplayStore, ReplayStoreError,
};
use anteroom_runtime::Entropy as _;
use anteroom_testkit::SeededEntropy;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt as _;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{
    hostile::{ERA, accept, era_text, listen, person_and_room, say, welcome},
    support::wait_for,
};

/// A store on a disk that hangs: it tells the thread of each use, and writes when it may.
struct HangingStore {
    uses: UnboundedSender<ThreadId>,
    permission: Mutex<mpsc::Receiver<()>>,
    written: MemoryReplays,
    marks: Mutex<Vec<EraMark>>,
}

impl ReplayStore for HangingStore {
    fn load(&self, era: &EraMark) -> Result<ReceivedCounters, ReplayStoreError> {
        self.uses.send(thread::current().id()).unwrap();
        self.marks.lock().unwrap().push(*era);
        self.written.load(era)
    }

    fn raise(&self, era: &EraMark, counters: &[(DemuxId, u64)]) {
        self.uses.send(thread::current().id()).unwrap();
        let permission = self.permission.lock();
        // Nobody to ask is a permission.
        let _ = permission.unwrap_or_else(PoisonError::into_inner).recv();
        self.written.raise(era, counters);
    }
}

#[tokio::test]
async fn a_call_goes_on_while_the_record_of_received_messages_is_written_and_ends_after_it() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let sender = DemuxId::new(32).unwrap();
    let key = EraKey::derive(&room, EraId::from_bytes(ERA));
    let mut sealer = MessageSealer::new(key, sender);
    let mut rng = SeededEntropy::new(5).rng();
    let bodies = [b"one", b"two"].map(|text| {
        let body = sealer.seal(text, &mut *rng).unwrap();
        json!({"type": "relay", "from": 32, "body": STANDARD.encode(body)})
    });
    let (next, mut steps) = unbounded_channel();
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        say(&mut socket, &welcome(16, &era_text())).await;
        while let Some(body) = steps.recv().await {
            say(&mut socket, &body).await;
        }
        while let Some(Ok(_)) = socket.next().await {}
    });
    let (uses, mut used) = unbounded_channel();
    let (permit, permission) = mpsc::channel();
    let store = Arc::new(HangingStore {
        uses,
        permission: Mutex::new(permission),
        written: MemoryReplays::default(),
        marks: Mutex::default(),
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let client = client.with_replay_store(Arc::clone(&store) as Arc<dyn ReplayStore>);
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    // All tasks of the runtime share the thread of the test.
    let here = thread::current().id();
    assert_ne!(used.recv().await.unwrap(), here);
    let [one, two] = bodies;
    let message = |event| matches!(event, CallEvent::Message { .. }).then_some(());
    next.send(one).unwrap();
    wait_for(&mut call, message).await;
    assert_ne!(used.recv().await.unwrap(), here);
    // The write waits for its permission, and the call does not.
    next.send(two).unwrap();
    wait_for(&mut call, message).await;

    drop(permit);
    next.send(json!({"type": "removed"})).unwrap();
    drop(next);
    while call.next().await.is_some() {}
    let era = store.marks.lock().unwrap()[0];
    assert_eq!(store.written.load(&era).unwrap(), [(sender, 2)]);
    server.await.unwrap();
}
