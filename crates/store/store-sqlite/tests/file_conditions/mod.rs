//! A file that is locked, removed, replaced or damaged while it is open.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::MetadataExt as _,
    time::Duration,
};

use anteroom_store::{
    Account, Availability, DeviceId, IssuerDatabase as _, MasterKey, StoreError,
    conformance::{
        NOW, Storage as _, TEST,
        issuer::{account, device},
    },
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions};
use rand::{SeedableRng, rngs::StdRng};
use sqlx::SqliteConnection;

use crate::sqlite_file::SqliteFile;

/// An account with a device, in an open database.
struct Scene {
    file: SqliteFile,
    database: SqliteIssuer,
    known: Account,
    rng: StdRng,
}

impl Scene {
    async fn new() -> Self {
        let file = SqliteFile::fresh();
        let mut rng = StdRng::seed_from_u64(1);
        let master = MasterKey::random(&mut rng);
        let options = SqliteOptions::new(file.path()).busy_timeout(Duration::from_millis(1_500));
        let database = SqliteIssuer::open(&options, &master, NOW, &mut rng)
            .await
            .unwrap();
        let known = account(&mut rng);
        let mut repository = database.begin(TEST).await.unwrap();
        repository.add_account(&known, &mut rng).await.unwrap();
        repository
            .add_device(&known.aci, &device(1), &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        Self {
            file,
            database,
            known,
            rng,
        }
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let new = account(&mut self.rng);
        let mut repository = self.database.begin(TEST).await?;
        repository.add_account(&new, &mut self.rng).await?;
        repository.save().await
    }

    async fn read(&self) -> Result<(), StoreError> {
        let mut reader = self.database.read(TEST).await?;
        reader.account(&self.known.aci).await.map(drop)
    }

    async fn look_up(&self) -> Result<(), StoreError> {
        let found = self
            .database
            .account_with_device(TEST, &self.known.aci, DeviceId::PRIMARY);
        found.await.map(drop)
    }

    /// Writes, reads and looks up.
    async fn uses(&mut self) -> [Result<(), StoreError>; 3] {
        [self.write().await, self.read().await, self.look_up().await]
    }

    async fn assert_works(&mut self) {
        for outcome in self.uses().await {
            outcome.unwrap();
        }
        assert_eq!(
            self.database.ready().await.unwrap(),
            Availability::ReadWrite
        );
    }

    async fn assert_gone(&mut self) {
        for outcome in self.uses().await {
            assert!(outcome.unwrap_err().is_transient());
        }
        assert!(self.database.ready().await.unwrap_err().is_transient());
    }
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

#[tokio::test]
async fn under_a_lock_of_another_process_readiness_says_read_only_and_it_goes_on_by_itself() {
    for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        let mut scene = Scene::new().await;
        let mut other = scene.file.connect().await;
        execute(&mut other, lock).await;

        let refused = scene.write().await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable { .. })),
            "{refused:?}"
        );
        for _ in 0..3 {
            assert_eq!(
                scene.database.ready().await.unwrap(),
                Availability::ReadOnly,
                "{lock}"
            );
        }
        scene.read().await.unwrap();
        scene.look_up().await.unwrap();

        execute(&mut other, "ROLLBACK").await;
        scene.assert_works().await;
    }
}

