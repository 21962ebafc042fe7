//! The settings and the environment of a service.

use std::sync::Arc;

use super::Telemetry;
use crate::{
    data_dir::DataDir, environment::Environment, installation::Installation, settings::Settings,
};

/// The settings, the data and the environment of a service.
#[derive(Clone)]
pub(crate) struct ServiceContext {
    pub(crate) settings: Settings,
    pub(crate) data: DataDir,
    pub(crate) environment: Environment,
    pub(crate) installation: Arc<Installation>,
    /// The URL for clients of this process.
    pub(crate) url: String,
    /// The events and metrics, shared by all attempts to open the service.
    pub(crate) telemetry: Telemetry,
}
