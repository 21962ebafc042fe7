//! The load, a process apart from the servers under test.

use std::{path::Path, process::Command};

use anteroom_bench_media::messages::{LoadAnswer, LoadRequest, NewClient, Traffic, WindowCounts};
use anyhow::{Context as _, Result};
use serde_json::to_value;

use crate::json_process::JsonProcess;

/// The running load.
pub(super) struct MediaLoad(JsonProcess);

/// The names of a client's m-lines for sound and for pictures, in which it receives.
pub(super) type Slots = (Vec<String>, Vec<String>);

impl MediaLoad {
    pub(super) fn start(program: &Path) -> Result<Self> {
        let process = JsonProcess::start(Command::new(program).arg("load"))?;
        Ok(Self(process))
    }

    fn request(&mut self, request: &LoadRequest) -> Result<LoadAnswer> {
        self.0.request(&to_value(request)?)
    }

    /// Makes a client, and returns its offer.
    pub(super) fn offer(&mut self, client: NewClient) -> Result<(String, Slots)> {
        let answer = self.request(&LoadRequest::Offer(client))?;
        let offer = answer.description.context("no offer")?;
        Ok((offer, answer.slots.context("no slots")?))
    }

    /// Gives a client the answer to its offer.
    pub(super) fn answer(&mut self, number: u32, answer: String) -> Result<()> {
        self.request(&LoadRequest::Answer { number, answer })?;
        Ok(())
    }

    /// Makes a client that takes an offer, and returns its answer.
    pub(super) fn accept(&mut self, client: NewClient, offer: String) -> Result<String> {
        let answer = self.request(&LoadRequest::Accept { client, offer })?;
        answer.description.context("no answer")
    }

    /// Waits until all clients are connected.
    pub(super) fn until_connected(&mut self) -> Result<()> {
        self.request(&LoadRequest::UntilConnected {})?;
        Ok(())
    }

    /// Lets a group send, and counts what it receives.
    pub(super) fn window(
        &mut self,
        window: anteroom_bench_media::messages::Window,
    ) -> Result<WindowCounts> {
        let answer = self.request(&LoadRequest::Window(window))?;
        answer.window.context("no counts")
    }

    /// Ends the clients of a group.
    pub(super) fn close(&mut self, group: u32) -> Result<()> {
        self.request(&LoadRequest::Close { group })?;
        Ok(())
    }

    /// Measures the floor, in microseconds for a packet.
    pub(super) fn floor(&mut self, packets: u32, traffic: Traffic) -> Result<f64> {
        let answer = self.request(&LoadRequest::Floor { packets, traffic })?;
        answer.floor_micros.context("no floor")
    }
}
