//! The waits of a session's task.

use std::future;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Returns at a moment, never without one.
pub(super) async fn moment(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => future::pending().await,
    }
}

/// Returns when the session is to stop.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the session was dropped, which stops the task too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
