//! The stateful hash object, in both flavours.

use anteroom_sigma::{Flavour, Sho};
use serde::Deserialize;

use super::check::{Check, Hex, Mismatch};

/// A sequence of inputs, with the outputs of both flavours.
#[derive(Deserialize)]
pub(super) struct Entry {
    label: String,
    absorb_and_ratchet: Vec<Hex>,
    squeeze_lengths: Vec<usize>,
    hmac_sha256: Vec<Hex>,
    sha256: Vec<Hex>,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let label = entry.label.as_bytes();
    flavour(
        "hmac_sha256",
        Sho::new(label),
        entry,
        &entry.hmac_sha256,
        check,
    )?;
    flavour("sha256", Sho::plain(label), entry, &entry.sha256, check)
}

fn flavour<F: Flavour>(
    field: &str,
    mut sho: Sho<F>,
    entry: &Entry,
    outputs: &[Hex],
    check: &mut Check,
) -> Result<(), Mismatch> {
    check.equal(field, &outputs.len(), &entry.squeeze_lengths.len())?;
    for input in &entry.absorb_and_ratchet {
        sho.absorb_and_ratchet(&input.0);
    }
    for (index, (length, expected)) in entry.squeeze_lengths.iter().zip(outputs).enumerate() {
        let mut output = vec![0; *length];
        sho.squeeze(&mut output);
        check.bytes(&format!("{field}[{index}]"), &output, expected)?;
    }
    Ok(())
}
