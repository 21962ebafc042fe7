//! Values that were changed or moved outside of the store.

use super::{Fixture, IssuerBackend, params};
use crate::{Account, ServerParamsKind, StoreError};

/// The sealed columns, and the look-up columns that sealed values are bound to.
const BOUND: [(&str, &str); 8] = [
    ("accounts", "account_index"),
    ("accounts", "aci"),
    ("accounts", "pni"),
    ("accounts", "auth_salt"),
    ("devices", "name"),
    ("devices", "last_address"),
    ("server_params", "secret"),
    ("server_params", "params_id"),
];

pub async fn a_moved_value_is_refused<B: IssuerBackend>() {
    for (table, column) in BOUND {
        let filled = fill::<B>().await;
        filled.backend().exchange(table, column).await;
        let refused = filled.refused().await;
        let all = match table {
            "server_params" => vec![table],
            _ => vec![table, table],
        };
        assert_eq!(refused, all, "{column}");
    }
    // The key of a device's row is its account and its number, and neither can change.
    let filled = fill::<B>().await;
    filled
        .backend()
        .execute("UPDATE devices SET device_id = 3")
        .await;
    assert_eq!(filled.refused().await, ["devices", "devices"]);
    let filled = fill::<B>().await;
    filled.backend().exchange("devices", "account_index").await;
    assert_eq!(filled.refused().await, ["devices", "devices"]);
}

pub async fn a_flipped_bit_is_refused<B: IssuerBackend>() {
    for (table, column) in BOUND {
        if column == "account_index" {
            // The row then belongs to another account, which does not exist.
            continue;
        }
        let filled = fill::<B>().await;
        filled.backend().flip(table, column).await;
        assert_eq!(filled.refused().await, [table], "{column}");
    }
}

pub async fn a_value_in_another_column_is_refused<B: IssuerBackend>() {
    for statement in [
        "UPDATE accounts SET pni = aci",
        "UPDATE accounts SET aci = pni",
        "UPDATE accounts SET auth_salt = aci",
    ] {
        let filled = fill::<B>().await;
        filled.backend().execute(statement).await;
        assert_eq!(
            filled.refused().await,
            ["accounts", "accounts"],
            "{statement}"
        );
    }
}

pub async fn server_params_of_the_other_kind_are_refused<B: IssuerBackend>() {
    let filled = fill::<B>().await;
    let statement = "UPDATE server_params SET kind = 'group'";
    filled.backend().execute(statement).await;
    assert_eq!(filled.refused().await, ["server_params"]);
}

pub async fn other_rows_stay_readable<B: IssuerBackend>() {
    let filled = fill::<B>().await;
    assert!(filled.refused().await.is_empty());
    filled.backend().flip("accounts", "aci").await;
    assert_eq!(filled.refused().await, ["accounts"]);
}

/// Two accounts with a device each, and two generic server params.
struct TamperingFixture<B> {
    fixture: Fixture<B>,
    accounts: [Account; 2],
}

async fn fill<B: IssuerBackend>() -> TamperingFixture<B> {
    let mut fixture = Fixture::<B>::new().await;
    let accounts = [fixture.added(&[1]).await, fixture.added(&[1]).await];
    let mut repository = fixture.begin().await;
    for id in [1, 2] {
        let record = params(id, ServerParamsKind::Generic, &mut fixture.rng);
        repository
            .add_server_params(&record, &mut fixture.rng)
            .await
            .unwrap();
    }
    repository.save().await.unwrap();
    TamperingFixture { fixture, accounts }
}

impl<B: IssuerBackend> TamperingFixture<B> {
    fn backend(&self) -> &B {
        &self.fixture.backend
    }

    /// Reads everything. Returns the tables whose values cannot be unsealed.
    async fn refused(&self) -> Vec<&'static str> {
        let mut reader = self.fixture.read().await;
        let mut outcomes = Vec::new();
        for account in &self.accounts {
            outcomes.push(reader.account(&account.aci).await.map(drop));
            outcomes.push(reader.devices(&account.aci).await.map(drop));
        }
        outcomes.push(reader.server_params().await.map(drop));
        outcomes
            .into_iter()
            .filter_map(|outcome| match outcome {
                Ok(()) => None,
                Err(StoreError::Sealed { table, .. }) => Some(table),
                Err(error) => panic!("{error:?}"),
            })
            .collect()
    }
}
