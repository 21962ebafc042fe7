//! The server under test and the load as processes: packets travel, and all counts are told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anteroom_bench_media::messages::{
    LoadAnswer, LoadRequest, NewClient, ServerAnswer, ServerRequest, Traffic, Window,
};
use serde::{Serialize, de::DeserializeOwned};

const TRAFFIC: Traffic = Traffic {
    picture_micros: 20_000,
    picture_packets: 2,
    picture_bytes: 500,
    sound_micros: 20_000,
    sound_bytes: 80,
};

/// A running process. It ends with its standard input.
struct Dialogue {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Dialogue {
    fn start(program: &str, part: &str) -> Self {
        let mut child = Command::new(program)
            .arg(part)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            requests,
            answers,
        }
    }

    fn ask<Answer: DeserializeOwned>(&mut self, request: &impl Serialize) -> Answer {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{}", serde_json::to_string(request).unwrap()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        self.requests = None;
        self.child.wait().unwrap();
    }
}

/// Connects a client. Returns the names of its slots for pictures.
fn join(load: &mut Dialogue, server: &mut Dialogue, client: NewClient) -> Vec<String> {
    let (number, publishes) = (client.number, client.sends.is_some());
    let offered: LoadAnswer = load.ask(&LoadRequest::Offer(client));
    let joined: ServerAnswer = server.ask(&ServerRequest::Join {
        device: number,
        publishes,
        offer: offered.description.unwrap(),
    });
    let answer = joined.answer.unwrap();
    let _: LoadAnswer = load.ask(&LoadRequest::Answer { number, answer });
    offered.slots.unwrap().1
}

#[test]
fn a_window_counts_what_travels_and_what_it_costs() {
    let program = env!("CARGO_BIN_EXE_anteroom-bench-media");
    let counting = env!("CARGO_BIN_EXE_anteroom-bench-media-counting");
    for (program, estimation) in [(program, true), (counting, false)] {
        let mut load = Dialogue::start(env!("CARGO_BIN_EXE_anteroom-bench-media"), "load");
        let mut server = Dialogue::start(program, "server");
        let client = |number, sends, slots| NewClient {
            number,
            group: 1,
            sends,
            slots,
            estimation,
        };
        for number in [0, 1] {
            join(
                &mut load,
                &mut server,
                client(number, Some(TRAFFIC), (0, 0)),
            );
        }
        for number in [2, 3, 4] {
            let slots = join(&mut load, &mut server, client(number, None, (2, 2)));
            let slots = slots.into_iter().zip([0, 1]).collect();
            let device = number;
            let _: ServerAnswer = server.ask(&ServerRequest::View { device, slots });
        }
        let _: LoadAnswer = load.ask(&LoadRequest::UntilConnected {});
        let window = Window {
            group: 1,
            process: server.child.id(),
            percent: 100,
            warm_up_millis: 200,
            millis: 500,
        };
        // On a machine that does other work, the first windows may be over before anything travels.
        let counts = loop {
            let answer: LoadAnswer = load.ask(&LoadRequest::Window(window));
            let counts = answer.window.unwrap();
            if counts.received > 0 && counts.sent > 0 {
                break counts;
            }
        };
        assert!(counts.received <= counts.sent * 3, "{counts:?}");
        assert!(counts.bytes >= counts.received * 80, "{counts:?}");
        assert!(
            counts.seconds >= 0.5 && counts.server_seconds > 0.0,
            "{counts:?}"
        );
        assert!(
            counts.load_seconds > 0.0 && counts.busiest > 0.0,
            "{counts:?}"
        );
        assert!(counts.server_bytes > 0 && counts.delay_p99_millis >= counts.delay_p50_millis);
        let told: ServerAnswer = server.ask(&ServerRequest::Allocations {});
        assert_eq!(told.allocations.is_some(), program == counting);
        let _: LoadAnswer = load.ask(&LoadRequest::Close { group: 1 });
    }
}
