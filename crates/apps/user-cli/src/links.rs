//! The links that a user administers, with their admin secrets, and the server params that links of others
//! named, by room, in a sealed file: an unsealed one would reveal which rooms its user enters.
//!
//! The key is in a file of its own, in the same directory unless `ANTEROOM_LINKS_KEY_FILE` names another
//! path.

use std::path::PathBuf;

use anteroom_client::AdminRights;
use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
};
use anteroom_protocol::{AdminPasskey, CallLink, RoomId, RootKey, Timestamp};
use anyhow::{Context as _, anyhow, bail};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::sealed_file::{FileFormat, SealedFile};

const KIND: FileFormat = FileFormat {
    format: "anteroom links 1",
    old: None,
    noun: "links",
    key_name: "links.key",
    key_variable: environment::LINKS_KEY_FILE,
};
/// The maximum number of rooms whose params are stored. The oldest are dropped first.
const MOST_ROOM_PINS: usize = 4096;
/// The number of hex digits of the room id that form a short name.
const SHORT_NAME_LENGTH: usize = 8;

/// A user's links.
#[derive(Clone, Debug)]
pub(crate) struct LinkStore(SealedFile);

/// A link with the secret that makes the user its admin.
#[derive(Clone)]
pub(crate) struct OwnLink {
    pub(crate) link: CallLink,
    pub(crate) rights: AdminRights,
    /// The room service, if it was named; else the data directory's own one.
    pub(crate) rooms: Option<String>,
    /// That data directory; `None` for links stored by earlier versions.
    pub(crate) data: Option<PathBuf>,
    /// The name that this store's user set last.
    pub(crate) name: Option<String>,
    /// The time of its creation or import.
    pub(crate) created: Timestamp,
}

/// Contains secrets: there is no `Debug`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    links: Vec<Entry>,
    /// Absent in files of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    room_params: Vec<RoomEntry>,
}

/// Generic params of one issuer that apply in one room alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomEntry {
    issuer: String,
    room: String,
    params: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    link: String,
    /// The admin secret or the passkey; files of earlier versions have passkeys alone.
    #[serde(alias = "passkey")]
    rights: String,
    rooms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    name: Option<String>,
    created: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.link.zeroize();
        self.rights.zeroize();
    }
}

impl OwnLink {
    /// Returns the passkey, which the room service verifies.
    pub(crate) fn passkey(&self) -> AdminPasskey {
        self.rights.passkey(&self.link.root_key.room_id())
    }
}

/// Returns the short name of an own link. It does not permit joining.
pub(crate) fn short_name(room: &RoomId) -> String {
    let mut name = room.to_hex();
    name.truncate(SHORT_NAME_LENGTH);
    name
}

impl LinkStore {
    pub(crate) fn of_user(environment: &Environment) -> anyhow::Result<Self> {
        let file = SealedFile::of_user(&KIND, "links.sealed", None, environment)?;
        Ok(Self(file))
    }

    /// Returns all links, the oldest first.
    pub(crate) fn links(&self) -> anyhow::Result<Vec<OwnLink>> {
        let content = self.read()?;
        content
            .links
            .iter()
            .map(Entry::parse)
            .collect::<anyhow::Result<_>>()
            .with_context(|| self.0.error_text("makes no sense"))
    }

    /// Returns the link of a room.
    pub(crate) fn find(&self, key: &RootKey) -> anyhow::Result<Option<OwnLink>> {
        let room = key.room_id();
        let mut links = self.links()?.into_iter();
        Ok(links.find(|own| own.link.root_key.room_id() == room))
    }

    /// Returns the only link whose short name starts like this.
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
            (_, Some(_)) => bail!(
                Failure::failed(format!("several links of yours are called {name}"))
                    .next("Write more of the name")
            ),
        }
    }

    /// Stores a link, and replaces an earlier one of the same room.
    pub(crate) fn keep(&self, own: &OwnLink) -> anyhow::Result<()> {
        self.change(&own.link.root_key, Some(own))
    }

    /// Removes a room's link.
    pub(crate) fn forget(&self, key: &RootKey) -> anyhow::Result<()> {
        self.change(key, None)
    }

    /// Returns the params of an issuer that count in this room alone, in base64.
    pub(crate) fn room_params(&self, issuer: &str, room: &RoomId) -> anyhow::Result<Vec<String>> {
        let room = room.to_hex();
        let entries = self.read()?.room_params;
        let of_room = entries
            .into_iter()
            .filter(|entry| entry.issuer == issuer && entry.room == room);
        Ok(of_room.map(|entry| entry.params).collect())
    }

    /// Adds params that apply in this room alone, after the existing ones.
    pub(crate) fn add_room_params(
        &self,
        issuer: &str,
        room: &RoomId,
        params: String,
    ) -> anyhow::Result<()> {
        let _lock = self.0.lock()?;
        let mut content = self.read()?;
        content.room_params.push(RoomEntry {
            issuer: issuer.to_owned(),
            room: room.to_hex(),
            params,
        });
        let surplus = content.room_params.len().saturating_sub(MOST_ROOM_PINS);
        content.room_params.drain(..surplus);
        self.0.write_json(&content)
    }

    fn change(&self, key: &RootKey, own: Option<&OwnLink>) -> anyhow::Result<()> {
        let _lock = self.0.lock()?;
        let room = key.room_id();
        let mut content = self.read()?;
        content.links.retain(|entry| {
            Entry::parse(entry).is_ok_and(|known| known.link.root_key.room_id() != room)
        });
        content.links.extend(own.map(Entry::new));
        self.0.write_json(&content)
    }

    fn read(&self) -> anyhow::Result<Content> {
        Ok(self.0.read_json()?.unwrap_or_default())
    }
}

