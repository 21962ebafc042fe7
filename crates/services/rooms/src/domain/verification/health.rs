//! The server params as a dependency in the readiness report.

use anteroom_runtime::{Dependency, Health};
use async_trait::async_trait;

use super::{PresentationVerifier, StoredParams};

#[async_trait]
impl Dependency for PresentationVerifier {
    fn name(&self) -> &'static str {
        "call-link-params"
    }

    /// Links cannot be read or changed without server params.
    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        if self.live_params(self.clock.now()).is_err() {
            Health::Failing
        } else if self.params.stored() == StoredParams::Incomplete {
            Health::Degraded
        } else {
            Health::Ok
        }
    }
}
