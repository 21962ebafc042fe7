//! Approved users.

use super::{Fixture, RoomsBackend, room, user};
use crate::{OpaqueRoomId, UserId};

pub async fn users_are_approved_per_link<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for id in ["a1", "b2"] {
        fixture.created(id, None).await;
    }
    let mut repository = fixture.begin().await;
    for (id, name, news) in [
        ("a1", "abc", true),
        ("a1", "def", true),
        ("a1", "abc", false),
        ("b2", "abc", true),
    ] {
        let added = repository
            .add_approval(&room(id), &user(name), &mut fixture.rng)
            .await;
        assert_eq!(added.unwrap(), news, "{id} {name}");
    }
    for (id, name, known) in [
        ("b2", "def", false),
        ("b2", "abc", true),
        ("b2", "abc", false),
    ] {
        let removed = repository.remove_approval(&room(id), &user(name)).await;
        assert_eq!(removed.unwrap(), known, "{id} {name}");
    }
    repository.save().await.unwrap();

    assert_eq!(
        approved(&fixture, &room("a1")).await,
        ["abc", "def"].map(user)
    );
    assert!(approved(&fixture, &room("b2")).await.is_empty());
}

/// A legacy client can shift the second half of its ciphertext and is the same user.
pub async fn an_approval_is_of_a_user_in_every_shape<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    fixture.created("a1", None).await;
    let shape = |digit: &str| user(&format!("00{}{}", "a".repeat(64), digit.repeat(64)));
    let other = user(&format!("00{}{}", "b".repeat(64), "1".repeat(64)));
    let room = room("a1");
    let mut repository = fixture.begin().await;
    for (user, news) in [
        (shape("1"), true),
        (shape("2"), false),
        (other.clone(), true),
    ] {
        let added = repository
            .add_approval(&room, &user, &mut fixture.rng)
            .await;
        assert_eq!(added.unwrap(), news);
    }
    repository.save().await.unwrap();
    assert_eq!(approved(&fixture, &room).await, [shape("1"), other.clone()]);
    let mut repository = fixture.begin().await;
    for (user, known) in [(shape("3"), true), (shape("1"), false)] {
        let removed = repository.remove_approval(&room, &user).await;
        assert_eq!(removed.unwrap(), known);
    }
    let both = [shape("1"), shape("2"), other.clone()];
    let replaced = repository.replace_approvals(&room, &both, &mut fixture.rng);
    assert!(replaced.await.unwrap());
    repository.save().await.unwrap();
    assert_eq!(approved(&fixture, &room).await, [shape("1"), other]);
}

pub async fn an_approval_needs_a_link<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let (room, user) = (room("a1"), user("abc"));
    let mut repository = fixture.begin().await;
    let added = repository
        .add_approval(&room, &user, &mut fixture.rng)
        .await;
    assert!(!added.unwrap());
    let replaced = repository
        .replace_approvals(&room, &[user], &mut fixture.rng)
        .await;
    assert!(!replaced.unwrap());
    repository.save().await.unwrap();
    fixture.created("a1", None).await;
    assert!(approved(&fixture, &room).await.is_empty());
}

pub async fn a_whole_list_is_replaced<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    for id in ["a1", "b2"] {
        fixture.created(id, Some(1)).await;
    }
    for (list, expected) in [
        (vec!["abc", "def"], vec!["abc", "def"]),
        (vec!["def", "abd", "def"], vec!["abd", "def"]),
        (vec![], vec![]),
    ] {
        let users: Vec<UserId> = list.into_iter().map(user).collect();
        let mut repository = fixture.begin().await;
        let replaced = repository
            .replace_approvals(&room("a1"), &users, &mut fixture.rng)
            .await;
        assert!(replaced.unwrap());
        let replaced = repository
            .replace_approvals(&room("b2"), &[user("other")], &mut fixture.rng)
            .await;
        assert!(replaced.unwrap());
        repository.save().await.unwrap();
        let expected: Vec<UserId> = expected.into_iter().map(user).collect();
        assert_eq!(approved(&fixture, &room("a1")).await, expected);
        assert_eq!(approved(&fixture, &room("b2")).await, [user("other")]);
    }
}

/// Returns the approved users, in order.
async fn approved<B: RoomsBackend>(fixture: &Fixture<B>, room: &OpaqueRoomId) -> Vec<UserId> {
    let mut users = fixture.read().await.approved_users(room).await.unwrap();
    users.sort();
    users
}
