//! Parallel tasks over two sets of connections, as of two processes.

use std::sync::Arc;

use anteroom_protocol::DAY;
use rand::{SeedableRng, rngs::StdRng};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    Fixture, IssuerBackend, NOW, TEST, account, assert_same_account, assert_same_device, device,
    params, seen,
};
use crate::{DeviceId, IssuerDatabase, ServerParamsKind, StoreError};

const TASKS: usize = 8;

pub async fn parallel_writers_lose_nothing<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let added = in_parallel(&fixture, |database, mut rng| async move {
        let mut added = Vec::new();
        for _ in 0..5 {
            let account = account(&mut rng);
            let mut repository = database.begin(TEST).await.unwrap();
            repository.add_account(&account, &mut rng).await.unwrap();
            repository
                .add_device(&account.aci, &device(1), &mut rng)
                .await
                .unwrap();
            repository.save().await.unwrap();
            added.push(account);
        }
        added
    })
    .await;

    let mut reader = fixture.read().await;
    for account in added.iter().flatten() {
        let found = reader.account_with_device(&account.aci, DeviceId::PRIMARY);
        let found = found.await.unwrap().unwrap();
        assert_same_account(&found.account, account);
        assert_same_device(&found.device, &device(1));
    }
}

pub async fn of_parallel_writers_of_one_account_one_wins<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.account();
    let adding = account.clone();
    let outcomes = in_parallel(&fixture, move |database, mut rng| {
        let account = adding.clone();
        async move {
            let mut repository = database.begin(TEST).await?;
            repository.add_account(&account, &mut rng).await?;
            repository.save().await
        }
    })
    .await;

    one_wins(&outcomes, |error| {
        matches!(error, StoreError::AccountExists)
    });
    let read = fixture.read().await.account(&account.aci).await.unwrap();
    assert_same_account(&read.unwrap(), &account);
}

pub async fn of_parallel_writers_of_one_device_one_wins<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let aci = fixture.added(&[]).await.aci;
    let outcomes = in_parallel(&fixture, move |database, mut rng| async move {
        let mut repository = database.begin(TEST).await?;
        repository.add_device(&aci, &device(1), &mut rng).await?;
        repository.save().await
    })
    .await;
    one_wins(&outcomes, |error| matches!(error, StoreError::DeviceExists));
}

pub async fn of_parallel_first_starts_one_makes_the_server_params<B: IssuerBackend>() {
    let fixture = Fixture::<B>::new().await;
    let made = in_parallel(&fixture, |database, mut rng| async move {
        let mut repository = database.begin(TEST).await.unwrap();
        if !repository.server_params().await.unwrap().is_empty() {
            return false;
        }
        let [id, ..] = rand::Rng::next_u64(&mut rng).to_be_bytes();
        let record = params(id, ServerParamsKind::Generic, &mut rng);
        repository
            .add_server_params(&record, &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        true
    })
    .await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(fixture.read().await.server_params().await.unwrap().len(), 1);
}

pub async fn of_parallel_touches_one_writes<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let aci = fixture.added(&[1]).await.aci;
    let written = in_parallel(&fixture, move |database, mut rng| async move {
        let mut repository = database.begin(TEST).await.unwrap();
        let written = repository
            .touch_device(&aci, DeviceId::PRIMARY, &seen(NOW.plus(DAY)), &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        written
    })
    .await;
    assert_eq!(written.into_iter().filter(|written| *written).count(), 1);
}

pub async fn readers_see_the_last_saved_state_while_a_writer_works<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.account();
    let mut writer = fixture.begin().await;
    writer
        .add_account(&account, &mut fixture.rng)
        .await
        .unwrap();

    let read = fixture.read().await.account(&account.aci).await.unwrap();
    assert!(read.is_none());
    writer.save().await.unwrap();
    let read = fixture.read().await.account(&account.aci).await.unwrap();
    assert!(read.is_some());
}

pub async fn a_reader_sees_one_state_to_its_end<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[1]).await;
    let mut reader = fixture.read().await;
    assert_eq!(reader.devices(&account.aci).await.unwrap().len(), 1);

    let mut writer = fixture.begin().await;
    writer
        .add_device(&account.aci, &device(2), &mut fixture.rng)
        .await
        .unwrap();
    writer.save().await.unwrap();

    assert_eq!(reader.devices(&account.aci).await.unwrap().len(), 1);
    drop(reader);
    let devices = fixture.read().await.devices(&account.aci).await.unwrap();
    assert_eq!(devices.len(), 2);
}

pub async fn an_aborted_task_rolls_back<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.account();
    let (database, aborted) = (fixture.database.clone(), account.clone());
    let (written, was_written) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let mut rng = StdRng::seed_from_u64(2);
        let mut repository = database.begin(TEST).await.unwrap();
        repository.add_account(&aborted, &mut rng).await.unwrap();
        written.send(()).unwrap();
        std::future::pending::<()>().await;
        repository.save().await.unwrap();
    });
    was_written.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    // The next writer is not blocked, and sees no change of the dropped one.
    let mut repository = fixture.begin().await;
    assert!(repository.account(&account.aci).await.unwrap().is_none());
}

/// Runs parallel tasks that start together, every other one on a second opening of the database.
pub async fn in_parallel<B, F, T>(
    fixture: &Fixture<B>,
    body: impl Fn(Arc<dyn IssuerDatabase>, StdRng) -> F,
) -> Vec<T>
where
    B: IssuerBackend,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (other, _) = fixture.backend.open(&fixture.master, 2).await.unwrap();
    let barrier = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for (task, seed) in (0..TASKS).zip(100..) {
        let database = [&fixture.database, &other][task % 2].clone();
        let body = body(database, StdRng::seed_from_u64(seed));
        let barrier = barrier.clone();
        tasks.spawn(async move {
            barrier.wait().await;
            body.await
        });
    }
    tasks.join_all().await
}

#[track_caller]
fn one_wins(outcomes: &[Result<(), StoreError>], is_loss: impl Fn(&StoreError) -> bool) {
    let mut winners = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => winners += 1,
            Err(error) => assert!(is_loss(error), "{error:?}"),
        }
    }
    assert_eq!(winners, 1);
}
