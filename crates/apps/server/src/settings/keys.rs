//! The settings for new keys in running services.

use std::{num::NonZeroU64, time::Duration};

use anyhow::ensure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of new keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// The time between looks of running services at new params and keys in their databases, at
    /// most 3600. SIGHUP makes them look at once.
    #[default(const { NonZeroU64::new(10).unwrap() })]
    pub reload_seconds: NonZeroU64,
}

impl KeySettings {
    /// Returns the interval of the checks for new keys.
    pub fn every(&self) -> anyhow::Result<Duration> {
        let seconds = self.reload_seconds.get();
        ensure!(seconds <= 3600, "keys.reload_seconds is at most 3600");
        Ok(Duration::from_secs(seconds))
    }
}
