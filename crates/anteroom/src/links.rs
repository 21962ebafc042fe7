//! The links a user is an admin of, with their passkeys, in a sealed file.
//!
//! The file is AES-256-GCM-SIV over JSON: `format line || nonce (12 bytes) || ciphertext || tag`,
//! with the format line as associated data. Its key is a file of its own, beside it unless
//! `ANTEROOM_LINKS_KEY_FILE` names another place: what is copied or synchronised without the key
//! cannot be read.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_protocol::{AdminPasskey, CallLink, RoomId, RootKey, Timestamp};
use anyhow::{Context as _, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    environment::{self, Environment},
    files, os,
    session::user_directory,
};

const FORMAT: &[u8] = b"anteroom links 1\n";
const NONCE_LENGTH: usize = 12;
const KEY_LENGTH: usize = 32;
/// Hex digits of the room id that make a short name.
const SHORT_NAME_LENGTH: usize = 8;

/// The file and its key.
pub(crate) struct LinkStore {
    path: PathBuf,
    key_path: PathBuf,
}

/// A link with what makes the user an admin of it.
#[derive(Clone)]
pub(crate) struct OwnLink {
    pub(crate) link: CallLink,
    pub(crate) passkey: AdminPasskey,
    /// The room service, if it was named; else the one that serves the data directory.
    pub(crate) rooms: Option<String>,
    /// The name, as it was set last from here.
    pub(crate) name: Option<String>,
    /// When it was created here, or imported.
    pub(crate) created: Timestamp,
}

/// Holds secrets: there is no `Debug`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    links: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    link: String,
    passkey: String,
    rooms: Option<String>,
    name: Option<String>,
    created: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.link.zeroize();
        self.passkey.zeroize();
    }
}

/// By which a user may call a link of theirs: it lets nobody in.
pub(crate) fn short_name(room: &RoomId) -> String {
    let mut name = room.to_hex();
    name.truncate(SHORT_NAME_LENGTH);
    name
}

impl LinkStore {
    pub(crate) fn of_user(environment: &Environment) -> anyhow::Result<Self> {
        let directory = user_directory()?;
        let key_path = match environment.text(environment::LINKS_KEY_FILE)? {
            Some(path) => PathBuf::from(path.as_str()),
            None => directory.join("links.key"),
        };
        Ok(Self {
            path: directory.join("links.sealed"),
            key_path,
        })
    }

    /// All links, the oldest first.
    pub(crate) fn links(&self) -> anyhow::Result<Vec<OwnLink>> {
        let content = self.read()?;
        content
            .links
            .iter()
            .map(Entry::parse)
            .collect::<anyhow::Result<_>>()
            .with_context(|| self.complaint("makes no sense"))
    }

    /// The link of a room.
    pub(crate) fn find(&self, key: &RootKey) -> anyhow::Result<Option<OwnLink>> {
        let room = key.room_id();
        let mut links = self.links()?.into_iter();
        Ok(links.find(|own| own.link.root_key.room_id() == room))
    }

    /// The only link whose short name starts like this.
    pub(crate) fn by_name(&self, name: &str) -> anyhow::Result<Option<OwnLink>> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let name = name.to_ascii_lowercase();
        let mut matching = self
            .links()?
            .into_iter()
            .filter(|own| own.link.root_key.room_id().to_hex().starts_with(&name));
        match (matching.next(), matching.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => bail!("several links of yours are called {name}: write more of it"),
        }
    }

    /// Keeps a link, in the place of what was kept for its room before.
    pub(crate) fn keep(&self, own: &OwnLink) -> anyhow::Result<()> {
        self.change(&own.link.root_key, Some(own))
    }

    /// Forgets a room's link.
    pub(crate) fn forget(&self, key: &RootKey) -> anyhow::Result<()> {
        self.change(key, None)
    }

    fn change(&self, key: &RootKey, own: Option<&OwnLink>) -> anyhow::Result<()> {
        let _lock = self
            .lock()
            .with_context(|| self.complaint("cannot be locked"))?;
        let room = key.room_id();
        let mut content = self.read()?;
        content.links.retain(|entry| {
            Entry::parse(entry).is_ok_and(|known| known.link.root_key.room_id() != room)
        });
        content.links.extend(own.map(Entry::new));
        self.write(&content)
    }

    fn read(&self) -> anyhow::Result<Content> {
        let sealed = match fs::read(&self.path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(error).with_context(|| self.complaint("cannot be read")),
        };
        let damaged = || anyhow!(self.complaint("is damaged, or its key is another one"));
        let (nonce, ciphertext) = sealed
            .strip_prefix(FORMAT)
            .and_then(|rest| rest.split_first_chunk::<NONCE_LENGTH>())
            .ok_or_else(damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: FORMAT,
        };
        let text = self
            .cipher(false)?
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| damaged())?;
        serde_json::from_slice(&text).map_err(|_| damaged())
    }

    fn write(&self, content: &Content) -> anyhow::Result<()> {
        let cipher = self.cipher(true)?;
        let text = Zeroizing::new(serde_json::to_vec(content)?);
        let mut nonce = [0; NONCE_LENGTH];
        os::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: &text,
            aad: FORMAT,
        };
        let ciphertext = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| anyhow!("the links cannot be sealed"))?;
        let sealed = [FORMAT, &nonce, &ciphertext].concat();
        files::replace(&self.path, &sealed).with_context(|| self.complaint("cannot be written"))
    }

    /// The key; made if it is missing and `make` is given, but never over links that are there.
    fn cipher(&self, make: bool) -> anyhow::Result<Aes256GcmSiv> {
        let shown = self.key_path.display();
        let text = match fs::read_to_string(&self.key_path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !make || self.path.exists() {
                    bail!(
                        "the key {shown} of your links is missing: put it back, or name it with {}",
                        environment::LINKS_KEY_FILE
                    );
                }
                self.make_key()?
            }
            Err(error) => {
                return Err(error).with_context(|| format!("the key {shown} cannot be read"));
            }
        };
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let key: &[u8; KEY_LENGTH] = bytes
            .as_ref()
            .ok()
            .and_then(|bytes| bytes.as_slice().try_into().ok())
            .with_context(|| format!("{shown} is no key of 32 bytes in base64"))?;
        Ok(Aes256GcmSiv::new(key.into()))
    }

    fn make_key(&self) -> anyhow::Result<Zeroizing<String>> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        os::rng().fill_bytes(&mut *key);
        let text = Zeroizing::new(STANDARD.encode(*key) + "\n");
        files::create(&self.key_path, text.as_bytes())
            .with_context(|| format!("the key {} cannot be written", self.key_path.display()))?;
        Ok(text)
    }

    /// Keeps other processes from changing the file at the same time.
    fn lock(&self) -> io::Result<File> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = File::create(self.path.with_added_extension("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn complaint(&self, what: &str) -> String {
        format!("the file {} of your links {what}", self.path.display())
    }
}

