//! Tests of the records of users.

use super::*;

/// Returns the hex of a ciphertext whose halves consist of these digits.
fn ciphertext(first: char, second: char) -> OpaqueUserId {
    let half = |digit: char| digit.to_string().repeat(64);
    OpaqueUserId::parse(&format!("00{}{}", half(first), half(second))).unwrap()
}

#[test]
fn a_user_who_shifts_the_second_half_stays_the_same_user() {
    let mut users = Users::new([], 8);
    let [user, shifted] = ['1', '2'].map(|second| ciphertext('a', second));
    let other = ciphertext('b', '1');
    users.approve(&user);
    users.deny(&user);
    users.block(&user);
    for (user, known) in [(&user, true), (&shifted, true), (&other, false)] {
        assert_eq!(users.is_approved(user), known);
        assert_eq!(users.was_denied(user), known);
        assert_eq!(users.is_blocked(user), known);
    }
    assert_eq!(users.known_as(&shifted).as_str(), user.as_str());
    assert!(users.forget_approval(&shifted));
    assert!(!users.is_approved(&user));
}

#[test]
fn a_user_who_comes_back_has_the_bucket_of_before_until_it_is_full() {
    let mut users = Users::new([], 8);
    let user = ciphertext('a', '1');
    let mut seats = (1..).map(Seat::of_number);
    let at = |millis: u64| Moment::from_millis(1_000_000 + millis);
    users.advance(at(0));
    users.add_seat(&user, seats.next().unwrap());
    users.count_relay(&user, RELAY_BURST_OF_USER.into());
    for (millis, bytes) in [(0, 0), (1_000, u64::from(RELAY_RATE_OF_USER))] {
        users.advance(at(millis));
        for seat in users.seats(&user).to_vec() {
            users.remove_seat(&user, seat);
        }
        users.add_seat(&user, seats.next().unwrap());
        assert!(users.may_relay(&user, bytes));
        assert!(!users.may_relay(&user, bytes + 1));
    }
    for seat in users.seats(&user).to_vec() {
        users.remove_seat(&user, seat);
    }
    users.advance(at(1_000 + 5_000));
    assert!(users.users.is_empty() && users.spent.is_empty());
}

#[test]
fn a_user_who_comes_back_has_the_commits_of_before() {
    let mut users = Users::new([], 8);
    let user = ciphertext('a', '1');
    let mut seats = (1..).map(Seat::of_number);
    users.advance(Moment::from_millis(1_000_000));
    for left in (0..COMMITS_OF_USER_PER_SECOND).rev() {
        let seat = seats.next().unwrap();
        users.add_seat(&user, seat);
        assert!(users.may_commit(&user));
        users.count_commit(&user);
        assert_eq!(users.may_commit(&user), left > 0);
        users.remove_seat(&user, seat);
    }
    users.advance(Moment::from_millis(1_005_000));
    assert!(users.users.is_empty() && users.spent.is_empty());
}

#[test]
fn a_user_who_comes_back_has_the_offers_of_before_and_is_forgotten_when_all_are_back() {
    let mut users = Users::new([], 8);
    let user = ciphertext('a', '1');
    let mut seats = (1..).map(Seat::of_number);
    let at = |seconds: u64| Moment::from_millis((1_000 + seconds) * 1_000);
    users.advance(at(0));
    for left in (0..OFFER_BURST_OF_USER).rev() {
        let seat = seats.next().unwrap();
        users.add_seat(&user, seat);
        assert!(users.may_offer(&user));
        users.count_offer(&user);
        assert_eq!(users.may_offer(&user), left > 0);
        users.remove_seat(&user, seat);
        assert_eq!(users.spent.len(), 1, "each user once");
    }
    let full = u64::from(OFFER_BURST_OF_USER * OFFER_INTERVAL / OFFERS_OF_USER);
    for seconds in 1..full {
        users.advance(at(seconds));
        assert_eq!((users.users.len(), users.spent.len()), (1, 1), "{seconds}");
    }
    users.advance(at(full + REFILL.as_secs()));
    assert!(users.users.is_empty() && users.spent.is_empty());
}

#[test]
fn ids_of_another_length_count_as_a_whole() {
    let mut users = Users::new([], 8);
    let long = |last: &str| OpaqueUserId::parse(&format!("00{}{last}", "a".repeat(128))).unwrap();
    users.block(&long("1"));
    assert!(!users.is_blocked(&long("2")));
}
