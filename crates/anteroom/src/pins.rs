//! Pinned server params in a file.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anteroom_client::{ParamsKind, Pin, PinStore, PinStoreError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::files;

/// The pins of one issuer in a file that may hold those of several.
#[derive(Debug)]
pub(crate) struct PinFile {
    path: PathBuf,
    issuer: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    issuers: BTreeMap<String, Pinned>,
}

/// Public params in base64, the oldest first.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    generic: Vec<String>,
    group: Vec<String>,
}

impl PinFile {
    pub(crate) fn new(path: PathBuf, issuer: &str) -> Self {
        Self {
            path,
            issuer: issuer.to_owned(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Content, PinStoreError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(self.failure("cannot be read", error)),
        };
        serde_json::from_slice(&text).map_err(|error| self.failure("makes no sense", error))
    }

    fn failure(
        &self,
        what: &str,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> PinStoreError {
        PinStoreError::with_source(format!("{} {what}", self.path.display()), error)
    }

    fn parse(&self, kind: ParamsKind, text: &str) -> Result<Pin, PinStoreError> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| self.failure("makes no sense", error))?;
        Pin::from_bytes(kind, &bytes).map_err(|error| self.failure("makes no sense", error))
    }

    /// Keeps other processes from adding at the same time.
    fn lock(&self) -> io::Result<File> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = File::create(self.path.with_added_extension("lock"))?;
        file.lock()?;
        Ok(file)
    }
}

impl PinStore for PinFile {
    fn pins(&self) -> Result<Vec<Pin>, PinStoreError> {
        let content = self.read()?;
        let Some(pinned) = content.issuers.get(&self.issuer) else {
            return Ok(Vec::new());
        };
        let of = |kind, texts: &[String]| -> Result<Vec<Pin>, PinStoreError> {
            texts.iter().map(|text| self.parse(kind, text)).collect()
        };
        let mut pins = of(ParamsKind::Generic, &pinned.generic)?;
        pins.extend(of(ParamsKind::Group, &pinned.group)?);
        Ok(pins)
    }

    fn add(&self, pins: &[Pin]) -> Result<(), PinStoreError> {
        let _lock = self
            .lock()
            .map_err(|error| self.failure("cannot be locked", error))?;
        let mut content = self.read()?;
        let pinned = content.issuers.entry(self.issuer.clone()).or_default();
        for pin in pins {
            let list = match pin.kind() {
                ParamsKind::Generic => &mut pinned.generic,
                ParamsKind::Group => &mut pinned.group,
            };
            let text = STANDARD.encode(pin.as_bytes());
            if !list.contains(&text) {
                list.push(text);
            }
        }
        let text = serde_json::to_vec_pretty(&content)
            .map_err(|error| self.failure("cannot be written", error))?;
        files::replace(&self.path, &text).map_err(|error| self.failure("cannot be written", error))
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{GenericSecretParams, Mode, Randomness};
    use tempfile::TempDir;

    use super::*;

    fn pin(seed: u8) -> Pin {
        let randomness = Randomness::from_bytes([seed; 32]);
        let params = GenericSecretParams::generate(Mode::Standard, randomness);
        Pin::generic(params.public_params())
    }

    fn ids(file: &PinFile) -> Vec<String> {
        let pins = file.pins().unwrap();
        pins.iter().map(|pin| pin.id().to_hex()).collect()
    }

    #[test]
    fn pins_come_back_by_issuer() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("deep/pins.json");
        let one = PinFile::new(path.clone(), "https://one.example/");
        let two = PinFile::new(path, "https://two.example/");
        assert!(one.pins().unwrap().is_empty());
        one.add(&[pin(1)]).unwrap();
        one.add(&[pin(1), pin(2)]).unwrap();
        two.add(&[pin(3)]).unwrap();
        assert_eq!(ids(&one), [pin(1).id().to_hex(), pin(2).id().to_hex()]);
        assert_eq!(ids(&two), [pin(3).id().to_hex()]);
    }

    #[test]
    fn a_damaged_file_is_no_first_use() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("pins.json");
        let file = PinFile::new(path.clone(), "issuer");
        for text in [
            "",
            "{}",
            "[]",
            r#"{"issuers":{"issuer":{"generic":["AA=="],"group":[]}}}"#,
            r#"{"issuers":{"issuer":{"generic":["%"],"group":[]}}}"#,
        ] {
            fs::write(&path, text).unwrap();
            assert!(file.pins().is_err(), "{text:?}");
        }
    }
}
