//! The health of the database and of the server params.

use std::sync::Arc;

use anteroom_runtime::{Clock, Dependency, Health};
use anteroom_store::{Availability, IssuerDatabase, ServerParamsKind};
use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::domain::issuing_params::IssuingParams;

pub(crate) struct DatabaseHealth(pub(crate) Arc<dyn IssuerDatabase>);

#[async_trait]
impl Dependency for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    /// Recent callers are authenticated without the database.
    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match self.0.ready().await {
            Ok(Availability::ReadWrite) => Health::Ok,
            Ok(Availability::ReadOnly) => Health::Degraded,
            Err(_) => Health::Failing,
        }
    }
}

pub(crate) struct ParamsHealth {
    pub(crate) params: Arc<ArcSwap<IssuingParams>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) kind: ServerParamsKind,
}

#[async_trait]
impl Dependency for ParamsHealth {
    fn name(&self) -> &'static str {
        match self.kind {
            ServerParamsKind::Generic => "call-link-params",
            ServerParamsKind::Group => "group-params",
            ServerParamsKind::Guest => "guest-params",
            ServerParamsKind::Certificates => "certificate-params",
        }
    }

    /// Call-link credentials are issued without the others.
    fn required(&self) -> bool {
        matches!(self.kind, ServerParamsKind::Generic)
    }

    async fn check(&self) -> Health {
        let (now, params) = (self.clock.now(), self.params.load());
        let live = match self.kind {
            ServerParamsKind::Generic => params.issuing_generic(now).is_some(),
            ServerParamsKind::Group => params.issuing_group(now).is_some(),
            ServerParamsKind::Guest => params.issuing_guest(now).is_some(),
            ServerParamsKind::Certificates => params.issuing_certificates(now).is_some(),
        };
        if live { Health::Ok } else { Health::Failing }
    }
}
