//! Checks of settings that fail only when a service starts, and of the secrets that they need.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
    listen, os,
};
use anteroom_webhook::{WebhookSecret, check_url};
use anyhow::Context as _;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::finding::Finding;

use crate::{
    descriptors, mail, media, oidc, relays, services,
    settings::{MailTransport, RelayProvider, Settings},
    tls::Certificates,
};

/// Looks at all settings of the role.
pub(super) fn all(settings: &Settings, data: &DataDir, environment: &Environment) -> Vec<Finding> {
    let role = settings.role;
    let mut findings = vec![found(
        "settings",
        general(settings),
        "they make sense",
        "correct the setting that is named",
    )];
    findings.push(found(
        "certificates",
        Certificates::load(settings).map(drop),
        "those of the settings can be used",
        "put the certificate and its key where the settings name them, readable for the service's \
         user",
    ));
    if role.issues() {
        findings.push(mail_settings(settings, environment));
        findings.push(relay_settings(settings, environment));
        if !settings.oidc.issuers.is_empty() {
            findings.push(found(
                "oidc",
                oidc::open_identity(&settings.oidc).map(drop),
                "the settings make sense",
                "correct the setting of [oidc] that is named",
            ));
        }
    }
    if role.holds_rooms() {
        findings.push(found(
            "rooms",
            services::check_room_settings(&settings.rooms, environment),
            "the settings make sense",
            "correct the setting of [rooms] that is named",
        ));
        findings.extend(media_settings(settings));
    }
    findings.extend(webhook(settings, environment));
    findings.extend(spools(settings, data));
    findings.extend(public_urls(settings));
    findings
}

fn found(
    check: &'static str,
    outcome: anyhow::Result<()>,
    ok: &'static str,
    next: &'static str,
) -> Finding {
    match outcome {
        Ok(()) => Finding::ok(check, ok),
        Err(error) => Finding::of_error(check, &error, next),
    }
}

fn general(settings: &Settings) -> anyhow::Result<()> {
    settings.keys.every()?;
    settings.http.trusted_proxies()?;
    settings.program_page()?;
    let events = &settings.events;
    if settings.role.issues() {
        services::check_hash_cost(settings)?;
        event_file(events.file.as_deref())?;
    }
    if settings.role.holds_rooms() {
        event_file(events.rooms_file.as_deref())?;
    }
    descriptors::fit(settings, os::raise_file_limit()).map(drop)
}

/// Checks that an event file can be written, or created if it does not exist. Creates nothing.
fn event_file(path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let may = |place: &Path, rights| {
        accessat(CWD, place, rights, AtFlags::EACCESS).map_err(io::Error::from)
    };
    let opened = match path.metadata() {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(_) => may(path, Access::WRITE_OK),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new("."));
            may(folder, Access::WRITE_OK | Access::EXEC_OK)
        }
        Err(error) => Err(error),
    };
    opened.with_context(|| format!("the event file {} cannot be opened", path.display()))
}

fn mail_settings(settings: &Settings, environment: &Environment) -> Finding {
    let mail = &settings.mail;
    if mail.transport == MailTransport::Off {
        return Finding::warning(
            "mail",
            "mails are off: nobody can sign up or reset a password",
            "set mail.transport, if people are to do so",
        );
    }
    found(
        "mail",
        mail::check(mail, environment),
        "the settings make sense",
        "correct the setting of [mail] that is named",
    )
}

fn media_settings(settings: &Settings) -> Vec<Finding> {
    if !settings.carries_media() {
        let what = "they are off: calls of this process are without sound and picture";
        return vec![Finding::skipped("media", what)];
    }
    let checked = found(
        "media",
        media::check(&settings.media),
        "the settings make sense",
        "correct the setting of [media] that is named",
    );
    let lack = media::reach_lack(settings);
    let lack = lack.map(|lack| Finding::warning("media", lack.what, lack.next));
    [checked].into_iter().chain(lack).collect()
}

fn relay_settings(settings: &Settings, environment: &Environment) -> Finding {
    if settings.relays.provider == RelayProvider::None && settings.relay_experiment.percent == 0 {
        return Finding::skipped("relays", "none are configured");
    }
    found(
        "relays",
        relays::open_relays(settings, environment).map(drop),
        "the settings make sense",
        "correct the setting of [relays] that is named",
    )
}

