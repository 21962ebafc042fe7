//! Parallel tasks over two sets of connections, as of two nodes.

use std::sync::Arc;

use anteroom_protocol::Restrictions;
use rand::{SeedableRng, rngs::StdRng};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    Fixture, LEASE, MANY, NOW, RoomsBackend, TEST, address, assert_same_call, assert_same_link,
    call, link, node, passkey_hash,
};
use crate::{
    CallKey, CreateLinkOutcome, DeleteLinkOutcome, LinkAddress, LinkUpdate, RoomsDatabase,
    StartEraOutcome, UpdateLinkOutcome,
};

const TASKS: usize = 8;
const ROUNDS: usize = 8;

pub async fn of_parallel_creates_of_one_room_one_wins<B: RoomsBackend>() {
    let fixture = Fixture::<B>::new().await;
    let outcomes = in_parallel(&fixture, |task| {
        move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
            let mut link = link(&*database, &address("a1", None), &mut rng);
            link.passkey_hash = passkey_hash(&*database, &link.room, &format!("passkey {task}"));
            let mut repository = database.begin(TEST).await.unwrap();
            let outcome = repository.create_link(&link, &mut rng).await.unwrap();
            repository.save().await.unwrap();
            outcome
        }
    })
    .await;

    let mut winner = None;
    for outcome in outcomes {
        match outcome {
            CreateLinkOutcome::Created(link) => assert!(winner.replace(link).is_none()),
            CreateLinkOutcome::Unchanged(_) => panic!("unchanged"),
            CreateLinkOutcome::Conflict => {}
        }
    }
    let mut reader = fixture.read().await;
    let read = reader.link(&address("a1", None), NOW).await.unwrap();
    assert_same_link(&read.unwrap(), &winner.unwrap());
}

pub async fn parallel_creates_of_the_same_link_make_one<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.link("a1", Some(1));
    let outcomes = in_parallel(&fixture, |_| {
        let link = link.clone();
        move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
            let mut repository = database.begin(TEST).await.unwrap();
            let outcome = repository.create_link(&link, &mut rng).await.unwrap();
            repository.save().await.unwrap();
            outcome
        }
    })
    .await;
    let mut created = 0;
    for outcome in outcomes {
        match outcome {
            CreateLinkOutcome::Created(_) => created += 1,
            CreateLinkOutcome::Unchanged(unchanged) => assert_same_link(&unchanged, &link),
            CreateLinkOutcome::Conflict => panic!("a conflict"),
        }
    }
    assert_eq!(created, 1);
}

pub async fn of_parallel_starts_one_wins<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", Some(1)).await;
    assert_one_start_wins(&fixture, &link.address()).await;
}

pub async fn of_parallel_takeovers_one_wins<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    fixture.started(&link, NOW.minus(LEASE)).await;
    assert_one_start_wins(&fixture, &link.address()).await;
}

async fn assert_one_start_wins<B: RoomsBackend>(fixture: &Fixture<B>, address: &LinkAddress) {
    let key = CallKey::Link(address.room.clone());
    let epoch = address.epoch;
    let outcomes = in_parallel(fixture, |task| {
        let key = key.clone();
        move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
            let mut call = call(key, NOW, &mut rng);
            call.node = node(&format!("node {task}"));
            let mut repository = database.begin(TEST).await.unwrap();
            let outcome = repository.start_era(&call, epoch, NOW, &mut rng).await;
            repository.save().await.unwrap();
            outcome.unwrap()
        }
    })
    .await;

    let mut reader = fixture.read().await;
    let stored = reader.call(&key, NOW).await.unwrap().unwrap();
    let mut winners = 0;
    for outcome in outcomes {
        match outcome {
            StartEraOutcome::Started { call, .. } => {
                winners += 1;
                assert_same_call(&call, &stored);
            }
            // Every loser learns the winner's call.
            StartEraOutcome::Running { call, .. } => assert_same_call(&call, &stored),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(reader.calls(None, MANY).await.unwrap().calls.len(), 1);
}

pub async fn a_renewal_and_a_takeover_exclude_each_other<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for round in 0..ROUNDS {
        let link = fixture.created(&format!("a{round}"), None).await;
        let old = fixture.started(&link, NOW.minus(LEASE)).await;
        let kept = in_parallel(&fixture, |task| {
            let old = old.clone();
            move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
                let mut repository = database.begin(TEST).await.unwrap();
                let kept = if task == 0 {
                    repository
                        .renew_era(&old.key, old.era, &old.node, NOW.plus(LEASE))
                        .await
                        .unwrap()
                } else {
                    let new = call(old.key.clone(), NOW, &mut rng);
                    match repository.start_era(&new, None, NOW, &mut rng).await {
                        Ok(StartEraOutcome::Started { .. }) => false,
                        Ok(StartEraOutcome::Running { call, .. }) => call.era == old.era,
                        other => panic!("{other:?}"),
                    }
                };
                repository.save().await.unwrap();
                kept
            }
        })
        .await;
        let stored = fixture.read().await.call(&old.key, NOW).await.unwrap();
        let is_kept = stored.unwrap().era == old.era;
        assert!(kept.iter().all(|kept| *kept == is_kept));
    }
}