#[tokio::test]
async fn readiness_notices_a_lock_without_any_traffic() {
    let scene = Scene::new().await;
    // The lock shows only after the last saved change is too old to count.
    let mut other = scene.file.connect().await;
    execute(&mut other, "BEGIN IMMEDIATE").await;
    while scene.database.ready().await.unwrap() == Availability::ReadWrite {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    execute(&mut other, "ROLLBACK").await;
    while scene.database.ready().await.unwrap() == Availability::ReadOnly {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_removed_file_is_neither_read_nor_written_until_the_very_file_is_back() {
    let mut scene = Scene::new().await;
    let (path, away) = (scene.file.path(), scene.file.side_file("-away"));
    let before = scene.database.begin(TEST).await.unwrap();
    fs::rename(&path, &away).unwrap();
    let cut = before.save().await;
    assert!(
        matches!(cut, Err(StoreError::Unavailable { .. })),
        "{cut:?}"
    );
    scene.assert_gone().await;
    assert!(!path.exists(), "nothing is made in its place");

    fs::rename(&away, &path).unwrap();
    scene.assert_works().await;
}

#[tokio::test]
async fn look_ups_alone_notice_a_removed_file() {
    let mut scene = Scene::new().await;
    scene.assert_works().await;
    fs::rename(scene.file.path(), scene.file.side_file("-away")).unwrap();
    let noticed = async { while scene.look_up().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), noticed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_in_another_ones_place_is_neither_read_nor_written() {
    let mut scene = Scene::new().await;
    let (path, away) = (scene.file.path(), scene.file.side_file("-away"));
    fs::rename(&path, &away).unwrap();
    fs::copy(&away, &path).unwrap();
    let copied = fs::read(&path).unwrap();
    scene.assert_gone().await;
    assert_eq!(
        fs::read(&path).unwrap(),
        copied,
        "the other file is as it was"
    );

    fs::rename(&away, &path).unwrap();
    scene.assert_works().await;
}

#[tokio::test]
async fn without_its_log_or_the_logs_index_a_file_is_neither_read_nor_written() {
    for suffix in ["-wal", "-shm"] {
        let mut scene = Scene::new().await;
        scene.write().await.unwrap();
        let (path, away) = (scene.file.side_file(suffix), scene.file.side_file("-away"));
        fs::rename(&path, &away).unwrap();
        scene.assert_gone().await;
        assert!(!path.exists(), "nothing is made in its place");
        // Another process has created a new file.
        fs::write(&path, "").unwrap();
        scene.assert_gone().await;
        fs::rename(&away, &path).unwrap();
        scene.assert_works().await;
    }
}

#[tokio::test]
async fn the_log_of_a_replaced_file_does_not_come_into_the_other_one() {
    let mut scene = Scene::new().await;
    scene.write().await.unwrap();
    let (path, away) = (scene.file.path(), scene.file.side_file("-away"));
    let log = scene.file.side_file("-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    fs::rename(&path, &away).unwrap();
    fs::copy(&away, &path).unwrap();
    scene.assert_gone().await;
    scene.database.close().await;
    assert!(!log.exists());
    let kept = scene.file.side_file("-wal.replaced");
    assert!(kept.exists(), "it is kept for who puts the file back");
}

#[tokio::test]
async fn the_log_and_its_index_outlive_a_connection_that_fails() {
    let mut scene = Scene::new().await;
    let side_files = ["-wal", "-shm"].map(|suffix| scene.file.side_file(suffix));
    // Open files keep their inodes from new ones.
    let open = side_files.each_ref().map(|path| File::open(path).unwrap());
    scene.file.execute("CREATE TRIGGER foreign_rule BEFORE INSERT ON accounts BEGIN SELECT RAISE(ROLLBACK, 'no'); END").await;
    assert!(scene.write().await.unwrap_err().is_transient());
    // The writer gets another connection once the failed one is closed.
    scene.file.execute("DROP TRIGGER foreign_rule").await;
    scene.write().await.unwrap();
    for (open, path) in open.iter().zip(&side_files) {
        let found = fs::metadata(path).unwrap();
        assert_eq!(open.metadata().unwrap().ino(), found.ino(), "{path:?}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_makes_readiness_say_read_only() {
    let mut scene = Scene::new().await;
    execute(&mut scene.file.connect().await, "CREATE TRIGGER foreign_rule BEFORE INSERT ON accounts BEGIN SELECT RAISE(ROLLBACK, 'no'); END").await;
    assert!(scene.write().await.unwrap_err().is_transient());
    scene.look_up().await.unwrap();
    execute(&mut scene.file.connect().await, "DROP TRIGGER foreign_rule").await;
    scene.write().await.unwrap();
}

/// Damages pages of the main file, after a checkpoint of the write-ahead log.
async fn damage(scene: &Scene, pages: impl Fn(u64) -> bool) {
    execute(
        &mut scene.file.connect().await,
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .await;
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(scene.file.path())
        .unwrap();
    let (size, page) = (file.metadata().unwrap().size(), 4_096);
    for number in (0..size / page).filter(|number| pages(*number)) {
        file.seek(SeekFrom::Start(number * page)).unwrap();
        file.write_all(&[0xa5; 4_096]).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_damaged_while_open_is_unavailable_and_not_a_fault_of_the_program() {
    type Pages = fn(u64) -> bool;
    let cases: [(&str, Pages); 3] = [
        ("the header", |page| page == 0),
        ("the middle", |page| page > 0),
        ("everything", |_| true),
    ];
    for (what, pages) in cases {
        let mut scene = Scene::new().await;
        let master = MasterKey::random(&mut StdRng::seed_from_u64(1));
        damage(&scene, pages).await;
        // The change of another writer makes every connection read the pages again.
        let mut failed = 0;
        for outcome in scene.uses().await.into_iter().chain(scene.uses().await) {
            if let Err(error) = outcome {
                assert!(error.is_transient(), "{what}: {error:?}");
                failed += 1;
            }
        }
        // A new opening of the file meets the damage.
        let options = SqliteOptions::new(scene.file.path());
        let opened = SqliteIssuer::open(&options, &master, NOW, &mut scene.rng).await;
        let error = opened.unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }) || error.is_transient(),
            "{what}: {error:?}"
        );
        if failed > 0 {
            let ready = scene.database.ready().await;
            assert!(
                !matches!(ready, Ok(Availability::ReadWrite)),
                "{what}: {ready:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_damaged_write_ahead_log_is_unavailable_or_does_no_harm() {
    let mut scene = Scene::new().await;
    let wal = scene.file.side_file("-wal");
    let mut bytes = Vec::new();
    File::open(&wal).unwrap().read_to_end(&mut bytes).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
    let mut file = File::options().write(true).open(&wal).unwrap();
    file.write_all(&bytes).unwrap();
    for outcome in scene.uses().await {
        if let Err(error) = outcome {
            assert!(error.is_transient(), "{error:?}");
        }
    }
}
