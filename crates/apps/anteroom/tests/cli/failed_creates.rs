//! `anteroom link create` at room services that fail.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    thread,
};

use crate::directory::TestDirectory;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

/// The URL of a room service that answers 503 to everything, and takes bodies first.
fn busy_room_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).unwrap();
            stream.get_mut().write_all(ANSWER).unwrap();
        }
    });
    url
}

#[test]
fn creates_that_a_busy_room_service_does_not_answer_use_up_one_credential_in_all() {
    let mut place = TestDirectory::new();
    let _service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    place.shown(&["credential", "renew"]);
    let busy = busy_room_service();
    for _ in 0..5 {
        let told = place.refusal(&["link", "create", "--rooms", &busy]);
        assert!(told.contains("503"), "{told}");
    }
    // The one that the busy service has seen is for it alone.
    for _ in 0..2 {
        place.shown(&["link", "create"]);
    }
    let told = place.refusal(&["link", "create"]);
    assert!(told.contains("are used up"), "{told}");
    let told = place.refusal(&["link", "create", "--rooms", &busy]);
    assert!(told.contains("503"), "{told}");
}