/// Looks at the folders in which events wait for the webhook. Nothing is made.
fn spools(settings: &Settings, data: &DataDir) -> Vec<Finding> {
    let webhook = &settings.events.webhook;
    let issuers = (settings.role.issues() && webhook.url.is_some()).then(|| data.issuer_webhook());
    let is_of_rooms = settings.role.holds_rooms() && webhook.rooms_url.is_some();
    let of_rooms = is_of_rooms.then(|| data.rooms_webhook());
    let check = |folder: PathBuf| {
        let shown = folder.display();
        // Without the folder, the start makes it where it makes the rest of the data.
        if folder.symlink_metadata().is_err() {
            return None;
        }
        let usable = folder_access(&folder).and_then(|()| fs::read_dir(&folder).map(drop));
        let why = usable.err()?;
        Some(Finding::problem(
            "webhook",
            format!("events cannot wait for the webhook in {shown}: {why}"),
            format!("make {shown} a folder of the service's user, with the rights 700"),
        ))
    };
    issuers
        .into_iter()
        .chain(of_rooms)
        .filter_map(check)
        .collect()
}

/// Whether files can be made in a folder.
fn folder_access(folder: &Path) -> io::Result<()> {
    if !folder.metadata()?.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    let rights = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    Ok(accessat(CWD, folder, rights, AtFlags::EACCESS)?)
}

fn webhook(settings: &Settings, environment: &Environment) -> Option<Finding> {
    let webhook = &settings.events.webhook;
    let of_issuer = ("events.webhook.url", &webhook.url);
    let of_rooms = ("events.webhook.rooms_url", &webhook.rooms_url);
    let urls: Vec<(&str, &String)> = [
        (settings.role.issues(), of_issuer),
        (settings.role.holds_rooms(), of_rooms),
    ]
    .into_iter()
    .filter(|(runs, _)| *runs)
    .filter_map(|(_, (setting, url))| Some((setting, url.as_ref()?)))
    .collect();
    if urls.is_empty() {
        return None;
    }
    let usable = || {
        // The URL itself may hold a password.
        for (setting, url) in &urls {
            check_url(url).with_context(|| (*setting).to_owned())?;
        }
        let secret = environment.secret(
            environment::WEBHOOK_SECRET,
            environment::WEBHOOK_SECRET_FILE,
        )?;
        let secret = secret.context("events.webhook needs a secret")?;
        WebhookSecret::new(secret).context("events.webhook")?;
        Ok(())
    };
    Some(found(
        "webhook",
        usable(),
        "there is a secret, and the URL makes sense",
        "correct the URL in [events.webhook], or name a file with the secret in \
         ANTEROOM_WEBHOOK_SECRET_FILE",
    ))
}

/// Checks public URLs without a request.
fn public_urls(settings: &Settings) -> Vec<Finding> {
    let role = settings.role;
    let mut findings = Vec::new();
    for (runs, name, url, has_certificate) in [
        (
            role.issues(),
            "issuer.public_url",
            &settings.issuer.public_url,
            settings.issuer.tls.certificate.is_some(),
        ),
        (
            role.holds_rooms(),
            "rooms.public_url",
            &settings.rooms.public_url,
            settings.rooms.tls.certificate.is_some(),
        ),
    ] {
        let Some(url) = url.as_deref().filter(|_| runs) else {
            continue;
        };
        if listen::is_only_here(url) {
            findings.push(Finding::warning(
                "public URL",
                format!("{name} is {url}, which nobody on another machine reaches"),
                format!("set {name} to the URL under which people reach the service"),
            ));
        }
        let has_proxy = url.starts_with("https://") && !has_certificate;
        if has_proxy && settings.http.trusted_proxies.is_empty() {
            findings.push(Finding::warning(
                "proxy",
                format!(
                    "{name} is encrypted by a proxy, and http.trusted_proxies names none: all \
                     clients share the limits of the proxy's address"
                ),
                "set http.trusted_proxies to the address of the proxy",
            ));
        }
    }
    findings
}
