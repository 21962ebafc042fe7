use anteroom_protocol::DemuxId;
use proptest::prelude::*;

use super::*;
use crate::client_key::CallNumber;

fn key(number: u32) -> ClientKey {
    ClientKey {
        call: CallNumber(1),
        device: DemuxId::new(number * 16 + 16).unwrap(),
        connection: 1,
    }
}

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], number))
}

fn now() -> Moment {
    Moment::from_millis(1)
}

/// Routes with so many connections, named by their numbers.
fn routes(clients: u32) -> Routes {
    let mut routes = Routes::default();
    for number in 0..clients {
        routes.add(key(number), number.to_string());
    }
    routes
}

/// The sizes of the tables: connections, names, addresses.
fn sizes(routes: &Routes) -> [usize; 3] {
    [
        routes.clients.len(),
        routes.names.len(),
        routes.addresses.len(),
    ]
}

#[test]
fn a_connection_that_has_gone_leaves_nothing() {
    let mut routes = routes(2);
    let start = Instant::now();
    for number in 0..10 {
        assert!(routes.claim(key(0), address(number), None, now()));
        assert!(routes.claim(key(1), address(number), None, now()));
        routes.prove(key(0), address(number));
    }
    routes.rename(key(0), "new".to_owned(), start);
    routes.remove(key(0));
    assert_eq!(sizes(&routes), [1, 1, 10]);
    assert_eq!(routes.proven(address(3)), None);
    assert_eq!(routes.claims(address(3)), [key(1)]);
    routes.remove(key(1));
    assert_eq!(sizes(&routes), [0, 0, 0]);
}

#[test]
fn a_new_name_counts_at_once_and_the_former_one_for_ten_seconds() {
    let mut routes = routes(1);
    let start = Instant::now();
    routes.claim(key(0), address(1), None, now());
    routes.prove(key(0), address(1));
    routes.rename(key(0), "new".to_owned(), start);
    let named = |routes: &mut Routes, name: &str, seconds: u64| {
        let at = start + Duration::from_secs(seconds);
        routes.named(name, at).map(|named| named.is_former)
    };
    assert_eq!(named(&mut routes, "new", 0), Some(false));
    assert_eq!(named(&mut routes, "0", 9), Some(true));
    assert_eq!(named(&mut routes, "0", 10), None);
    assert_eq!(named(&mut routes, "new", 10), Some(false));
    assert_eq!(routes.proven(address(1)), Some(key(0)), "the path goes on");
    // Two restarts within ten seconds: one former name is enough.
    routes.rename(key(0), "newer".to_owned(), start);
    routes.rename(key(0), "newest".to_owned(), start);
    assert_eq!(named(&mut routes, "new", 1), None);
    assert_eq!(named(&mut routes, "newer", 1), Some(true));
    routes.rename(key(0), "newest".to_owned(), start);
    assert_eq!(named(&mut routes, "newest", 1), Some(false));
    assert_eq!(sizes(&routes), [1, 2, 1]);
}

#[test]
fn a_claim_takes_nothing_from_whom_the_address_is_proven_and_a_proof_does() {
    let mut routes = routes(3);
    routes.claim(key(0), address(1), None, now());
    routes.prove(key(0), address(1));
    for other in [1, 2] {
        assert!(routes.claim(key(other), address(1), None, now()));
        assert_eq!(routes.proven(address(1)), Some(key(0)));
        assert!(routes.is_claimed(key(other), address(1)));
    }
    routes.prove(key(2), address(1));
    assert_eq!(routes.proven(address(1)), Some(key(2)));
    assert!(!routes.is_claimed(key(0), address(1)));
    assert_eq!(routes.claims(address(1)), [key(1)]);
    // An address that nobody has claimed is proven for nobody.
    routes.prove(key(2), address(9));
    assert_eq!(routes.proven(address(9)), None);
}

