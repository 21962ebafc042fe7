//! The peer of the browser tests: a media server with one call, and a group of the end-to-end layer.
//!
//! A test tool. It reads one JSON request a line (`{"id", "do": NAME, ...}`) and answers each with
//! `{"id", "ok"}` or `{"id", "error"}`; events of the call are lines `{"event", ...}`. The test carries offers,
//! answers, views and frame keys between this program and its pages, as the room service and the clients do in
//! life: nothing here decides who may be in a call.
//!
//! With a path (`"proxy"`) the packets of a device pass a [`anteroom_testkit::ShapedPath`] with the rate, delay
//! and losses that the test sets; `"tcp"` lets its UDP packets vanish.

mod answer;
mod event;
mod frame_keys;
mod meeting;
mod request;

use std::io::{BufRead as _, Write as _, stdin, stdout};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::{runtime::Builder, sync::mpsc};

use crate::{meeting::Meeting, request::Line};

fn main() -> Result<()> {
    let (lines, requests) = mpsc::channel(64);
    std::thread::spawn(move || {
        for line in stdin().lock().lines() {
            let Ok(line) = line else { return };
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("no runtime")?;
    runtime.block_on(run(requests))
}

/// Serves until standard input ends.
async fn run(mut requests: mpsc::Receiver<String>) -> Result<()> {
    let (mut meeting, mut events) = Meeting::open()?;
    loop {
        tokio::select! {
            line = requests.recv() => {
                let Some(line) = line else { return Ok(()) };
                let line: Line = serde_json::from_str(&line).context("a malformed request")?;
                match meeting.run(line.id, line.request).await {
                    Ok(Some(value)) => say(&json!({ "id": line.id, "ok": value }))?,
                    // The answer is an event of the call.
                    Ok(None) => {}
                    Err(error) => say(&json!({ "id": line.id, "error": format!("{error:#}") }))?,
                }
            }
            event = events.next() => {
                let event = event.context("the media of the call have ended")?;
                if let Some(line) = meeting.take_event(event) {
                    say(&line)?;
                }
            }
        }
    }
}

fn say(line: &Value) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}").context("standard output is not writable")?;
    out.flush().context("standard output is not writable")
}
