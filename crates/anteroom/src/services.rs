//! The two services as they run: opened, listening, stopped.

mod issuer;
mod rooms;

use std::{net::SocketAddr, path::Path, sync::Arc};

use anteroom_service::{
    Dependency, Drained, EventQueue, EventSink, FanOut, ListenerSettings, NoEvents,
};
use anyhow::Context as _;
use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub(crate) use self::{issuer::IssuerService, rooms::RoomsService};
use crate::settings::EventSettings;

/// Where a service's events go.
pub(crate) struct Events(Vec<Arc<EventQueue>>);

impl Events {
    pub(crate) fn open(settings: &EventSettings, file: Option<&Path>) -> anyhow::Result<Self> {
        let mut queues = Vec::new();
        if settings.stdout {
            queues.push(Arc::new(EventQueue::stdout(settings.queue)?));
        }
        if let Some(path) = file {
            let queue = EventQueue::file(path, settings.queue)
                .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
            queues.push(Arc::new(queue));
        }
        Ok(Self(queues))
    }

    fn sink(&self) -> Arc<dyn EventSink> {
        if self.0.is_empty() {
            return Arc::new(NoEvents);
        }
        let sinks = self
            .0
            .iter()
            .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>);
        Arc::new(FanOut::new(sinks.collect()))
    }

    fn dependencies(&self) -> Vec<Arc<dyn Dependency>> {
        self.0
            .iter()
            .map(|queue| Arc::clone(queue) as Arc<dyn Dependency>)
            .collect()
    }

    async fn close(self) -> anyhow::Result<()> {
        // Closing waits for the sink.
        tokio::task::spawn_blocking(move || {
            for queue in &self.0 {
                queue.close();
                let dropped = queue.dropped();
                if dropped > 0 {
                    tracing::warn!(dropped, "events were dropped: their sink was too slow");
                }
            }
        })
        .await?;
        Ok(())
    }
}

/// A listener that answers until it is told to stop.
pub(crate) struct Serving(JoinHandle<Drained>);

impl Serving {
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        settings: impl Into<ListenerSettings>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self(tokio::spawn(anteroom_service::serve(
            listener,
            router,
            settings.into(),
            stopped(stopping),
        )))
    }

    /// Waits for the requests in flight.
    pub(crate) async fn drained(self) -> anyhow::Result<()> {
        if let Drained::Cut(requests) = self.0.await? {
            tracing::warn!(
                requests,
                "requests were cut off: they took too long to finish"
            );
        }
        Ok(())
    }
}

pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Without the sender there is nothing more to wait for.
    let _ = stopping.wait_for(|stop| *stop).await;
}
