//! The status for people.

use std::fmt::Write as _;

use anteroom_console::terminal::{day, plain};
use anteroom_protocol::Timestamp;
use anteroom_server::disk::{Disk, LEAST_SPACE};

use super::{database::DatabaseStatus, report::StatusReport, service::ServiceStatus};

const MIB: u64 = 1024 * 1024;

/// Returns the whole status.
pub(super) fn of(report: &StatusReport, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<9}  {value}");
    };
    line("version", &version(report));
    line("data", &report.data);
    let configuration = report.configuration.as_deref();
    line(
        "settings",
        configuration.unwrap_or("no file: defaults and variables"),
    );
    if let Some(disk) = &report.disk {
        line("disk", &disk_text(disk));
    }
    for service in &report.services {
        line(service.service, &service_text(service));
    }
    for database in &report.databases {
        database_lines(database, &mut line, now);
    }
    let mail = match &report.mail.server {
        Some(server) => format!("{} over {}", word(&report.mail.transport), plain(server)),
        None => word(&report.mail.transport),
    };
    line("mail", &mail);
    let relays = match &report.relays.host {
        Some(host) => format!("{} at {}", word(&report.relays.provider), plain(host)),
        None => word(&report.relays.provider),
    };
    line("relays", &relays);
    for (service, waiting) in [
        ("issuer", report.events.issuer_waiting),
        ("rooms", report.events.rooms_waiting),
    ] {
        if let Some(waiting) = waiting {
            line(
                "queue",
                &format!("events of {service} that wait for the webhook: {waiting}"),
            );
        }
    }
    text
}

/// Returns the space of a disk, which may be smaller than one MiB.
fn disk_text(disk: &Disk) -> String {
    let space = |bytes: u64| {
        if bytes < 10 * MIB {
            format!("{} KiB", bytes / 1024)
        } else {
            format!("{} MiB", bytes / MIB)
        }
    };
    let text = format!("{} of {} are free", space(disk.free), space(disk.size));
    if disk.free < LEAST_SPACE {
        return format!("full: {text}. Free space, or changes are refused");
    }
    text
}

fn version(report: &StatusReport) -> String {
    match &report.running_version {
        Some(running) if running != report.version => format!(
            "{}; the services run {}: restart them",
            report.version,
            plain(running)
        ),
        _ => report.version.to_owned(),
    }
}

fn service_text(service: &ServiceStatus) -> String {
    let mut text = service.state.to_owned();
    if service.state == "silent" {
        text.push_str(" (it does not answer: see anteroom doctor)");
    }
    if let Some(url) = &service.listens {
        let _ = write!(text, ", listens on {}", plain(url));
    }
    if let Some(url) = &service.public {
        let _ = write!(text, ", public URL {}", plain(url));
    }
    if let Some(health) = &service.health {
        let _ = write!(text, ", health {}", word(health));
    }
    for (name, health) in &service.dependencies {
        if *health != anteroom_runtime::Health::Ok {
            let _ = write!(text, ", {} {}", plain(name), word(health));
        }
    }
    text
}

fn database_lines(database: &DatabaseStatus, line: &mut impl FnMut(&str, &str), now: Timestamp) {
    let rows: Vec<String> = database
        .rows
        .iter()
        .map(|(name, number)| format!("{} {number}", spaced(name)))
        .collect();
    let name = format!("{}.db", database.service);
    let size = database.size / 1024;
    line(&name, &format!("{size} KiB; {}", rows.join(", ")));
    let keys: Vec<String> = database
        .keys
        .iter()
        .map(|key| format!("{} {} days", key.kind, key.age_days))
        .collect();
    line("  keys", &format!("age of {}", keys.join(", ")));
    for params in &database.server_params {
        let since = Timestamp::from_secs(params.not_before);
        let begins = if now < since { "issue from" } else { "since" };
        let mut value = format!("{} {} {begins} {}", params.kind, params.id, day(since));
        if let Some(end) = params.not_after {
            let _ = write!(value, ", good until {}", day(Timestamp::from_secs(end)));
        }
        line("  params", &value);
    }
}

/// Converts a name such as `liveCalls` to `live calls`.
fn spaced(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

/// Returns a value's name in JSON.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
