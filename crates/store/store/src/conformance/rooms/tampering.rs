//! Values that were changed or moved outside of the store.

use super::{Fixture, MANY, NOW, RoomsBackend, room, server_params::params, user};
use crate::{CallLinkRecord, ServerParamsKind, StoreError};

/// The sealed columns.
const SEALED: [(&str, &str); 8] = [
    ("call_links", "room_id"),
    ("call_links", "zkparams"),
    ("call_links", "name"),
    ("call_links", "admin_statement"),
    ("approvals", "user_id"),
    ("calls", "call_key"),
    ("calls", "creator"),
    ("server_params", "secret"),
];
/// The columns that sealed values are bound to.
const BOUND: [(&str, &str); 5] = [
    ("call_links", "room_index"),
    ("approvals", "user_index"),
    ("calls", "call_index"),
    ("calls", "era_id"),
    ("server_params", "params_id"),
];

pub async fn a_moved_value_is_refused<B: RoomsBackend>() {
    for (table, column) in SEALED.into_iter().chain(BOUND) {
        let filled = fill::<B>().await;
        filled.fixture.backend.exchange(table, column).await;
        let refused = filled.refused().await;
        assert!(
            !refused.is_empty() && refused.iter().all(|refused| *refused == table),
            "{table}.{column}: {refused:?}"
        );
    }
    let filled = fill::<B>().await;
    let backend = &filled.fixture.backend;
    backend.exchange("approvals", "room_index").await;
    assert_eq!(filled.refused().await, ["approvals", "approvals"]);
}

pub async fn a_flipped_bit_is_refused<B: RoomsBackend>() {
    for (table, column) in SEALED {
        let filled = fill::<B>().await;
        assert!(filled.refused().await.is_empty());
        filled.fixture.backend.flip(table, column).await;
        assert_eq!(filled.refused().await, [table], "{column}");
    }
}

pub async fn a_value_in_another_column_is_refused<B: RoomsBackend>() {
    for (table, statement) in [
        ("call_links", "UPDATE call_links SET name = room_id"),
        ("call_links", "UPDATE call_links SET room_id = name"),
        ("call_links", "UPDATE call_links SET admin_statement = name"),
        ("calls", "UPDATE calls SET creator = call_key"),
    ] {
        let filled = fill::<B>().await;
        filled.fixture.backend.execute(statement).await;
        let refused = filled.refused().await;
        assert!(
            !refused.is_empty() && refused.iter().all(|refused| *refused == table),
            "{statement}: {refused:?}"
        );
    }
}

/// Two links with a call and an approved user each, and two server params.
struct TamperingFixture<B> {
    fixture: Fixture<B>,
    links: [CallLinkRecord; 2],
}

async fn fill<B: RoomsBackend>() -> TamperingFixture<B> {
    let mut fixture = Fixture::<B>::new().await;
    let links = [
        fixture.created("a1", None).await,
        fixture.created("b2", None).await,
    ];
    for link in &links {
        fixture.started(link, NOW).await;
    }
    let mut repository = fixture.begin().await;
    for (id, name) in [("a1", "abc"), ("b2", "def")] {
        repository
            .add_approval(&room(id), &user(name), &mut fixture.rng)
            .await
            .unwrap();
    }
    for id in [1, 2] {
        repository
            .add_server_params(&params(id, ServerParamsKind::Generic), &mut fixture.rng)
            .await
            .unwrap();
    }
    repository.save().await.unwrap();
    TamperingFixture { fixture, links }
}

impl<B: RoomsBackend> TamperingFixture<B> {
    /// Reads everything. Returns the tables whose values cannot be unsealed.
    async fn refused(&self) -> Vec<&'static str> {
        let mut reader = self.fixture.read().await;
        let mut outcomes = Vec::new();
        for link in &self.links {
            outcomes.push(reader.link(&link.address(), NOW).await.map(drop));
            outcomes.push(reader.approved_users(&link.room).await.map(drop));
        }
        outcomes.push(reader.calls(None, MANY).await.map(drop));
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
