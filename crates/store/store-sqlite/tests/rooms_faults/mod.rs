//! Every kind of transaction of the room service, with a fault at every row and at its end.

use std::sync::Arc;

use anteroom_protocol::{AdminStatement, DAY, ParamsId, Restrictions};
use anteroom_store::{
    CallKey, CallLinkRecord, CallRecord, ExpirationChange, LinkUpdate, MasterKey,
    RoomsDatabase as _, RoomsRepository, ServerParamsKind, ServerParamsRecord, StoreError,
    conformance::{
        NOW, Storage as _, TEST,
        rooms::{LEASE, MANY, address, call, link, node, passkey_hash, room, user},
    },
};
use anteroom_store_sqlite::SqliteRooms;
use rand::{SeedableRng, rngs::StdRng};
use zeroize::Zeroizing;

use crate::{
    faults::{Fault, FaultyFile, each_fault, methods},
    rooms,
    sqlite_file::SqliteFile,
};

/// A transaction for each method that changes rows, with its name, and one for each of its other
/// branches.
const KINDS: &[&str] = &[
    "create_link",
    "create_link after a delete",
    "update_link",
    "update_link that ends the call",
    "update_link with another statement",
    "delete_link",
    "delete_link that ends the call",
    "purge_links",
    "add_approval",
    "remove_approval",
    "replace_approvals",
    "start_era",
    "renew_era",
    "end_era",
    "abandon_era",
    "trim_leases",
    "remove_lapsed_calls",
    "add_server_params",
    "replace_server_params",
    "end_server_params",
];

/// A database with a row in every table.
struct Scene {
    database: Arc<SqliteRooms>,
    link: CallLinkRecord,
    /// A link that was deleted.
    deleted: CallLinkRecord,
    call: CallRecord,
    rng: StdRng,
}

fn params(id: u8) -> ServerParamsRecord {
    ServerParamsRecord {
        id: ParamsId::from_bytes([id; 8]),
        kind: ServerParamsKind::Generic,
        not_before: NOW,
        not_after: None,
        secret: Zeroizing::new(vec![id; 385]),
    }
}

impl Scene {
    async fn on(file: &SqliteFile) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let master = MasterKey::random(&mut rng);
        let database = Arc::new(rooms(file, &master, 1).await.unwrap());
        let link = link(&*database, &address("aa", None), &mut rng);
        let deleted = self::link(&*database, &address("cc", None), &mut rng);
        let call = call(CallKey::Link(room("aa")), NOW, &mut rng);
        let mut repository = database.begin(TEST).await.unwrap();
        for link in [&link, &deleted] {
            repository.create_link(link, &mut rng).await.unwrap();
        }
        let passkey = passkey_hash(&*database, &deleted.room, "right");
        repository
            .delete_link(&deleted.address(), &passkey, false, NOW)
            .await
            .unwrap();
        repository
            .add_approval(&room("aa"), &user("ab"), &mut rng)
            .await
            .unwrap();
        repository
            .start_era(&call, None, NOW, &mut rng)
            .await
            .unwrap();
        repository
            .add_server_params(&params(1), &mut rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        Self {
            database,
            link,
            deleted,
            call,
            rng,
        }
    }

    async fn run(&mut self, kind: &str) -> Result<(), StoreError> {
        let mut repository = self.database.begin(TEST).await?;
        self.change(&mut *repository, kind).await?;
        repository.save().await
    }