impl Entry {
    fn new(own: &OwnLink) -> Self {
        Self {
            link: own.link.to_url().to_string(),
            rights: own.rights.to_text().to_string(),
            rooms: own.rooms.clone(),
            data: own.data.clone(),
            name: own.name.clone(),
            created: own.created.as_secs(),
        }
    }

    fn parse(&self) -> anyhow::Result<OwnLink> {
        Ok(OwnLink {
            link: CallLink::parse(&self.link).map_err(|_| anyhow!("a link does not parse"))?,
            rights: AdminRights::parse(&self.rights)
                .map_err(|_| anyhow!("an admin secret does not parse"))?,
            rooms: self.rooms.clone(),
            data: self.data.clone(),
            name: self.name.clone(),
            created: Timestamp::from_secs(self.created),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use anteroom_client::AdminSecret;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use tempfile::TempDir;

    use super::*;
    use anteroom_console::os;

    use crate::sealed_file::KEY_LENGTH;

    fn store() -> (TempDir, LinkStore) {
        let dir = TempDir::new().unwrap();
        let store = LinkStore(SealedFile {
            path: dir.path().join("own/links.sealed"),
            key_path: dir.path().join("own/links.key"),
            kind: &KIND,
            owner: None,
        });
        (dir, store)
    }

    fn own(name: &str) -> OwnLink {
        OwnLink {
            link: CallLink {
                host: "rooms.example".to_owned(),
                is_plain: false,
                root_key: RootKey::generate_v0(&mut os::rng()),
                params: None,
                without_certificates: false,
                admin: None,
            },
            rights: AdminRights::Secret(AdminSecret::random(&mut os::rng())),
            rooms: None,
            data: None,
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
        assert_eq!(*found.rights.to_text(), *one.rights.to_text());
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
    fn params_of_rooms_stand_beside_the_links_by_issuer_and_room() {
        let (_dir, store) = store();
        let [one, two] = [own("one"), own("two")].map(|own| own.link.root_key.room_id());
        store
            .add_room_params("a", &one, "first".to_owned())
            .unwrap();
        store
            .add_room_params("a", &one, "second".to_owned())
            .unwrap();
        store
            .add_room_params("b", &one, "third".to_owned())
            .unwrap();
        store.keep(&own("one")).unwrap();
        for (issuer, room, expected) in [
            ("a", &one, &["first", "second"][..]),
            ("b", &one, &["third"]),
            ("a", &two, &[]),
        ] {
            assert_eq!(store.room_params(issuer, room).unwrap(), expected);
        }
        let bytes = fs::read(&store.0.path).unwrap();
        for text in [one.to_hex(), "first".to_owned()] {
            let is_there = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            assert!(!is_there, "{text}");
        }
    }

    #[test]
    fn links_of_an_earlier_version_open() {
        let (_dir, store) = store();
        let own = own("one");
        let url = own.link.to_url();
        let text = format!(
            r#"{{"links":[{{"link":"{}","passkey":"{}","rooms":null,"name":"one","created":1}}]}}"#,
            url.as_str(),
            STANDARD.encode(own.passkey().as_bytes()),
        );
        store.keep(&own).unwrap();
        store.0.write(text.as_bytes()).unwrap();
        assert_eq!(names(&store), ["one"]);
        let found = store.find(&own.link.root_key).unwrap().unwrap();
        assert!(matches!(found.rights, AdminRights::Passkey(_)));
        assert_eq!(found.passkey().as_bytes(), own.passkey().as_bytes());
        let room = own.link.root_key.room_id();
        assert!(store.room_params("a", &room).unwrap().is_empty());
    }

    #[test]
    fn the_file_shows_nothing_and_both_files_are_the_users_alone() {
        let (_dir, store) = store();
        let link = own("the room's name");
        store.keep(&link).unwrap();
        let bytes = fs::read(&store.0.path).unwrap();
        let key_text = link.link.root_key.to_text();
        for secret in ["the room's name", "rooms.example", key_text.as_str()] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret}");
        }
        for path in [&store.0.path, &store.0.key_path] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_damaged_file_or_a_lost_key_is_never_written_over() {
        let (_dir, store) = store();
        store.keep(&own("one")).unwrap();
        let good = fs::read(&store.0.path).unwrap();
        let key = fs::read(&store.0.key_path).unwrap();
        for at in [0, KIND.format.len(), good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&store.0.path, &bad).unwrap();
            assert!(store.links().is_err(), "byte {at}");
            assert!(store.keep(&own("two")).is_err());
            assert_eq!(fs::read(&store.0.path).unwrap(), bad);
        }
        fs::write(&store.0.path, &good).unwrap();
        fs::remove_file(&store.0.key_path).unwrap();
        let shown = format!("{:#}", store.keep(&own("two")).unwrap_err());
        assert!(shown.contains("is missing"), "{shown}");
        assert!(!store.0.key_path.exists());
        fs::write(&store.0.key_path, STANDARD.encode([1; KEY_LENGTH])).unwrap();
        assert!(store.links().is_err());
        fs::write(&store.0.key_path, key).unwrap();
        assert_eq!(names(&store), ["one"]);
    }
}
