//! The ports that the services listen on.

use super::Finding;
use crate::{
    data_dir::DataDir,
    services::bind,
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
    // All ports stay bound until the last one is checked, so that two equal ports are a problem.
    let mut taken = Vec::new();
    for (setting, address) in wanted {
        let Some(address) = address else { continue };
        match bind(address, setting).await {
            Ok(listener) => {
                findings.push(Finding::ok(
                    "ports",
                    format!("{setting}: {address} is free"),
                ));
                taken.push(listener);
            }
            Err(error) => findings.push(Finding::problem(
                "ports",
                format!("{setting}: {error:#}"),
                format!(
                    "set {setting} to an address of this machine with a free port, or end the \
                     program that has it"
                ),
            )),
        }
    }
    findings
}
