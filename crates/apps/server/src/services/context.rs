//! The settings and the environment of a service.

use std::sync::Arc;

use super::Telemetry;
use anteroom_console::{data_dir::DataDir, environment::Environment};

use crate::{installation::Installation, settings::Settings};

/// The settings, the data and the environment of a service.
#[derive(Clone)]
pub struct ServiceContext {
    /// The settings of the process.
    pub settings: Settings,
    /// The data directory.
    pub data: DataDir,
    /// The variables, with the secrets.
    pub environment: Environment,
    /// The record of the databases in the data directory.
    pub installation: Arc<Installation>,
    /// The URL for clients of this process.
    pub url: String,
    /// The events and metrics, shared by all attempts to open the service.
    pub telemetry: Telemetry,
}
