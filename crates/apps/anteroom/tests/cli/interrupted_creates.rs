//! Creates of links that end before their answer.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::stored_credentials::{address, fixture};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_create_that_is_interrupted_uses_up_no_credential_and_is_tried_again_with_the_same_room() {
    let mut fixture = fixture();
    fixture.person.shown(&["credential", "renew"]);
    let service = address(&fixture.rooms, "rooms");
    // A proxy that tells the ids of the rooms, and lets the first creates wait without an answer.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    fixture.person.set("ANTEROOM_ROOMS_URL", &url);
    let target = service.strip_prefix("http://").unwrap().to_owned();
    let (sender, rooms) = mpsc::channel();
    let waiting = Arc::new(AtomicUsize::new(3));
    thread::spawn(move || {
        for client in proxy.incoming().map_while(Result::ok) {
            let (target, sender, waiting) = (target.clone(), sender.clone(), Arc::clone(&waiting));
            thread::spawn(move || relay(client, &target, &sender, &waiting));
        }
    });
    let person = &fixture.person;
    let mut shown = Vec::new();
    for _ in 0..3 {
        let mut command = person.anteroom(&["link", "create"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut command = command.stderr(Stdio::null()).spawn().unwrap();
        shown.push(rooms.recv_timeout(PATIENCE).unwrap());
        kill_process(Pid::from_child(&command), Signal::INT).unwrap();
        assert!(!command.wait().unwrap().success());
    }
    person.shown(&["link", "create"]);
    shown.push(rooms.recv_timeout(PATIENCE).unwrap());
    assert_eq!(shown, vec![shown[0].clone(); 4]);
    // The two others are left.
    for _ in 0..2 {
        person.shown(&["link", "create"]);
        assert_ne!(rooms.recv_timeout(PATIENCE).unwrap(), shown[0]);
    }
    let refusal = person.refusal(&["link", "create"]);
    assert!(refusal.contains("are used up"), "{refusal}");
}

/// Passes the requests of a connection on, and the answers back. Tells the room of each request to create
/// one; the first of these are not passed on.
fn relay(mut client: TcpStream, target: &str, rooms: &mpsc::Sender<String>, waiting: &AtomicUsize) {
    let mut server = TcpStream::connect(target).unwrap();
    let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let (mut chunk, mut bytes) = ([0; 4096], Vec::new());
    while let Some(length) = client.read(&mut chunk).ok().filter(|length| *length > 0) {
        bytes.extend(&chunk[..length]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if text.starts_with("put /v1/call-link ") {
            if !text.contains("\r\n\r\n") {
                continue;
            }
            let room = text
                .lines()
                .find_map(|line| line.strip_prefix("x-room-id: "));
            rooms.send(room.unwrap().to_owned()).unwrap();
            let less = |left: usize| left.checked_sub(1);
            if waiting.fetch_update(SeqCst, SeqCst, less).is_ok() {
                let _ = client.read_to_end(&mut bytes);
                break;
            }
        }
        server.write_all(&bytes).unwrap();
        bytes.clear();
    }
    let _ = server.shutdown(Shutdown::Write);
}