pub async fn a_delete_and_a_start_exclude_each_other<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for round in 0..ROUNDS {
        let link = fixture.created(&format!("a{round}"), None).await;
        let address = link.address();
        let deleted = in_parallel(&fixture, |task| {
            let address = address.clone();
            move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
                let passkey = passkey_hash(&*database, &address.room, "right");
                let mut repository = database.begin(TEST).await.unwrap();
                let deleted = if task < TASKS / 2 {
                    match repository.delete_link(&address, &passkey, false, NOW).await {
                        Ok(DeleteLinkOutcome::Deleted | DeleteLinkOutcome::UnknownRoom) => true,
                        Ok(DeleteLinkOutcome::CallOn) => false,
                        other => panic!("{other:?}"),
                    }
                } else {
                    let call = call(CallKey::Link(address.room), NOW, &mut rng);
                    match repository.start_era(&call, None, NOW, &mut rng).await {
                        Ok(StartEraOutcome::UnknownLink) => true,
                        Ok(StartEraOutcome::Started { .. } | StartEraOutcome::Running { .. }) => {
                            false
                        }
                        other => panic!("{other:?}"),
                    }
                };
                repository.save().await.unwrap();
                deleted
            }
        })
        .await;
        let mut reader = fixture.read().await;
        let link = reader.link(&address, NOW).await.unwrap();
        let call = reader.call(&CallKey::Link(address.room), NOW).await;
        let is_deleted = link.is_none();
        assert_eq!(call.unwrap().is_none(), is_deleted);
        assert!(deleted.iter().all(|deleted| *deleted == is_deleted));
    }
}

pub async fn a_start_knows_the_restrictions_that_hold<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for round in 0..ROUNDS {
        let link = fixture.created(&format!("a{round}"), None).await;
        let address = link.address();
        let seen = in_parallel(&fixture, |task| {
            let address = address.clone();
            move |database: Arc<dyn RoomsDatabase>, mut rng: StdRng| async move {
                let passkey = passkey_hash(&*database, &address.room, "right");
                let change = LinkUpdate {
                    restrictions: Some(Restrictions::None),
                    ..LinkUpdate::default()
                };
                let mut repository = database.begin(TEST).await.unwrap();
                let seen = if task < TASKS / 2 {
                    match repository
                        .update_link(&address, &passkey, &change, NOW, &mut rng)
                        .await
                    {
                        Ok(UpdateLinkOutcome::Updated(link)) => link.restrictions,
                        Ok(UpdateLinkOutcome::CallOn) => Restrictions::AdminApproval,
                        other => panic!("{other:?}"),
                    }
                } else {
                    let call = call(CallKey::Link(address.room), NOW, &mut rng);
                    match repository.start_era(&call, None, NOW, &mut rng).await {
                        Ok(
                            StartEraOutcome::Started {
                                link: Some(link), ..
                            }
                            | StartEraOutcome::Running {
                                link: Some(link), ..
                            },
                        ) => link.restrictions,
                        other => panic!("{other:?}"),
                    }
                };
                repository.save().await.unwrap();
                seen
            }
        })
        .await;
        let mut reader = fixture.read().await;
        let stored = reader.link(&address, NOW).await.unwrap().unwrap();
        assert!(seen.iter().all(|seen| *seen == stored.restrictions));
    }
}

/// Runs parallel tasks that start together, every other one on a second opening of the database.
async fn in_parallel<B, G, F, T>(fixture: &Fixture<B>, body_of: impl Fn(usize) -> G) -> Vec<T>
where
    B: RoomsBackend,
    G: FnOnce(Arc<dyn RoomsDatabase>, StdRng) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (other, _) = fixture.backend.open(&fixture.master, 2).await.unwrap();
    let barrier = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for (task, seed) in (0..TASKS).zip(100..) {
        let database = [&fixture.database, &other][task % 2].clone();
        let body = body_of(task)(database, StdRng::seed_from_u64(seed));
        let barrier = barrier.clone();
        tasks.spawn(async move {
            barrier.wait().await;
            body.await
        });
    }
    tasks.join_all().await
}
