//! A relay's host is resolved at the time of the request, by a real name server.

use anteroom_runtime::Health;
use anteroom_testkit::NameServer;
use anteroom_turn::{HostName, HostResolver, Relays};

use crate::support::{NOW, coturn, user};

const URLS: [&str; 1] = ["turn:relay.example:3478"];
const TEMPLATES: [&str; 2] = ["turn:%s:3478?transport=udp", "turns:%s:443?transport=tcp"];

async fn server() -> (NameServer, Relays) {
    let server = NameServer::start("relay.example").await;
    let resolver = HostResolver::with_name_server(server.address()).unwrap();
    let settings = coturn("relay.example", &URLS, &TEMPLATES);
    let relays = Relays::new(Some(settings), None, &resolver).unwrap();
    (server, relays)
}

async fn urls_with_ips(relays: &Relays) -> Vec<String> {
    let relay = relays.issue(user(0), NOW).await.unwrap().unwrap();
    assert_eq!(relay.urls, URLS);
    assert_eq!(relay.hostname, "relay.example");
    relay.urls_with_ips
}

async fn health(relays: &Relays) -> Health {
    relays.dependencies()[0].check().await
}

#[tokio::test]
async fn urls_by_ip_ipv6_in_brackets_fill_every_template_with_every_address() {
    let (server, relays) = server().await;
    server.set(&["2001:db8::7", "192.0.2.8", "192.0.2.7"], 0);
    assert_eq!(
        urls_with_ips(&relays).await,
        [
            "turn:192.0.2.7:3478?transport=udp",
            "turn:192.0.2.8:3478?transport=udp",
            "turn:[2001:db8::7]:3478?transport=udp",
            "turns:192.0.2.7:443?transport=tcp",
            "turns:192.0.2.8:443?transport=tcp",
            "turns:[2001:db8::7]:443?transport=tcp",
        ]
    );
    server.set(&["2001:db8::7"], 0);
    assert_eq!(
        urls_with_ips(&relays).await,
        [
            "turn:[2001:db8::7]:3478?transport=udp",
            "turns:[2001:db8::7]:443?transport=tcp",
        ]
    );
    assert_eq!(health(&relays).await, Health::Ok);
}

#[tokio::test]
async fn the_host_name_is_resolved_by_the_server_at_request_time_once_its_ttl_is_over() {
    let (server, relays) = server().await;
    server.set(&["192.0.2.7"], 0);
    assert!(urls_with_ips(&relays).await[0].contains("192.0.2.7"));
    server.set(&["192.0.2.9"], 3_600);
    assert!(urls_with_ips(&relays).await[0].contains("192.0.2.9"));
    let before = server.questions();
    server.set(&["192.0.2.10"], 3_600);
    assert!(urls_with_ips(&relays).await[0].contains("192.0.2.9"));
    // The address is cached. The absence of IPv6 may be asked again.
    assert!(server.questions() <= before + 1);
}

#[tokio::test]
async fn without_an_answer_the_urls_by_name_are_given_all_the_same() {
    let (server, relays) = server().await;
    // No addresses, a failure, no answer, another name.
    assert!(urls_with_ips(&relays).await.is_empty());
    assert_eq!(health(&relays).await, Health::Degraded);
    server.set(&["192.0.2.7"], 0);
    assert_eq!(urls_with_ips(&relays).await.len(), 2);
    assert_eq!(health(&relays).await, Health::Ok);
    server.fail();
    assert!(urls_with_ips(&relays).await.is_empty());
    assert_eq!(health(&relays).await, Health::Degraded);
    server.stop_answering();
    assert!(urls_with_ips(&relays).await.is_empty());
    server.set(&["192.0.2.7"], 0);
    assert_eq!(urls_with_ips(&relays).await.len(), 2);
}

#[tokio::test]
async fn names_of_the_hosts_file_and_addresses_need_no_name_server() {
    let server = NameServer::start("relay.example").await;
    let resolver = HostResolver::with_name_server(server.address()).unwrap();
    for (host, address) in [("192.0.2.1", "192.0.2.1"), ("localhost", "127.0.0.1")] {
        let host = HostName::parse(host).unwrap();
        let found = resolver.addresses(&host).await.unwrap();
        assert_eq!(found[0].to_string(), address);
    }
    assert_eq!(server.questions(), 0);
    let other = HostName::parse("other.example").unwrap();
    assert_eq!(resolver.addresses(&other).await, None);
}
