//! A small sealed file of a user.
//!
//! AES-256-GCM-SIV over bytes: `first line || nonce (12 bytes) || ciphertext || tag`, with the first line as
//! associated data. The first line is the name of the format and, if a user has several files of it, the
//! file's owner: a file in the place of another is detected. The key is in a file of its own: a copy without
//! the key cannot be read.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_console::{environment::Environment, failure::Failure, files, os};
use anyhow::{Context as _, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_core::Rng as _;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::user_directory::user_directory;

pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const KEY_LENGTH: usize = 32;
/// The number of hex digits of the hash in a file's name.
const NAME_LENGTH: usize = 32;

/// The file and its key.
#[derive(Clone, Debug)]
pub(crate) struct SealedFile {
    pub(crate) path: PathBuf,
    pub(crate) key_path: PathBuf,
    pub(crate) kind: &'static FileFormat,
    /// The owner, if there are several files of a kind. It is not encrypted.
    pub(crate) owner: Option<String>,
}

pub(crate) struct SealedContent {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// Whether the file has the previous format, which does not name the owner.
    pub(crate) is_old: bool,
}

/// The kind of a sealed file.
#[derive(Debug)]
pub(crate) struct FileFormat {
    /// The name of its format.
    pub(crate) format: &'static str,
    /// The first line of the previous format with its line break, if that format is still read.
    pub(crate) old: Option<&'static [u8]>,
    /// The noun in messages, as in "the file PATH of your links".
    pub(crate) noun: &'static str,
    /// The name of its key in the user's directory.
    pub(crate) key_name: &'static str,
    /// The variable with another path of its key.
    pub(crate) key_variable: &'static str,
}

/// Returns the name of the file of an owner: the start of a hash.
pub(crate) fn file_name(owner: &str) -> String {
    let mut name = hex::encode(Sha256::digest(owner));
    name.truncate(NAME_LENGTH);
    name
}

impl SealedFile {
    /// Returns a file in the directory of the user's own files.
    pub(crate) fn of_user(
        kind: &'static FileFormat,
        name: &str,
        owner: Option<String>,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let directory = user_directory()?;
        let key_path = match environment.text(kind.key_variable)? {
            Some(path) => PathBuf::from(path.as_str()),
            None => directory.join(kind.key_name),
        };
        Ok(Self {
            path: directory.join(name),
            key_path,
            kind,
            owner,
        })
    }

    /// Returns the content of a file of JSON; `None` if it does not exist.
    pub(crate) fn read_json<T: DeserializeOwned>(&self) -> anyhow::Result<Option<T>> {
        let content = self.read()?;
        content.map(|content| self.parse(&content)).transpose()
    }

    /// Returns the content as JSON.
    pub(crate) fn parse<T: DeserializeOwned>(&self, content: &SealedContent) -> anyhow::Result<T> {
        serde_json::from_slice(&content.text).map_err(|_| self.damaged())
    }

    /// Replaces the content of a file of JSON atomically.
    pub(crate) fn write_json(&self, content: &impl Serialize) -> anyhow::Result<()> {
        self.write(&Zeroizing::new(serde_json::to_vec(content)?))
    }

    /// Returns the content of the file; `None` if it does not exist.
    pub(crate) fn read(&self) -> anyhow::Result<Option<SealedContent>> {
        let sealed = files::if_there(fs::read(&self.path));
        let Some(sealed) = sealed.with_context(|| self.error_text("cannot be read"))? else {
            return Ok(None);
        };
        let (first_line, format) = (self.first_line(), self.kind.format.as_bytes());
        let (aad, rest) = match (sealed.strip_prefix(first_line.as_slice()), self.kind.old) {
            (Some(rest), _) => (first_line.as_slice(), rest),
            (None, _) if self.owner.is_some() && sealed.starts_with(format) => {
                bail!(self.error_text("belongs to another and was put in its place"))
            }
            (None, Some(old)) => {
                let rest = sealed.strip_prefix(old);
                (old, rest.ok_or_else(|| self.damaged())?)
            }
            (None, None) => return Err(self.damaged()),
        };
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or_else(|| self.damaged())?;
        let payload = Payload {
            msg: ciphertext,
            aad,
        };
        let text = self
            .cipher(false)?
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| self.damaged())?;
        Ok(Some(SealedContent {
            text: Zeroizing::new(text),
            is_old: aad != first_line.as_slice(),
        }))
    }

    /// Replaces the content of the file atomically.
    pub(crate) fn write(&self, text: &[u8]) -> anyhow::Result<()> {
        let cipher = self.cipher(true)?;
        let mut nonce = [0; NONCE_LENGTH];
        os::rng().fill_bytes(&mut nonce);
        let first_line = self.first_line();
        let payload = Payload {
            msg: text,
            aad: &first_line,
        };
        let ciphertext = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| anyhow!("{} cannot be sealed", self.kind.noun))?;
        let sealed = [first_line.as_slice(), &nonce, &ciphertext].concat();
        files::replace(&self.path, &sealed).with_context(|| self.error_text("cannot be written"))
    }

    /// Removes the file, if it exists. Its key stays.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let removed = files::if_there(fs::remove_file(&self.path));
        removed.with_context(|| self.error_text("cannot be removed"))?;
        Ok(())
    }

    /// Locks the file against changes by other processes, until the returned value is dropped.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        files::lock(&self.path).with_context(|| self.error_text("cannot be locked"))
    }

    /// As [`Self::lock`], without waiting: `None` if another process has the lock.
    pub(crate) fn try_lock(&self) -> anyhow::Result<Option<File>> {
        files::try_lock(&self.path).with_context(|| self.error_text("cannot be locked"))
    }

    /// Returns the error for a file with unreadable content.
    pub(crate) fn damaged(&self) -> anyhow::Error {
        Failure::failed(self.error_text("is damaged, or its key is another one"))
            .next(
                "Put its key or a copy of both back; without them move the file away, and what it holds is lost",
            )
            .into()
    }

    pub(crate) fn error_text(&self, what: &str) -> String {
        let (path, noun) = (self.path.display(), self.kind.noun);
        format!("the file {path} of your {noun} {what}")
    }

    fn first_line(&self) -> Vec<u8> {
        let mut line = self.kind.format.to_owned();
        if let Some(owner) = &self.owner {
            line.push(' ');
            line.push_str(owner);
        }
        line.push('\n');
        line.into_bytes()
    }

    /// Returns the key. Creates it if it is missing and `make` is set; never overwrites a key.
    fn cipher(&self, make: bool) -> anyhow::Result<Aes256GcmSiv> {
        let shown = self.key_path.display();
        let text = match self.read_key()? {
            Some(text) => text,
            None if !make || self.path.exists() => {
                let what = format!("the key {shown} of your {} is missing", self.kind.noun);
                let next = format!("Put it back, or name it with {}", self.kind.key_variable);
                bail!(Failure::failed(what).next(next));
            }
            None => self.make_key()?,
        };
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let key: &[u8; KEY_LENGTH] = bytes
            .as_ref()
            .ok()
            .and_then(|bytes| bytes.as_slice().try_into().ok())
            .with_context(|| format!("{shown} is no key of 32 bytes in base64"))?;
        Ok(Aes256GcmSiv::new(key.into()))
    }

    fn read_key(&self) -> anyhow::Result<Option<Zeroizing<String>>> {
        let text = files::if_there(fs::read_to_string(&self.key_path));
        let text = text.with_context(|| self.key_text("cannot be read"))?;
        Ok(text.map(Zeroizing::new))
    }

    fn key_text(&self, what: &str) -> String {
        format!("the key {} {what}", self.key_path.display())
    }

    /// Another process may create a key for another file at the same time: its key is used then.
    fn make_key(&self) -> anyhow::Result<Zeroizing<String>> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        os::rng().fill_bytes(&mut *key);
        let text = Zeroizing::new(STANDARD.encode(*key) + "\n");
        match files::create(&self.key_path, text.as_bytes()) {
            Ok(()) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = self.read_key()?;
                text.with_context(|| self.key_text("cannot be read"))
            }
            Err(error) => Err(error).with_context(|| self.key_text("cannot be written")),
        }
    }
}
