//! The conformance suites of both databases, written against the traits.
//!
//! The tests of a backend implement [`Backend`] and call [`issuer_conformance`] and
//! [`rooms_conformance`], which generate a test for every function of a suite.
//!
//! [`issuer_conformance`]: crate::issuer_conformance
//! [`rooms_conformance`]: crate::rooms_conformance

pub mod issuer;
pub mod rooms;

use std::sync::Arc;

use anteroom_protocol::{DAY, Timestamp};
use rand::{SeedableRng, rngs::StdRng};

use crate::{MasterKey, StoreError, TransactionName};

/// The name of the transactions of tests.
pub const TEST: TransactionName = TransactionName::new("test");
/// Noon of an arbitrary day.
pub const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);

/// The storage of one database, empty at first and removed on drop, with changes outside of the
/// store.
pub trait Storage: Sized {
    /// Creates storage without a database.
    fn fresh() -> Self;

    /// Executes a statement without checks of foreign keys.
    fn execute(&self, statement: &'static str) -> impl Future<Output = ()>;

    /// Exchanges a column's values of the first two rows.
    fn exchange(&self, table: &'static str, column: &'static str) -> impl Future<Output = ()>;

    /// Flips the lowest bit of the last byte of a column's value in the first row.
    fn flip(&self, table: &'static str, column: &'static str) -> impl Future<Output = ()>;

    /// Records a migration that no program knows.
    fn add_unknown_migration(&self) -> impl Future<Output = ()>;

    /// Changes the checksum of the first migration.
    fn change_migration(&self) -> impl Future<Output = ()>;
}

/// Storage that a backend opens as the database `D`.
pub trait Backend<D: ?Sized>: Storage {
    /// Opens the database with connections of its own. Returns also whether this created its keys.
    fn open(
        &self,
        master: &MasterKey,
        seed: u64,
    ) -> impl Future<Output = Result<(Arc<D>, bool), StoreError>> + Send;
}

/// An open database in fresh storage.
pub struct Fixture<B, D: ?Sized> {
    pub backend: B,
    pub master: MasterKey,
    pub database: Arc<D>,
    pub rng: StdRng,
}

impl<B: Backend<D>, D: ?Sized> Fixture<B, D> {
    pub async fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let backend = B::fresh();
        let master = MasterKey::random(&mut rng);
        let (database, created) = backend.open(&master, 1).await.unwrap();
        assert!(created);
        Self {
            backend,
            master,
            database,
            rng,
        }
    }
}
