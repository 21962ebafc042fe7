//! Where a service runs.

use std::sync::Arc;

use super::Telemetry;
use crate::{
    data_dir::DataDir, environment::Environment, installation::Installation, settings::Settings,
};

/// Where a service runs, and with which settings.
#[derive(Clone)]
pub(crate) struct ServicePlace {
    pub(crate) settings: Settings,
    pub(crate) data: DataDir,
    pub(crate) environment: Environment,
    pub(crate) installation: Arc<Installation>,
    /// Where clients reach this process.
    pub(crate) url: String,
    /// Shared by all attempts to open the service.
    pub(crate) telemetry: Telemetry,
}
