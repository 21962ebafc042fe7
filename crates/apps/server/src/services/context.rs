//! The settings and the environment of a service.

use std::sync::Arc;

use super::Telemetry;
use anteroom_console::{data_dir::DataDir, environment::Environment};

use crate::{installation::Installation, settings::Settings};

/// The settings, the data and the environment of a service.
#[derive(Clone)]
pub struct ServiceContext {
    pub settings: Settings,
    pub data: DataDir,
    pub environment: Environment,
    pub installation: Arc<Installation>,
    /// The URL for clients of this process.
    pub url: String,
    /// The events and metrics, shared by all attempts to open the service.
    pub telemetry: Telemetry,
}
