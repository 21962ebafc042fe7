//! The certificates of the listeners.

use std::{io::ErrorKind, time::Duration};

use anteroom_console::failure::Failure;
use anteroom_http_server::{Tls, TlsError, TlsFiles};
use anteroom_runtime::spawn_task;
use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::sleep,
};

use crate::settings::{Settings, TlsSettings};

/// The interval at which the files are checked.
const EVERY: Duration = Duration::from_secs(60);

/// The certificates of the listeners.
pub(crate) struct Certificates {
    pub issuer: Option<Tls>,
    pub rooms: Option<Tls>,
    pub admin: Option<Tls>,
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
        Ok(Some(spawn_task("certificate-reload", async move {
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

fn load_if(runs: bool, section: &str, settings: &TlsSettings) -> anyhow::Result<Option<Tls>> {
    let files = match (&settings.certificate, &settings.key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        (Some(_), None) => return Err(alone(section, "certificate", "key").into()),
        (None, Some(_)) => return Err(alone(section, "key", "certificate").into()),
    };
    if !runs {
        return Ok(None);
    }
    let tls = Tls::load(files.clone()).map_err(|error| unusable(section, &files, error))?;
    Ok(Some(tls))
}

fn alone(section: &str, set: &str, missing: &str) -> Failure {
    let what = format!("{section}.{set} needs {section}.{missing}");
    Failure::new("setting_invalid", what)
        .next(format!("Set {section}.{missing} too, or neither of them"))
}

fn unusable(section: &str, files: &TlsFiles, error: TlsError) -> Failure {
    let (setting, next) = match &error {
        TlsError::Unreadable { path, kind } => {
            let member = if *path == files.key {
                "key"
            } else {
                "certificate"
            };
            let next = match kind {
                ErrorKind::NotFound => "Put the file there, or correct the path",
                _ => "Make the file readable for the user of the service",
            };
            (member, next)
        }
        TlsError::NoCertificate(_) => (
            "certificate",
            "Name a PEM file with the certificate, and after it those that lead to its authority",
        ),
        TlsError::NoKey(_) => ("key", "Name the PEM file with the key of the certificate"),
        _ => ("key", "Name the key that the certificate was made for"),
    };
    Failure::new(
        "setting_invalid",
        format!("{section}.{setting} cannot be used"),
    )
    .with_reason(error)
    .next(next)
}
