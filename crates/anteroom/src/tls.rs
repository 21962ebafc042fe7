//! The certificates of the listeners.

use std::time::Duration;

use anteroom_service::{Tls, TlsFiles};
use anyhow::{Context as _, bail};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::sleep,
};

use crate::settings::{Settings, TlsSection};

/// The interval at which the files are checked.
const EVERY: Duration = Duration::from_secs(60);

/// The certificates of the listeners.
pub(crate) struct Certificates {
    pub(crate) issuer: Option<Tls>,
    pub(crate) rooms: Option<Tls>,
    pub(crate) admin: Option<Tls>,
}

impl Certificates {
    /// Reads the certificates of the listeners that run in this role.
    pub(crate) fn load(settings: &Settings) -> anyhow::Result<Self> {
        let role = settings.role;
        let admin = settings.admin.listen.is_some();
        Ok(Self {
            issuer: load_if(role.issues(), "issuer.tls", &settings.issuer.tls)?,
            rooms: load_if(role.holds_rooms(), "rooms.tls", &settings.rooms.tls)?,
            admin: load_if(admin, "admin.tls", &settings.admin.tls)?,
        })
    }

    /// Checks for new files every minute and at each SIGHUP, which no longer ends the process. The task must
    /// be aborted at the end. Without any certificate no task is started.
    pub(crate) fn watch(&self) -> anyhow::Result<Option<JoinHandle<()>>> {
        let all = [&self.issuer, &self.rooms, &self.admin];
        let all: Vec<Tls> = all.into_iter().flatten().cloned().collect();
        if all.is_empty() {
            return Ok(None);
        }
        let mut hangup = signal(SignalKind::hangup()).context("signals cannot be received")?;
        Ok(Some(tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = sleep(EVERY) => {}
                    _ = hangup.recv() => {}
                }
                for tls in &all {
                    tls.refresh().await;
                }
            }
        })))
    }
}

fn load_if(runs: bool, section: &str, settings: &TlsSection) -> anyhow::Result<Option<Tls>> {
    let files = match (&settings.certificate, &settings.key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        (Some(_), None) => bail!("{section}.certificate needs {section}.key"),
        (None, Some(_)) => bail!("{section}.key needs {section}.certificate"),
    };
    if !runs {
        return Ok(None);
    }
    let tls = Tls::load(files).with_context(|| section.to_owned())?;
    Ok(Some(tls))
}
