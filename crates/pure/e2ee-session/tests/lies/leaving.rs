//! Everybody leaves, in every order.

use rand_core::Rng as _;

use crate::{
    people::{Room, rng},
    stage::Stage,
};

/// All orders of the numbers up to `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}

/// An order of the numbers up to `count` by chance.
fn sample(count: usize, seed: u64) -> Vec<usize> {
    let mut rng = rng(seed);
    let mut rest: Vec<usize> = (0..count).collect();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let index = usize::try_from(rng.next_u32()).unwrap() % rest.len();
        order.push(rest.swap_remove(index));
    }
    order
}

fn together(count: usize) -> Stage {
    let mut stage = Stage::new(Room::open());
    for number in 0..count {
        let person = stage.room.person(u64::try_from(number).unwrap());
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_together(&(0..count).collect::<Vec<_>>());
    stage
}

/// Lets people leave one after the other. Those who stay are soon among themselves, and hear each other.
fn leave_in_order(count: usize, order: &[usize]) {
    let mut stage = together(count);
    let mut rest: Vec<usize> = (0..count).collect();
    for who in order {
        stage.leave(*who);
        rest.retain(|one| one != who);
        stage.run(4_000);
        let (Some(first), Some(last)) = (rest.first().copied(), rest.last().copied()) else {
            return;
        };
        stage.assert_together(&rest);
        let hearers = rest.iter().filter(|who| **who != first);
        let expected: Vec<_> = hearers.map(|who| (*who, Some(first))).collect();
        assert_eq!(stage.heard(first, &format!("{order:?} {who}")), expected);
        let text = format!("{who} has left");
        assert_eq!(stage.heard(last, &text).len(), rest.len() - 1);
    }
}

#[test]
fn two_three_and_four_leave_in_every_order() {
    for count in 2..=4 {
        let orders = orders(count);
        assert_eq!(orders.len(), (1..=count).product::<usize>());
        for order in orders {
            leave_in_order(count, &order);
        }
    }
}

#[test]
fn ten_leave_in_some_orders() {
    for seed in 0..3 {
        leave_in_order(10, &sample(10, seed));
    }
}

#[test]
fn fifty_leave_in_some_order() {
    let order = sample(50, 9);
    let mut stage = together(50);
    for leavers in order.chunks(10) {
        for who in leavers {
            stage.leave(*who);
        }
        stage.run(5_000);
        let gone = order
            .iter()
            .take_while(|who| *who != leavers.last().unwrap());
        let gone: Vec<usize> = gone.copied().chain(leavers.last().copied()).collect();
        let rest: Vec<usize> = (0..50).filter(|who| !gone.contains(who)).collect();
        if let Some(first) = rest.first() {
            stage.assert_together(&rest);
            let text = format!("{} are here", rest.len());
            assert_eq!(stage.heard(*first, &text).len(), rest.len() - 1);
        }
    }
}
