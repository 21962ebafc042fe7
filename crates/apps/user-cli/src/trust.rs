//! `anteroom keys trust`: public server params through another channel than the issuer.

use std::{fs::File, io::Read as _, path::Path};

use anteroom_client::{ParamsKind, Pin, PinStore as _};
use anteroom_console::{
    context::Context,
    failure::Failure,
    public_params::{PublicParams, PublicParamsFile},
    terminal::day,
};
use anteroom_protocol::{ParamsId, Timestamp};
use anyhow::{Context as _, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::session::IssuerTarget;

/// The maximum length of a file of params, in bytes.
const LONGEST: u64 = 1 << 20;

/// Pins the params of a file that `anteroom keys export-public` wrote.
pub fn run(file: &Path, issuer: Option<&str>, context: &Context) -> anyhow::Result<()> {
    let pins = IssuerTarget::find(issuer, context)?.pins;
    let published = read(file)?;
    let known = pins.pins()?;
    let mut added: Vec<(Pin, Timestamp)> = Vec::new();
    let (known_kinds, others): (Vec<_>, Vec<_>) = published
        .params
        .iter()
        .partition(|entry| kind(entry).is_some());
    if known_kinds.is_empty() && !others.is_empty() {
        bail!("{} has no params of a known kind", file.display());
    }
    for PublicParams { kind, id, .. } in others {
        tracing::warn!("the params {id:?} are left out: this version knows no kind {kind:?}");
    }
    for entry in known_kinds {
        let pin = pin(entry).with_context(|| format!("{} makes no sense", file.display()))?;
        let is_impostor = |known: &&Pin| known.kind() == pin.kind() && known.id() == pin.id();
        match known.pins().iter().find(is_impostor) {
            Some(same) if *same == pin => {}
            Some(_) => bail!("the params {} are pinned with another key", pin.id()),
            None => added.push((pin, Timestamp::from_secs(entry.not_before))),
        }
    }
    let new: Vec<Pin> = added.iter().map(|(pin, _)| pin.clone()).collect();
    if !new.is_empty() {
        pins.add(&new)?;
    }
    let report = |(pin, not_before): &(Pin, Timestamp)| {
        let (id, kind) = (pin.id().to_hex(), pin.kind().as_str());
        json!({ "id": id, "kind": kind, "notBefore": not_before.as_secs() })
    };
    let line = |(pin, not_before): &(Pin, Timestamp)| {
        let (kind, id, day) = (pin.kind(), pin.id(), day(*not_before));
        format!("Pinned {kind} params {id}, which issue from {day} on")
    };
    let text = match added.as_slice() {
        [] => "All of these params are pinned already.".to_owned(),
        added => added.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    let pinned: Vec<_> = added.iter().map(report).collect();
    context.show(&json!({ "pinned": pinned }), &text)
}

fn read(file: &Path) -> anyhow::Result<PublicParamsFile> {
    let mut text = Vec::new();
    File::open(file)
        .and_then(|open| open.take(LONGEST).read_to_end(&mut text))
        .with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_slice(&text).map_err(|_| {
        let what = format!(
            "{} is no file of `anteroom keys export-public`",
            file.display()
        );
        Failure::failed(what)
            .next("Name the file that `anteroom keys export-public` wrote")
            .into()
    })
}

fn kind(entry: &PublicParams) -> Option<ParamsKind> {
    let mut kinds = ParamsKind::ALL.into_iter();
    kinds.find(|kind| kind.as_str() == entry.kind)
}

fn pin(entry: &PublicParams) -> anyhow::Result<Pin> {
    let kind = kind(entry).context("params are of no known kind")?;
    let bytes = STANDARD
        .decode(&entry.public_params)
        .map_err(|_| anyhow!("a key is not base64"))?;
    let pin = Pin::from_bytes(kind, &bytes).map_err(|_| anyhow!("a key does not parse"))?;
    if ParamsId::parse(&entry.id) != Ok(pin.id()) {
        bail!("a key has another id");
    }
    Ok(pin)
}
