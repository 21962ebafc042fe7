use super::*;
use crate::ClientAddress;

fn groups(address: &str) -> impl Iterator<Item = AddressGroup> + use<> {
    ClientAddress::new(address.parse().unwrap()).groups()
}

fn budget(total: usize, per_address: usize) -> Budget {
    Budget::new(BudgetLimits { total, per_address })
}

impl Budget {
    fn admit_from(&mut self, address: &str) -> Result<NewHolder, BudgetRefusal> {
        self.admit(groups(address))
    }

    /// Admits a holder without an eviction, and makes it idle.
    fn idle_from(&mut self, address: &str) -> HolderId {
        let admitted = self.admit_from(address).unwrap();
        assert_eq!(admitted.evicted, None, "{address}");
        self.set_idle(admitted.id);
        admitted.id
    }
}

#[test]
fn where_all_is_in_use_the_longest_idle_of_the_busiest_address_gives_way() {
    let mut budget = budget(6, 6);
    let lone = budget.idle_from("192.0.2.1");
    let busy: Vec<HolderId> = (0..3).map(|_| budget.idle_from("192.0.2.2")).collect();
    let pair: Vec<HolderId> = (0..2).map(|_| budget.idle_from("192.0.2.3")).collect();
    // The first holder of the busiest address was busy in between.
    budget.set_busy(busy[0]);
    budget.set_idle(busy[0]);
    let evicted = |budget: &mut Budget, from| budget.admit_from(from).unwrap().evicted;
    assert_eq!(evicted(&mut budget, "192.0.2.4"), Some(busy[1]));
    // Two addresses have two holders each now. The holder that has been idle for longest is
    // evicted.
    assert_eq!(evicted(&mut budget, "192.0.2.5"), Some(busy[2]));
    assert_eq!(evicted(&mut budget, "192.0.2.6"), Some(pair[0]));
    // All addresses have one idle holder. New holders are busy and stay.
    assert_eq!(evicted(&mut budget, "192.0.2.7"), Some(lone));
}

#[test]
fn an_address_at_its_share_makes_room_from_its_own() {
    let mut budget = budget(100, 2);
    let other = budget.idle_from("192.0.2.1");
    let own = [budget.idle_from("192.0.2.2"), budget.idle_from("192.0.2.2")];
    for expected in own {
        let admitted = budget.admit_from("192.0.2.2").unwrap();
        assert_eq!(admitted.evicted, Some(expected));
    }
    // Both holders are busy now.
    let refused = budget.admit_from("192.0.2.2");
    assert_eq!(refused, Err(BudgetRefusal::Address));
    let admitted = budget.admit_from("192.0.2.1").unwrap();
    assert_eq!(admitted.evicted, None);
    budget.release(other);
}

#[test]
fn where_nobody_is_idle_a_newcomer_is_refused() {
    let mut budget = budget(2, 2);
    let first = budget.admit_from("192.0.2.1").unwrap().id;
    budget.admit_from("192.0.2.2").unwrap();
    let refused = budget.admit_from("192.0.2.3");
    assert_eq!(refused, Err(BudgetRefusal::Total));
    budget.release(first);
    // A removed holder is ignored.
    budget.release(first);
    budget.set_idle(first);
    assert!(budget.admit_from("192.0.2.3").is_ok());
    let refused = budget.admit_from("192.0.2.1");
    assert_eq!(refused, Err(BudgetRefusal::Total));
}

#[test]
fn the_64s_of_one_48_share_sixteen_times_the_room_of_a_single_client() {
    for (address, share) in [
        (&(|_| "192.0.2.1".to_owned()) as &dyn Fn(usize) -> String, 2),
        (&|n| format!("2001:db8:0:1::{n:x}"), 2),
        (&|n| format!("2001:db8:0:{n:x}::1"), 8),
        (&|n| format!("2001:db8:0:{n:x}00::1"), 32),
    ] {
        let mut budget = budget(1_000, 2);
        let admitted = (1..200).take_while(|n| budget.admit_from(&address(*n)).is_ok());
        assert_eq!(admitted.count(), share, "{}", address(1));
        assert!(budget.admit_from("2001:db8:9::1").is_ok());
    }
}

