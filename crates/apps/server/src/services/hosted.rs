//! The two services as the runner sees them.

use anteroom_console::os::OsClock;
use anteroom_http_server::RouteOperation;
use anteroom_runtime::Clock as _;
use anteroom_store::MasterKey;
use axum::Router;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    OpenIssuer, OpenRooms, OpenServices, ServiceContext,
    runner::{HostedService, Slots},
};

use crate::database_explanation::sentence;

impl HostedService for OpenIssuer {
    const NAME: &'static str = "issuer";
    const OPERATIONS: &'static [RouteOperation] = anteroom_issuer::OPERATIONS;
    const INTERNAL_OPERATIONS: &'static [RouteOperation] = &[];

    fn process_router() -> Router {
        Router::new()
    }

    async fn open(
        context: &ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> anyhow::Result<Self> {
        Self::open(context, key, &services.faults, OsClock.now()).await
    }

    async fn publish(&self, context: &ServiceContext, services: &OpenServices, slots: &Slots) {
        // A service opens only once.
        let _ = services.issuer.set(self.watched(&context.settings));
        // The room service must know the params under which the issuer issues.
        if let Err(error) = services.reload_params().await {
            let error = sentence(&error);
            tracing::warn!("the room service does not have the issuer's params yet: {error}");
        }
        slots.public.set(self.router());
    }

    fn start_background(&self, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        self.start_background(stopping)
    }

    async fn close(self) -> anyhow::Result<()> {
        self.close().await
    }
}

impl HostedService for OpenRooms {
    const NAME: &'static str = "room service";
    const OPERATIONS: &'static [RouteOperation] = anteroom_rooms::OPERATIONS;
    const INTERNAL_OPERATIONS: &'static [RouteOperation] = anteroom_rooms::INTERNAL_OPERATIONS;

    fn process_router() -> Router {
        anteroom_rooms::process_router()
    }

    async fn open(
        context: &ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> anyhow::Result<Self> {
        let issuers = match services.issuer.get() {
            Some(issuer) => issuer.params.lock().await.clone(),
            None => Vec::new(),
        };
        Self::open(context, key, &issuers, &services.faults, OsClock.now()).await
    }

    async fn publish(&self, _: &ServiceContext, services: &OpenServices, slots: &Slots) {
        // A service opens only once.
        let _ = services.rooms.set(self.watched());
        slots.internal.set(self.internal_router());
        slots.public.set(self.router());
    }

    fn start_background(&self, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        self.start_background(stopping)
    }

    async fn close(self) -> anyhow::Result<()> {
        self.close().await
    }
}
