//! The ports that the services listen on.

use super::finding::Finding;
use anteroom_console::data_dir::DataDir;

use crate::{
    media::{self, OpenMedia},
    services::OwnAddresses,
    settings::{ListenAddress, Settings},
};

/// Checks that the ports are free. Running services occupy them already.
pub(super) async fn all(settings: &Settings, data: &DataDir) -> Vec<Finding> {
    if data.is_in_use() {
        return vec![Finding::ok("ports", "the services run and have theirs")];
    }
    let role = settings.role;
    let rooms = Some(&settings.rooms).filter(|_| role.holds_rooms());
    let wanted: [(&str, Option<&ListenAddress>); 4] = [
        (
            "issuer.listen",
            Some(&settings.issuer.listen).filter(|_| role.issues()),
        ),
        ("rooms.listen", rooms.map(|rooms| &rooms.listen)),
        (
            "rooms.internal_listen",
            rooms.and_then(|rooms| rooms.internal_listen.as_ref()),
        ),
        ("admin.listen", settings.admin.listen.as_ref()),
    ];
    let mut findings = Vec::new();
    // All are held until the last one: two that are the same are none that can be had.
    let (mut bound, mut own) = (Vec::new(), OwnAddresses::default());
    for (setting, address) in wanted {
        let Some(address) = address else { continue };
        match own.bind(address, setting).await {
            Ok(listener) => {
                findings.push(Finding::ok(
                    "ports",
                    format!("{setting}: {address} is free"),
                ));
                bound.push(listener);
            }
            Err(failure) => findings.push(Finding::problem(
                "ports",
                format!("{setting}: {:#}", anyhow::Error::from(failure)),
                format!(
                    "set {setting} to an address of this machine with a free port, or end the \
                     program that has it"
                ),
            )),
        }
    }
    match OpenMedia::start(settings, &own) {
        Ok(None) => {}
        Ok(Some(_)) => findings.push(Finding::ok(
            "ports",
            format!("media.port: {} are free", media::ports(&settings.media)),
        )),
        Err(failure) => findings.push(Finding::of_error(
            "ports",
            &failure,
            "set media.port to another port, or end the program that has it",
        )),
    }
    findings
}
