//! The media server of this project, in a process with nothing around it.

use std::{path::Path, process::Command};

use anteroom_bench_media::messages::{NewClient, ServerAnswer, ServerRequest};
use anyhow::{Context as _, Result};
use serde_json::to_value;

use super::{load::MediaLoad, subject::MediaSubject};
use crate::json_process::JsonProcess;

/// The running server.
pub(super) struct AnteroomMedia(JsonProcess);

impl AnteroomMedia {
    /// Starts a program that is the server, or one that counts allocations.
    pub(super) fn start(program: &Path) -> Result<Self> {
        let process = JsonProcess::start(Command::new(program).arg("server"))?;
        Ok(Self(process))
    }

    fn request(&mut self, request: &ServerRequest) -> Result<ServerAnswer> {
        self.0.request(&to_value(request)?)
    }

    /// Connects a client. Returns the names of its slots for pictures.
    pub(super) fn join(&mut self, load: &mut MediaLoad, client: NewClient) -> Result<Vec<String>> {
        let (device, publishes) = (client.number, client.sends.is_some());
        let (offer, (_, pictures)) = load.offer(client)?;
        let answer = self.request(&ServerRequest::Join {
            device,
            publishes,
            offer,
        })?;
        load.answer(device, answer.answer.context("no answer")?)?;
        Ok(pictures)
    }

    /// Shows the cameras of others in the slots of a client.
    pub(super) fn view(&mut self, device: u32, slots: Vec<String>, senders: &[u32]) -> Result<()> {
        let slots = slots.into_iter().zip(senders.iter().copied()).collect();
        self.request(&ServerRequest::View { device, slots })?;
        Ok(())
    }

    /// Returns the number of allocations so far, if the program counts them.
    pub(super) fn allocations(&mut self) -> Result<Option<u64>> {
        let answer = self.request(&ServerRequest::Allocations {})?;
        Ok(answer.allocations)
    }
}

impl MediaSubject for AnteroomMedia {
    fn process(&self) -> u32 {
        self.0.id()
    }

    fn publish(&mut self, load: &mut MediaLoad, client: NewClient) -> Result<()> {
        self.join(load, client)?;
        Ok(())
    }

    fn watch(&mut self, load: &mut MediaLoad, client: NewClient, senders: &[u32]) -> Result<()> {
        let device = client.number;
        let slots = self.join(load, client)?;
        self.view(device, slots, senders)
    }
}
