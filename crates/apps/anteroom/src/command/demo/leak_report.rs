//! The secrets in the files of each service: a search of their raw bytes.

use std::collections::BTreeMap;

use anteroom_console::terminal::print;
use anyhow::bail;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use zeroize::Zeroizing;

use super::services::Files;

/// A value in all its possible encodings.
pub(super) struct SearchedSecret {
    label: &'static str,
    forms: Vec<Zeroizing<Vec<u8>>>,
}

impl SearchedSecret {
    /// Returns the forms of bytes: raw, as hex, and as base64 at any offset.
    pub(super) fn bytes(label: &'static str, bytes: &[u8]) -> Self {
        let hex = hex(bytes);
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes()];
        forms.push(hex.into_bytes());
        for before in 0..3 {
            let padded = [&vec![0; before][..], bytes].concat();
            let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            for engine in [STANDARD, URL_SAFE] {
                let text = engine.encode(&padded).into_bytes();
                forms.extend(text.get(first..end).map(<[u8]>::to_vec));
            }
        }
        Self {
            label,
            forms: forms.into_iter().map(Zeroizing::new).collect(),
        }
    }

    pub(super) fn text(label: &'static str, text: &str) -> Self {
        Self::bytes(label, text.as_bytes())
    }

    /// Returns a UUID: also with its hyphens.
    pub(super) fn id(label: &'static str, bytes: &[u8; 16]) -> Self {
        let mut secret = Self::bytes(label, bytes);
        let mut text = hex(bytes);
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
        secret.forms.push(Zeroizing::new(text.into_bytes()));
        secret
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| {
            bytes
                .windows(form.len())
                .any(|part| part == form.as_slice())
        })
    }
}

/// For every kind of secret, whether each of the six files contains it.
pub(super) struct LeakReport {
    found: Vec<(&'static str, [bool; 6])>,
    sizes: [usize; 6],
    events: [BTreeMap<String, usize>; 2],
}

impl LeakReport {
    pub(super) fn search(files: &Files, secrets: &[SearchedSecret]) -> anyhow::Result<Self> {
        let (issuer, rooms) = (&files.issuer, &files.rooms);
        let places = [
            &issuer.database,
            &issuer.log,
            &issuer.events,
            &rooms.database,
            &rooms.log,
            &rooms.events,
        ];
        // A search of an empty file would prove nothing.
        if places.iter().any(|bytes| bytes.is_empty()) {
            bail!("a service has written nothing into one of its files");
        }
        let mut found: Vec<(&'static str, [bool; 6])> = Vec::new();
        for secret in secrets {
            let here = places.map(|bytes| secret.is_in(bytes));
            match found.iter_mut().find(|(label, _)| *label == secret.label) {
                Some((_, known)) => {
                    for (known, here) in known.iter_mut().zip(here) {
                        *known |= here;
                    }
                }
                None => found.push((secret.label, here)),
            }
        }
        Ok(Self {
            found,
            sizes: places.map(Vec::len),
            events: [&issuer.events, &rooms.events].map(|events| count_events(events)),
        })
    }

    pub(super) fn show(&self) -> anyhow::Result<()> {
        print("What the raw bytes of both services' files hold of it:")?;
        print("")?;
        print("                              ISSUER                  ROOM SERVICE")?;
        print("                              database  log   events  database  log   events")?;
        for (label, found) in &self.found {
            let [a, b, c, d, e, f] = found.map(|found| if found { "YES" } else { "no" });
            print(&format!(
                "  {label:<26}  {a:<8}  {b:<4}  {c:<6}  {d:<8}  {e:<4}  {f}"
            ))?;
        }
        let [a, b, c, d, e, f] = self.sizes.map(|size| format!("{}k", size.div_ceil(1024)));
        print(&format!(
            "  {:<26}  {a:<8}  {b:<4}  {c:<6}  {d:<8}  {e:<4}  {f}",
            "(searched)"
        ))?;
        print("")?;
        let [issuer, rooms] = &self.events;
        print("What they know. The issuer: that three accounts, under pseudonyms, asked,")?;
        print("each for the same, before there was a room:")?;
        print(&format!("  {}", summary(issuer)))?;
        print("The room service: that in one room, under pseudonyms of its own, there was")?;
        print(&format!("  {}", summary(rooms)))?;
        print("Nothing in the one says which of the other it belongs to, and no time does.")
    }

    /// Checks that no secret was found.
    ///
    /// # Errors
    /// A file contains a secret that its service must not know.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        for (label, found) in &self.found {
            if found.contains(&true) {
                bail!("{label} were found in a service's files");
            }
        }
        Ok(())
    }
}

fn count_events(lines: &[u8]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let event: Option<serde_json::Value> = serde_json::from_slice(line).ok();
        let name = event
            .as_ref()
            .and_then(|event| event.get("event")?.as_str());
        if let Some(name) = name {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn summary(events: &BTreeMap<String, usize>) -> String {
    let parts: Vec<String> = events
        .iter()
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    parts.join(", ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let value: Vec<u8> = (100..116).collect();
        let id: [u8; 16] = value.clone().try_into().unwrap();
        let secret = SearchedSecret::id("id", &id);
        let inside = [b"xx".as_slice(), &value, b"yyy"].concat();
        for place in [
            inside.clone(),
            format!("a{}b", hex(&value)).into_bytes(),
            hex(&value).to_uppercase().into_bytes(),
            STANDARD.encode(&inside).into_bytes(),
            STANDARD.encode(&inside[1..]).into_bytes(),
            URL_SAFE.encode(&inside[2..]).into_bytes(),
            b"64656667-6869-6a6b-6c6d-6e6f70717273".to_vec(),
        ] {
            assert!(secret.is_in(&place), "{}", String::from_utf8_lossy(&place));
        }
        assert!(!secret.is_in(b"something else"));
    }
}
