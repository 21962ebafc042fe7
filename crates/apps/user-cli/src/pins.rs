//! Pinned server params of users.
//!
//! Pins that apply everywhere are in an unsealed file. Pins that apply in one room alone are in the sealed
//! file of the user's links, since an unsealed file must not contain a room id, least of all beside the
//! issuer's database.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anteroom_client::{ParamsKind, Pin, PinSet, PinStore, PinStoreError};
use anteroom_console::{failure::Failure, files};
use anteroom_protocol::{ParamsId, RoomId};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::links::LinkStore;

/// The version that is written. Version 1 had no number, and no record of the params that issued last;
/// version 2 had no certificates and no params of guests.
const VERSION: u32 = 3;

/// The pins of one issuer.
#[derive(Debug)]
pub(crate) struct UserPins {
    pub(crate) file: PinFile,
    links: LinkStore,
    /// The issuer's name in the file of links.
    issuer: String,
}

/// The pins of one issuer that apply everywhere. The file may contain those of several.
#[derive(Debug)]
pub(crate) struct PinFile {
    path: PathBuf,
    issuer: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default = "first_version")]
    version: u32,
    issuers: BTreeMap<String, IssuerPins>,
}

/// Public params in base64, the oldest first.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerPins {
    generic: Vec<String>,
    group: Vec<String>,
    #[serde(default)]
    certificates: Vec<String>,
    #[serde(default)]
    guest: Vec<String>,
    #[serde(default)]
    issuing: IssuingParamsIds,
}

/// The ids of the params in use at the last request.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuingParamsIds {
    generic: Option<String>,
    group: Option<String>,
    #[serde(default)]
    certificates: Option<String>,
    #[serde(default)]
    guest: Option<String>,
}

const fn first_version() -> u32 {
    1
}

impl Default for Content {
    fn default() -> Self {
        Self {
            version: VERSION,
            issuers: BTreeMap::new(),
        }
    }
}

impl UserPins {
    /// `issuer` is its name in the file of links, which is one for all data directories.
    pub(crate) fn new(file: PinFile, links: LinkStore, issuer: &str) -> Self {
        Self {
            file,
            links,
            issuer: issuer.to_owned(),
        }
    }
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

    fn pins(&self) -> Result<PinSet, PinStoreError> {
        match self.read()?.issuers.get(&self.issuer) {
            Some(pinned) => self.parse(pinned),
            None => Ok(PinSet::default()),
        }
    }

    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError> {
        let _lock =
            files::lock(&self.path).map_err(|error| self.failure("cannot be locked", error))?;
        let mut content = self.read()?;
        let mut pins = match content.issuers.get(&self.issuer) {
            Some(pinned) => self.parse(pinned)?,
            None => PinSet::default(),
        };
        change(&mut pins);
        content.version = VERSION;
        content
            .issuers
            .insert(self.issuer.clone(), IssuerPins::new(&pins));
        let text = serde_json::to_vec_pretty(&content)
            .map_err(|error| self.failure("cannot be written", error))?;
        files::replace(&self.path, &text).map_err(|error| self.failure("cannot be written", error))
    }

    fn read(&self) -> Result<Content, PinStoreError> {
        let text = files::if_there(fs::read(&self.path));
        let Some(text) = text.map_err(|error| self.failure("cannot be read", error))? else {
            return Ok(Content::default());
        };
        let content: Content =
            serde_json::from_slice(&text).map_err(|error| self.failure("makes no sense", error))?;
        if content.version > VERSION {
            let path = self.path.display();
            let what = "a later version of anteroom wrote the file";
            let failure = Failure::failed(what).next("Use that version");
            return Err(PinStoreError::with_source(path.to_string(), failure));
        }
        Ok(content)
    }

    fn parse(&self, pinned: &IssuerPins) -> Result<PinSet, PinStoreError> {
        let kinds = [
            (
                ParamsKind::Generic,
                &pinned.generic,
                &pinned.issuing.generic,
            ),
            (ParamsKind::Group, &pinned.group, &pinned.issuing.group),
            (
                ParamsKind::Certificates,
                &pinned.certificates,
                &pinned.issuing.certificates,
            ),
            (ParamsKind::Guest, &pinned.guest, &pinned.issuing.guest),
        ];
        let mut pins = PinSet::default();
        for (kind, texts, issuing) in kinds {
            for text in texts {
                pins.add(self.parse_pin(kind, text)?);
            }
            if let Some(id) = issuing {
                let id =
                    ParamsId::parse(id).map_err(|error| self.failure("makes no sense", error))?;
                pins.set_issuing(kind, id);
            }
        }
        Ok(pins)
    }

    fn failure(
        &self,
        what: &str,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> PinStoreError {
        PinStoreError::with_source(format!("{} {what}", self.path.display()), error)
    }

    fn parse_pin(&self, kind: ParamsKind, text: &str) -> Result<Pin, PinStoreError> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| self.failure("makes no sense", error))?;
        Pin::from_bytes(kind, &bytes).map_err(|error| self.failure("makes no sense", error))
    }
}