#[test]
fn a_48_that_spreads_over_its_64s_is_busier_than_a_single_client() {
    let mut budget = budget(70, 4);
    let lone = budget.idle_from("192.0.2.1");
    let pair = [budget.idle_from("192.0.2.2"), budget.idle_from("192.0.2.2")];
    // 33 holders in a /48 are slightly more than two for each client.
    let spread: Vec<HolderId> = (1..=33)
        .map(|n| budget.idle_from(&format!("2001:db8:0:{n:x}00::1")))
        .collect();
    for n in 1..=34 {
        budget.idle_from(&format!("198.51.100.{n}"));
    }
    let admitted = budget.admit_from("192.0.2.3").unwrap();
    assert_eq!(admitted.evicted, Some(spread[0]));
    // 32 holders are exactly two for each client: the holder of both networks that has been idle
    // for longest is evicted.
    let admitted = budget.admit_from("192.0.2.4").unwrap();
    assert_eq!(admitted.evicted, Some(pair[0]));
    assert_ne!(admitted.evicted, Some(lone));
}

#[test]
fn holders_without_networks_count_for_the_whole_and_give_way_last() {
    let mut budget = budget(3, 1);
    let exempt: Vec<HolderId> = (0..2)
        .map(|_| {
            let id = budget.admit([]).unwrap().id;
            budget.set_idle(id);
            id
        })
        .collect();
    let client = budget.idle_from("192.0.2.1");
    for expected in [client, exempt[0], exempt[1]] {
        assert_eq!(budget.admit([]).unwrap().evicted, Some(expected));
    }
    assert_eq!(budget.admit([]), Err(BudgetRefusal::Total));
}

#[test]
fn a_network_of_any_width_has_at_most_half_of_the_total() {
    for address in [
        &(|_| "192.0.2.1".to_owned()) as &dyn Fn(usize) -> String,
        &|n| format!("2001:db8::{n:x}"),
        &|n| format!("2001:db8:0:{n:x}::1"),
        &|n| format!("2001:db8:0:{n:x}00::1"),
    ] {
        let mut budget = budget(9, 8);
        let admitted = (1..20).map_while(|n| budget.admit_from(&address(n)).ok());
        assert_eq!(admitted.count(), 4, "{}", address(1));
        let refused = budget.admit_from(&address(20));
        assert_eq!(refused, Err(BudgetRefusal::Address));
        let others = (1..20).map_while(|n| budget.admit_from(&format!("198.51.100.{n}")).ok());
        assert_eq!(others.count(), 5, "{}", address(1));
    }
}

#[test]
fn the_longest_idle_of_the_busiest_address_gives_way_to_none_where_it_is_asked_for() {
    let mut budget = budget(100, 100);
    let exempt = budget.admit([]).unwrap().id;
    budget.set_idle(exempt);
    let lone = budget.idle_from("192.0.2.1");
    let pair = [budget.idle_from("192.0.2.2"), budget.idle_from("192.0.2.2")];
    budget.admit_from("192.0.2.3").unwrap();
    for (load, expected) in [
        (2 * LOAD_UNIT, pair[0]),
        (LOAD_UNIT, lone),
        (LOAD_UNIT, pair[1]),
        (0, exempt),
    ] {
        assert_eq!(budget.candidate().unwrap().load, load);
        assert_eq!(budget.evict(), Some(expected));
    }
    // The remaining holder is busy.
    assert_eq!(budget.evict(), None);
}

#[test]
fn nothing_is_left_of_holders_that_have_ended() {
    let mut budget = budget(20, 10);
    let ids: Vec<HolderId> = (0..10).map(|_| budget.idle_from("2001:db8::1")).collect();
    for id in ids {
        budget.release(id);
    }
    assert!(budget.holders.is_empty() && budget.networks.is_empty());
}
