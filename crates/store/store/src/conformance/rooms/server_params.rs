//! Server params.

use anteroom_protocol::{DAY, ParamsId};
use zeroize::Zeroizing;

use super::{Fixture, NOW, RoomsBackend};
use crate::{ServerParamsKind, ServerParamsRecord, StoreError};

pub async fn generic_params_are_read_back<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut late = params(1, ServerParamsKind::Generic);
    late.not_before = NOW.plus(DAY);
    late.not_after = Some(NOW.plus(30 * DAY));
    let early = params(2, ServerParamsKind::Guest);
    let mut repository = fixture.begin().await;
    for record in [&late, &early] {
        repository
            .add_server_params(record, &mut fixture.rng)
            .await
            .unwrap();
    }
    repository.save().await.unwrap();

    let read = fixture.read().await.server_params().await.unwrap();
    assert_eq!(read.len(), 2);
    for (read, stored) in read.iter().zip([&early, &late]) {
        assert_eq!(read.id, stored.id);
        assert_eq!(read.kind, stored.kind);
        assert_eq!(read.not_before, stored.not_before);
        assert_eq!(read.not_after, stored.not_after);
        assert_eq!(read.secret, stored.secret);
    }
}

pub async fn second_server_params_of_the_same_id_are_refused<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let record = params(1, ServerParamsKind::Generic);
    let mut repository = fixture.begin().await;
    repository
        .add_server_params(&record, &mut fixture.rng)
        .await
        .unwrap();
    let outcome = repository
        .add_server_params(&record, &mut fixture.rng)
        .await;
    assert!(
        matches!(outcome, Err(StoreError::ServerParamsExist)),
        "{outcome:?}"
    );
}

pub async fn params_of_other_kinds_are_refused<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut repository = fixture.begin().await;
    for kind in [ServerParamsKind::Group, ServerParamsKind::Certificates] {
        let outcome = repository
            .add_server_params(&params(1, kind), &mut fixture.rng)
            .await;
        assert!(
            matches!(
                outcome,
                Err(StoreError::InvalidValue {
                    table: "server_params",
                    column: "kind"
                })
            ),
            "{outcome:?}"
        );
    }
    assert!(repository.server_params().await.unwrap().is_empty());
}

pub fn params(id: u8, kind: ServerParamsKind) -> ServerParamsRecord {
    ServerParamsRecord {
        id: ParamsId::from_bytes([id; 8]),
        kind,
        not_before: NOW,
        not_after: None,
        secret: Zeroizing::new((0..=255).chain(0..=128).map(|byte: u8| byte ^ id).collect()),
    }
}