impl IssuerPins {
    fn new(pins: &PinSet) -> Self {
        let of = |kind| {
            let pins = pins.pins().iter().filter(|pin| pin.kind() == kind);
            pins.map(|pin| STANDARD.encode(pin.as_bytes())).collect()
        };
        let issuing = |kind| pins.issuing(kind).map(|id| id.to_hex());
        Self {
            generic: of(ParamsKind::Generic),
            group: of(ParamsKind::Group),
            certificates: of(ParamsKind::Certificates),
            guest: of(ParamsKind::Guest),
            issuing: IssuingParamsIds {
                generic: issuing(ParamsKind::Generic),
                group: issuing(ParamsKind::Group),
                certificates: issuing(ParamsKind::Certificates),
                guest: issuing(ParamsKind::Guest),
            },
        }
    }
}

impl PinStore for UserPins {
    fn pins(&self) -> Result<PinSet, PinStoreError> {
        self.file.pins()
    }

    fn update(&self, change: &mut dyn FnMut(&mut PinSet)) -> Result<(), PinStoreError> {
        self.file.update(change)
    }

    fn room_pins(&self, room: &RoomId) -> Result<Vec<Pin>, PinStoreError> {
        let texts = self.links.room_params(&self.issuer, room);
        let mut pins: Vec<Pin> = Vec::new();
        for text in texts.map_err(of_links)? {
            let bytes = STANDARD.decode(text);
            let bytes = bytes.map_err(|_| PinStoreError::new(DAMAGED))?;
            let pin = Pin::from_bytes(ParamsKind::Generic, &bytes);
            let pin = pin.map_err(|_| PinStoreError::new(DAMAGED))?;
            // Of several pins with one id the first applies.
            if pins.iter().all(|known| known.id() != pin.id()) {
                pins.push(pin);
            }
        }
        Ok(pins)
    }

    fn add_room_pin(&self, room: &RoomId, pin: &Pin) -> Result<(), PinStoreError> {
        let text = STANDARD.encode(pin.as_bytes());
        self.links
            .add_room_params(&self.issuer, room, text)
            .map_err(of_links)
    }
}

const DAMAGED: &str = "params of a room in the file of your links make no sense";

fn of_links(error: anyhow::Error) -> PinStoreError {
    PinStoreError::with_source("those of rooms stand with your links", Failure::of(error))
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
        pins.pins().iter().map(|pin| pin.id().to_hex()).collect()
    }

    fn add(file: &PinFile, pins: &[Pin]) {
        let mut change = |set: &mut PinSet| pins.iter().for_each(|pin| set.add(pin.clone()));
        file.update(&mut change).unwrap();
    }

    #[test]
    fn pins_come_back_by_issuer() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("deep/pins.json");
        let one = PinFile::new(path.clone(), "https://one.example/");
        let two = PinFile::new(path, "https://two.example/");
        assert!(ids(&one).is_empty());
        add(&one, &[pin(1)]);
        add(&one, &[pin(1), pin(2)]);
        add(&two, &[pin(3)]);
        assert_eq!(ids(&one), [pin(1).id().to_hex(), pin(2).id().to_hex()]);
        assert_eq!(ids(&two), [pin(3).id().to_hex()]);
    }

    #[test]
    fn pins_of_guests_and_of_accounts_come_back_apart() {
        let dir = TempDir::new().unwrap();
        let file = PinFile::new(dir.path().join("pins.json"), "issuer");
        let of_guests = Pin::from_bytes(ParamsKind::Guest, pin(2).as_bytes()).unwrap();
        add(&file, &[pin(1), of_guests.clone()]);
        let mut change = |set: &mut PinSet| set.set_issuing(ParamsKind::Guest, of_guests.id());
        file.update(&mut change).unwrap();
        let pins = file.pins().unwrap();
        assert_eq!(pins.pins(), [pin(1), of_guests.clone()]);
        assert_eq!(pins.issuing(ParamsKind::Guest), Some(of_guests.id()));
        assert_eq!(pins.issuing(ParamsKind::Generic), None);
    }

    #[test]
    fn a_file_of_the_first_version_is_read_and_written_anew() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("pins.json");
        let text = STANDARD.encode(pin(1).as_bytes());
        let old = format!(r#"{{"issuers":{{"issuer":{{"generic":["{text}"],"group":[]}}}}}}"#);
        fs::write(&path, old).unwrap();
        let file = PinFile::new(path.clone(), "issuer");
        assert_eq!(ids(&file), [pin(1).id().to_hex()]);
        assert_eq!(file.pins().unwrap().issuing(ParamsKind::Generic), None);
        let mut change = |set: &mut PinSet| set.set_issuing(ParamsKind::Generic, pin(1).id());
        file.update(&mut change).unwrap();
        let pins = file.pins().unwrap();
        assert_eq!(pins.issuing(ParamsKind::Generic), Some(pin(1).id()));
        assert_eq!(ids(&file), [pin(1).id().to_hex()]);
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.contains(r#""version": 3"#), "{written}");
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
            r#"{"issuers":{"issuer":{"generic":[],"group":[],"issuing":{"generic":"1"}}}}"#,
            r#"{"version":4,"issuers":{}}"#,
        ] {
            fs::write(&path, text).unwrap();
            assert!(file.pins().is_err(), "{text:?}");
        }
    }
}
