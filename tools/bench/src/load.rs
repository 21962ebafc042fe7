//! The load on the services: clients in a process of their own, which starts the services.
//!
//! The services have two cores, or all cores of a smaller machine. The load mostly waits, and shares the
//! cores.

use std::process::Command;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::{json_process::JsonProcess, programs::Programs};

/// The number of clients that act concurrently.
pub(super) const AT_ONCE: u32 = 20;
/// The cores of the services, if there are more.
pub(super) const CORES: &str = "0,1";

#[derive(Deserialize)]
struct LoadReady {
    ready: bool,
}

/// Starts a load, and waits until it is ready.
pub(super) fn start_load(programs: &Programs, name: &str) -> Result<JsonProcess> {
    let mut load = JsonProcess::start(
        Command::new(&programs.load)
            .arg("--anteroom")
            .arg(&programs.anteroom)
            .args([name, "--server-cores", CORES])
            .args(["--at-once", &AT_ONCE.to_string()]),
    )?;
    let LoadReady { ready } = load.answer()?;
    ensure!(ready, "the load is not ready");
    Ok(load)
}
