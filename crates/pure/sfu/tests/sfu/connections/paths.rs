//! The paths of connections: the addresses that are told and checked, restarts of ICE, and their proofs.

use std::time::Duration;

use anteroom_sfu::{Path, SfuOutput, indexes::SlotIndex, source::Source};
use str0m::{
    ice::{StunMessage, TransId},
    media::{Direction, MediaKind},
    net::Protocol,
};

use super::network::{Network, SERVER, SESSION, key_frame};

#[test]
fn udp_is_told_before_tcp() {
    let mut network = Network::new();
    network.join();
    let (_, answer) = network.offer_again(0, |api| api.ice_restart(true));
    let section = answer.split("\r\nm=").nth(1).unwrap();
    let candidates: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("a=candidate:"))
        .collect();
    let [udp, tcp] = candidates.as_slice() else {
        panic!("{candidates:?}");
    };
    assert!(udp.contains(" udp "), "{udp}");
    assert!(
        tcp.contains(" tcp ") && tcp.contains("tcptype passive"),
        "{tcp}"
    );
    let priority = |line: &str| -> u32 { line.split(' ').nth(3).unwrap().parse().unwrap() };
    assert!(priority(udp) > priority(tcp));
}

#[test]
fn an_address_that_an_offer_names_is_sent_nothing() {
    let mut network = Network::new();
    network.join();
    let client = &mut network.clients[0];
    let mut api = client.rtc.sdp_api();
    api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
    let (offer, _) = api.apply().unwrap();
    let named = "a=candidate:7 1 udp 2130706175 192.0.2.99 9 typ host\r\na=mid:";
    let offer = offer.to_sdp_string().replace("a=mid:", named);
    let answer = network.sfu.offer(network.now, client.id, SESSION, &offer);
    assert!(answer.is_ok());
    // Each datagram of the call has to be for the address of its device: the network looks.
    network.run(3_000);
    assert!(network.clients[0].datagrams > 0);
}

#[test]
fn a_path_that_is_not_proven_after_a_restart_is_sent_nothing() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    network.cut_off = Some(1);
    network.offer_again(1, |api| api.ice_restart(true));
    let mut seconds = 0;
    while network.ended.is_empty() {
        network.send(0, Source::Camera, &key_frame(1, 1));
        network.run(980);
        seconds += 1;
        assert!(seconds <= 16, "still sending");
        // Others after it change nothing.
        if seconds % 5 == 0 {
            network.offer_again(1, |api| api.ice_restart(true));
        }
    }
    assert!(seconds > 10, "{seconds}");
    assert_eq!(network.ended, [network.clients[1].id]);
    network.clients[1].datagrams = 0;
    network.send(0, Source::Camera, &key_frame(2, 2));
    network.run(5_000);
    assert_eq!(network.clients[1].datagrams, 0);
}

#[test]
fn the_credentials_before_a_restart_go_on_for_ten_seconds() {
    let mut network = Network::new();
    network.join();
    let (_, before) = network.offer_again(0, |api| {
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None)
    });
    let device = network.clients[0].id;
    let user = network.sfu.path_user(device).unwrap();
    let value = |name: &str| {
        let line = before.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().to_owned()
    };
    assert_eq!(value("a=ice-ufrag:"), user);
    let password = value("a=ice-pwd:");
    let path = Path {
        protocol: Protocol::Udp,
        local: SERVER.parse().unwrap(),
        remote: network.clients[0].address,
    };
    let check = |network: &mut Network, password: &str| {
        let name = format!("{user}:peer");
        let request = StunMessage::binding_request(&name, TransId::new(), true, 1, 1, true);
        let mut bytes = vec![0; 512];
        let provider = str0m::crypto::from_feature_flags().sha1_hmac_provider;
        let hmac = |key: &[u8], parts: &[&[u8]]| provider.sha1_hmac(key, parts);
        let length = request.to_bytes(Some(password.as_bytes()), &mut bytes, hmac);
        bytes.truncate(length.unwrap());
        let now = network.now;
        let is_answered = network.sfu.receive_former_check(now, device, path, &bytes);
        let mut answers = 0;
        while let SfuOutput::Transmit { datagram, .. } = network.sfu.poll_output() {
            assert_eq!(datagram.destination, path.remote);
            let answer = StunMessage::parse(&datagram.contents).unwrap();
            assert!(answer.is_successful_binding_response());
            assert!(answer.verify(password.as_bytes(), hmac));
            answers += 1;
        }
        assert_eq!(answers, usize::from(is_answered));
        is_answered
    };
    assert!(!check(&mut network, &password), "they are not former yet");
    network.offer_again(0, |api| api.ice_restart(true));
    assert_ne!(
        network.sfu.path_user(device).unwrap(),
        value("a=ice-ufrag:")
    );
    assert!(check(&mut network, &password));
    assert!(!check(&mut network, "another password, not the right one"));
    network.now += Duration::from_secs(10);
    assert!(!check(&mut network, &password));
}
