//! Server params.

use anteroom_protocol::DAY;

use super::{Fixture, IssuerBackend, NOW, params};
use crate::{ServerParamsKind, StoreError};

pub async fn server_params_are_read_back_by_start_of_validity<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut late = params(1, ServerParamsKind::Generic, &mut fixture.rng);
    late.not_before = NOW.plus(DAY);
    late.not_after = Some(NOW.plus(30 * DAY));
    let mut later = params(3, ServerParamsKind::Certificates, &mut fixture.rng);
    later.not_before = NOW.plus(2 * DAY);
    let early = params(2, ServerParamsKind::Group, &mut fixture.rng);

    let mut repository = fixture.begin().await;
    for record in [&late, &later, &early] {
        repository
            .add_server_params(record, &mut fixture.rng)
            .await
            .unwrap();
    }
    repository.save().await.unwrap();

    let read = fixture.read().await.server_params().await.unwrap();
    assert_eq!(read.len(), 3);
    for (read, stored) in read.iter().zip([&early, &late, &later]) {
        assert_eq!(read.id, stored.id);
        assert_eq!(read.kind, stored.kind);
        assert_eq!(read.not_before, stored.not_before);
        assert_eq!(read.not_after, stored.not_after);
        assert_eq!(read.secret, stored.secret);
    }
}

pub async fn second_server_params_of_the_same_id_are_refused<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let first = params(1, ServerParamsKind::Generic, &mut fixture.rng);
    let second = params(1, ServerParamsKind::Group, &mut fixture.rng);
    let mut repository = fixture.begin().await;
    repository
        .add_server_params(&first, &mut fixture.rng)
        .await
        .unwrap();
    let outcome = repository
        .add_server_params(&second, &mut fixture.rng)
        .await;
    assert!(
        matches!(outcome, Err(StoreError::ServerParamsExist)),
        "{outcome:?}"
    );
    repository.save().await.unwrap();

    let read = fixture.read().await.server_params().await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].kind, ServerParamsKind::Generic);
    assert_eq!(read[0].secret, first.secret);
}

pub async fn server_params_roll_back_with_their_transaction<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let record = params(1, ServerParamsKind::Generic, &mut fixture.rng);
    let mut repository = fixture.begin().await;
    repository
        .add_server_params(&record, &mut fixture.rng)
        .await
        .unwrap();
    drop(repository);
    assert!(
        fixture
            .read()
            .await
            .server_params()
            .await
            .unwrap()
            .is_empty()
    );
}
