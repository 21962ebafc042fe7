//! Mails as files in a folder, for development and tests.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;

use crate::{Composer, Mail, MailError, Mailer};

/// The maximum number of attempts to find a free name.
const TRIES: u32 = 10_000;

/// Writes each mail as `<seconds since 1970>-<number>.eml`, which only its owner can read. A file
/// gets its name once it is complete.
pub struct FileMailer {
    composer: Composer,
    folder: PathBuf,
    number: AtomicU64,
}

impl FileMailer {
    /// Creates a mailer for this folder. Creates the folder, for this user only, if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn new(folder: PathBuf, composer: Composer) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.recursive(true).create(&folder)?;
        Ok(Self {
            composer,
            folder,
            number: AtomicU64::new(0),
        })
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let bytes = self.composer.compose(mail)?.formatted();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (folder, seconds) = (self.folder.clone(), self.composer.seconds());
        let written = tokio::task::spawn_blocking(move || write(&folder, seconds, number, &bytes));
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(MailError::Unwritable),
        }
    }
}

fn write(folder: &Path, seconds: u64, number: u64, bytes: &[u8]) -> io::Result<()> {
    let process = std::process::id();
    let temporary = folder.join(format!(".{seconds}-{number}.{process}.new"));
    let written = write_new(&temporary, bytes).and_then(|()| name(folder, seconds, &temporary));
    let _ = fs::remove_file(&temporary);
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Links the mail under a free name. A link, unlike a rename, never replaces an existing file.
fn name(folder: &Path, seconds: u64, temporary: &Path) -> io::Result<()> {
    for number in 0..TRIES {
        match fs::hard_link(temporary, folder.join(format!("{seconds}-{number}.eml"))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