    async fn change(
        &mut self,
        repository: &mut dyn RoomsRepository,
        kind: &str,
    ) -> Result<(), StoreError> {
        let (link, rng) = (&self.link, &mut self.rng);
        let (address, passkey) = (
            link.address(),
            passkey_hash(&*self.database, &link.room, "right"),
        );
        // The lease of the call is over.
        let lapsed = NOW.plus(2 * LEASE);
        let later = NOW.plus(200 * DAY);
        match kind {
            "create_link" => {
                let new = self::link(&*self.database, &self::address("bb", None), rng);
                repository.create_link(&new, rng).await.map(drop)
            }
            "create_link after a delete" => {
                repository.create_link(&self.deleted, rng).await.map(drop)
            }
            "update_link" | "update_link that ends the call" => {
                let ends = kind != "update_link";
                let update = LinkUpdate {
                    restrictions: Some(Restrictions::None),
                    end_call: ends,
                    ..LinkUpdate::default()
                };
                let now = if ends { NOW } else { lapsed };
                repository
                    .update_link(&address, &passkey, &update, now, rng)
                    .await
                    .map(drop)
            }
            "update_link with another statement" => {
                let update = LinkUpdate {
                    admin_statement: AdminStatement::new(*b"signed").ok(),
                    ..LinkUpdate::default()
                };
                repository
                    .update_link(&address, &passkey, &update, NOW, rng)
                    .await
                    .map(drop)
            }
            "delete_link" => {
                repository.end_era(&self.call.key, self.call.era).await?;
                repository
                    .delete_link(&address, &passkey, false, NOW)
                    .await
                    .map(drop)
            }
            "delete_link that ends the call" => repository
                .delete_link(&address, &passkey, true, NOW)
                .await
                .map(drop),
            "purge_links" => repository.purge_links(later, MANY).await.map(drop),
            "add_approval" => repository
                .add_approval(&link.room, &user("ac"), rng)
                .await
                .map(drop),
            "remove_approval" => repository
                .remove_approval(&link.room, &user("ab"))
                .await
                .map(drop),
            "replace_approvals" => {
                let users = [user("ad"), user("ae")];
                repository
                    .replace_approvals(&link.room, &users, rng)
                    .await
                    .map(drop)
            }
            "start_era" => {
                let call = call(CallKey::Link(link.room.clone()), lapsed, rng);
                repository
                    .start_era(&call, None, lapsed, rng)
                    .await
                    .map(drop)
            }
            "renew_era" => {
                let (key, era) = (&self.call.key, self.call.era);
                repository
                    .renew_era(key, era, &node("one"), NOW.plus(100))
                    .await
                    .map(drop)
            }
            "end_era" => repository
                .end_era(&self.call.key, self.call.era)
                .await
                .map(drop),
            "abandon_era" => {
                let expiration_change = ExpirationChange {
                    from: NOW.plus(DAY),
                    to: link.expiration,
                };
                repository
                    .abandon_era(&self.call.key, self.call.era, Some(expiration_change))
                    .await
                    .map(drop)
            }
            "trim_leases" => repository.trim_leases(NOW.plus(1)).await.map(drop),
            "remove_lapsed_calls" => repository.remove_lapsed_calls(later, MANY).await.map(drop),
            "add_server_params" => repository.add_server_params(&params(2), rng).await,
            "replace_server_params" => repository
                .replace_server_params(&params(1), rng)
                .await
                .map(drop),
            "end_server_params" => {
                let id = ParamsId::from_bytes([1; 8]);
                repository.end_server_params(id, later).await.map(drop)
            }
            _ => unreachable!("{kind} is no kind of transaction"),
        }
    }

    async fn change_nothing(&self) {
        let repository = self.database.begin(TEST).await.unwrap();
        repository.save().await.unwrap();
    }
}

#[test]
fn every_method_that_changes_rows_is_a_kind_of_transaction_here() {
    let methods = methods(&[
        include_str!("../../../store/src/rooms.rs"),
        include_str!("../../../store/src/server_params.rs"),
    ]);
    assert!(methods.len() > 10);
    for method in methods {
        assert!(
            KINDS.contains(&method.as_str()),
            "no fault is tried in {method}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_row_leaves_nothing_half_written_and_the_next_transaction_succeeds() {
    for kind in KINDS {
        let file = SqliteFile::fresh();
        let mut scene = Scene::on(&file).await;
        let mut faulty = FaultyFile::of(file).await;
        each_fault!(kind, faulty, scene.run(kind), scene.change_nothing());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_leaves_nothing_half_written_and_the_next_transaction_succeeds() {
    for kind in KINDS {
        let file = SqliteFile::fresh();
        let mut scene = Scene::on(&file).await;
        let mut faulty = FaultyFile::of(file).await;
        let before = faulty.rows().await;
        faulty.set(Fault::AtCommit).await;
        scene.run(kind).await.unwrap_err();
        assert_eq!(faulty.rows().await, before, "{kind}");
        scene.change_nothing().await;
        faulty.set(Fault::Nowhere).await;
        scene.run(kind).await.unwrap();
    }
}
