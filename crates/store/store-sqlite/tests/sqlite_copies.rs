//! Copies of databases in use.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, path::PathBuf};

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    IssuerDatabase as _, MasterKey, ServerParamsKind, ServerParamsRecord, StoreError,
    TransactionName,
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions, SqliteRooms};
use rand::{SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const TEST: TransactionName = TransactionName::new("test");

struct Scene {
    dir: TempDir,
    master: MasterKey,
    rng: StdRng,
}

impl Scene {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Self {
            dir: TempDir::new().unwrap(),
            master: MasterKey::random(&mut rng),
            rng,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn open(&mut self, name: &str) -> Result<SqliteIssuer, StoreError> {
        let options = SqliteOptions::new(self.path(name));
        SqliteIssuer::open(&options, &self.master, NOW, &mut self.rng).await
    }

    fn params(number: u8) -> ServerParamsRecord {
        ServerParamsRecord {
            id: ParamsId::from_bytes([number; 8]),
            kind: ServerParamsKind::Generic,
            not_before: NOW,
            not_after: None,
            secret: Zeroizing::new(vec![number; 40]),
        }
    }
}

#[tokio::test]
async fn a_copy_has_what_was_saved_and_can_be_opened() {
    let mut scene = Scene::new();
    let database = scene.open("issuer.db").await.unwrap();
    let mut saved = database.begin(TEST).await.unwrap();
    let first = Scene::params(1);
    saved
        .add_server_params(&first, &mut scene.rng)
        .await
        .unwrap();
    saved.save().await.unwrap();
    // An open transaction does not block the copy, and is not in it.
    let mut open = database.begin(TEST).await.unwrap();
    let second = Scene::params(2);
    open.add_server_params(&second, &mut scene.rng)
        .await
        .unwrap();

    let (from, to) = (scene.path("issuer.db"), scene.path("copy.db"));
    let copy = SqliteIssuer::copy(&from, &to).await.unwrap();
    assert_eq!(copy.params, [first.id]);
    assert!(copy.schema >= 3);
    let mode = fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    open.save().await.unwrap();

    let copied = scene.open("copy.db").await.unwrap();
    assert!(!copied.created());
    let mut reader = copied.read(TEST).await.unwrap();
    let ids: Vec<ParamsId> = reader
        .server_params()
        .await
        .unwrap()
        .iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(ids, [first.id]);
    drop(reader);
    // A copy to an existing file is refused.
    copied.close().await;
    let before = fs::read(&to).unwrap();
    SqliteIssuer::copy(&from, &to).await.unwrap_err();
    assert_eq!(fs::read(&to).unwrap(), before);
}

#[tokio::test]
async fn a_copy_of_something_else_is_refused() {
    let mut scene = Scene::new();
    scene.open("issuer.db").await.unwrap().close().await;
    let (from, to) = (scene.path("issuer.db"), scene.path("copy.db"));
    let refused = SqliteRooms::copy(&from, &to).await;
    assert!(
        matches!(refused, Err(StoreError::UnknownSchema { .. })),
        "{refused:?}"
    );
    assert!(!to.exists());
    let refused = SqliteIssuer::copy(&scene.path("nothing.db"), &to).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    assert!(!to.exists());
}

#[tokio::test]
async fn a_damaged_file_gives_no_copy() {
    let mut scene = Scene::new();
    scene.open("issuer.db").await.unwrap().close().await;
    let from = scene.path("issuer.db");
    let bytes = fs::read(&from).unwrap();
    let half = bytes.len() / 2;
    let mut file = fs::File::create(&from).unwrap();
    file.write_all(bytes.get(..half).unwrap()).unwrap();
    file.write_all(&vec![0xff; half]).unwrap();
    drop(file);
    let refused = SqliteIssuer::copy(&from, &scene.path("copy.db")).await;
    assert!(
        matches!(refused, Err(StoreError::Damaged { .. })),
        "{refused:?}"
    );
}