#[test]
fn claims_of_an_address_and_addresses_of_a_connection_are_few() {
    let mut routes = routes(10);
    for number in 0..10 {
        routes.claim(key(number), address(1), None, now());
    }
    assert_eq!(routes.claims(address(1)), [6, 7, 8, 9].map(key));
    assert!(!routes.is_claimed(key(0), address(1)));
    routes.prove(key(9), address(1));
    for number in 0..100 {
        routes.claim(key(9), address(10 + number), None, now());
    }
    assert_eq!(routes.clients[&key(9)].addresses.len(), ADDRESSES);
    assert_eq!(routes.proven(address(1)), Some(key(9)), "it stays");
    assert_eq!(routes.addresses.len(), ADDRESSES);
    assert!(
        routes.is_claimed(key(9), address(10 + 30)),
        "the last that came in time"
    );
    assert!(
        !routes.is_claimed(key(9), address(10 + 31)),
        "too many in too short a time"
    );
}

#[test]
fn the_address_of_ours_is_that_of_the_last_check() {
    let mut routes = routes(1);
    let local: IpAddr = "192.0.2.7".parse().unwrap();
    assert_eq!(routes.local(address(1)), None);
    routes.claim(key(0), address(1), Some(local), now());
    assert_eq!(routes.local(address(1)), Some(local));
    routes.claim(key(0), address(1), None, now());
    assert_eq!(routes.local(address(1)), Some(local));
    let other = "192.0.2.8".parse().ok();
    routes.claim(key(0), address(1), other, now());
    assert_eq!(routes.local(address(1)), other);
    assert!(!routes.claim(key(5), address(1), None, now()), "unknown");
    // Somebody who forges the address of another changes nothing for it.
    routes.prove(key(0), address(1));
    routes.add(key(1), "1".to_owned());
    assert!(routes.claim(key(1), address(1), Some(local), now()));
    assert_eq!(routes.local(address(1)), other);
}

/// Something that happens to the routes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Add(u32),
    Remove(u32),
    Rename(u32),
    Claim(u32, u16),
    Prove(u32, u16),
}

fn change() -> impl Strategy<Value = Change> {
    let (client, address) = (0_u32..6, 0_u16..24);
    prop_oneof![
        1 => client.clone().prop_map(Change::Add),
        1 => client.clone().prop_map(Change::Remove),
        1 => client.clone().prop_map(Change::Rename),
        8 => (client.clone(), address.clone()).prop_map(|(client, address)| Change::Claim(client, address)),
        4 => (client, address).prop_map(|(client, address)| Change::Prove(client, address)),
    ]
}

/// Checks that both tables say the same, within their bounds.
fn check(routes: &Routes) {
    for (from, address) in &routes.addresses {
        assert!(address.claims.len() <= CLAIMS);
        assert!(
            address.proven.is_some() || !address.claims.is_empty(),
            "nobody's"
        );
        for key in address.claims.iter().chain(&address.proven) {
            assert!(routes.clients[key].addresses.contains(from));
        }
        assert!(
            address
                .proven
                .is_none_or(|proven| !address.claims.contains(&proven))
        );
    }
    for (key, client) in &routes.clients {
        assert!(client.addresses.len() <= ADDRESSES);
        for from in &client.addresses {
            assert!(routes.is_claimed(*key, *from));
        }
        assert_eq!(routes.names[&client.name], *key);
    }
    assert!(routes.names.len() <= 2 * routes.clients.len());
}

proptest! {
    /// After any events in any order the tables agree, and in the end nothing is left.
    #[test]
    fn the_tables_agree(changes in proptest::collection::vec(change(), 0..200)) {
        let mut routes = Routes::default();
        let start = Instant::now();
        for (number, change) in changes.into_iter().enumerate() {
            // Late enough for another address each time.
            let now = Moment::from_millis(number as u64 * 30_000);
            match change {
                Change::Add(client) => {
                    if !routes.clients.contains_key(&key(client)) {
                        routes.add(key(client), format!("{client} {number}"));
                    }
                }
                Change::Remove(client) => routes.remove(key(client)),
                Change::Rename(client) => {
                    routes.rename(key(client), format!("{client} {number}"), start);
                }
                Change::Claim(client, from) => {
                    routes.claim(key(client), address(from), None, now);
                }
                Change::Prove(client, from) => routes.prove(key(client), address(from)),
            }
            check(&routes);
        }
        for client in 0..6 {
            routes.remove(key(client));
        }
        prop_assert_eq!(sizes(&routes), [0, 0, 0]);
    }
}