impl Entry {
    fn new(own: &OwnLink) -> Self {
        Self {
            link: own.link.to_url().to_string(),
            passkey: STANDARD.encode(own.passkey.as_bytes()),
            rooms: own.rooms.clone(),
            name: own.name.clone(),
            created: own.created.as_secs(),
        }
    }

    fn parse(&self) -> anyhow::Result<OwnLink> {
        let passkey: [u8; 16] = STANDARD
            .decode(&self.passkey)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .context("a passkey does not parse")?;
        Ok(OwnLink {
            link: CallLink::parse(&self.link).map_err(|_| anyhow!("a link does not parse"))?,
            passkey: AdminPasskey::from_bytes(passkey),
            rooms: self.rooms.clone(),
            name: self.name.clone(),
            created: Timestamp::from_secs(self.created),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, LinkStore) {
        let dir = TempDir::new().unwrap();
        let store = LinkStore {
            path: dir.path().join("own/links.sealed"),
            key_path: dir.path().join("own/links.key"),
        };
        (dir, store)
    }

    fn own(name: &str) -> OwnLink {
        OwnLink {
            link: CallLink {
                host: "rooms.example".to_owned(),
                root_key: RootKey::generate_v0(&mut os::rng()),
                params: None,
            },
            passkey: AdminPasskey::random(&mut os::rng()),
            rooms: None,
            name: Some(name.to_owned()),
            created: Timestamp::from_secs(1),
        }
    }

    fn names(store: &LinkStore) -> Vec<String> {
        let links = store.links().unwrap();
        links.into_iter().filter_map(|own| own.name).collect()
    }

    #[test]
    fn links_are_kept_found_replaced_and_forgotten() {
        let (_dir, store) = store();
        assert!(names(&store).is_empty());
        let (one, mut two) = (own("one"), own("two"));
        store.keep(&one).unwrap();
        store.keep(&two).unwrap();
        assert_eq!(names(&store), ["one", "two"]);
        let found = store.find(&one.link.root_key).unwrap().unwrap();
        assert_eq!(found.passkey.as_bytes(), one.passkey.as_bytes());
        let short = short_name(&two.link.root_key.room_id());
        let found = store.by_name(&short).unwrap().unwrap();
        assert_eq!(found.name.as_deref(), Some("two"));
        two.name = Some("new".to_owned());
        store.keep(&two).unwrap();
        store.forget(&one.link.root_key).unwrap();
        assert_eq!(names(&store), ["new"]);
        assert!(store.find(&one.link.root_key).unwrap().is_none());
        assert!(store.by_name("standup").unwrap().is_none());
    }

    #[test]
    fn the_file_shows_nothing_and_both_files_are_the_users_alone() {
        let (_dir, store) = store();
        let link = own("the room's name");
        store.keep(&link).unwrap();
        let bytes = fs::read(&store.path).unwrap();
        let key_text = link.link.root_key.to_text();
        for secret in ["the room's name", "rooms.example", key_text.as_str()] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret}");
        }
        for path in [&store.path, &store.key_path] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_damaged_file_or_a_lost_key_is_never_written_over() {
        let (_dir, store) = store();
        store.keep(&own("one")).unwrap();
        let good = fs::read(&store.path).unwrap();
        let key = fs::read(&store.key_path).unwrap();
        for at in [0, FORMAT.len(), good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&store.path, &bad).unwrap();
            assert!(store.links().is_err(), "byte {at}");
            assert!(store.keep(&own("two")).is_err());
            assert_eq!(fs::read(&store.path).unwrap(), bad);
        }
        fs::write(&store.path, &good).unwrap();
        fs::remove_file(&store.key_path).unwrap();
        let shown = format!("{:#}", store.keep(&own("two")).unwrap_err());
        assert!(shown.contains("is missing"), "{shown}");
        assert!(!store.key_path.exists());
        fs::write(&store.key_path, STANDARD.encode([1; KEY_LENGTH])).unwrap();
        assert!(store.links().is_err());
        fs::write(&store.key_path, key).unwrap();
        assert_eq!(names(&store), ["one"]);
    }
}
