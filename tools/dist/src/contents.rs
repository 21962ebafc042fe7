//! The files of a package, in a folder.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use xtask::command::StepCommand;

use super::source::Source;

/// The paths of a kind of package's files, below its root.
pub(super) struct Layout {
    pub(super) program: &'static str,
    pub(super) units: &'static str,
    pub(super) sysusers: &'static str,
    pub(super) manual: &'static str,
    /// The shell, the folder of its completions, and the file's name there.
    pub(super) completions: [(&'static str, &'static str, &'static str); 3],
}

/// The folder of a package in the making.
pub(super) struct Contents<'a> {
    root: PathBuf,
    source: &'a Source<'a>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(root: &Path, source: &'a Source<'a>) -> Result<Self> {
        fs::create_dir_all(root)?;
        set_mode(root, 0o755)?;
        let root = root.to_owned();
        Ok(Self { root, source })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a file of the project as text.
    pub(super) fn read(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.source.root.join(file))
            .with_context(|| format!("{file} is not readable"))
    }

    /// Writes a file below the root, with the folders above it.
    pub(super) fn write(&self, path: &str, mode: u32, content: impl AsRef<[u8]>) -> Result<()> {
        let file = self.root.join(path);
        self.make_folders_of(path)?;
        fs::write(&file, content).with_context(|| format!("{path} cannot be written"))?;
        set_mode(&file, mode)
    }

    /// Makes the folders above a file. Their mode does not depend on the user's mask.
    fn make_folders_of(&self, path: &str) -> Result<()> {
        let mut folder = self.root.clone();
        let parts = Path::new(path).parent().into_iter().flat_map(Path::iter);
        for part in parts {
            folder.push(part);
            if !folder.is_dir() {
                fs::create_dir(&folder)?;
                set_mode(&folder, 0o755)?;
            }
        }
        Ok(())
    }

    /// Writes the files that both packages contain.
    pub(super) fn write_common(&self, layout: &Layout) -> Result<()> {
        self.write(layout.program, 0o755, fs::read(&self.source.program)?)?;
        for (shell, folder, name) in layout.completions {
            let script = self.program().args(["completions", shell]).output()?;
            self.write(&format!("{folder}/{name}"), 0o644, script)?;
        }
        self.write_manual(layout.manual)?;
        for unit in [
            "anteroom.service",
            "anteroom-backup.service",
            "anteroom-backup.timer",
        ] {
            let text = self.read(&format!("docs/operations/files/{unit}"))?;
            let text = text
                .replace("/usr/local/bin/anteroom", &format!("/{}", layout.program))
                .replace("/etc/systemd/system", &format!("/{}", layout.units));
            self.write(&format!("{}/{unit}", layout.units), 0o644, text)?;
        }
        let users = self.read("docs/operations/files/anteroom.sysusers.conf")?;
        let users = users.replace("/etc/sysusers.d", &format!("/{}", layout.sysusers));
        self.write(&format!("{}/anteroom.conf", layout.sysusers), 0o644, users)
    }

    fn write_manual(&self, folder: &str) -> Result<()> {
        self.make_folders_of(&format!("{folder}/page"))?;
        let folder = self.root.join(folder);
        self.program()
            .args(["man".as_ref(), folder.as_os_str()])
            .quietly()?;
        for entry in fs::read_dir(&folder)? {
            let page = entry?.path();
            set_mode(&page, 0o644)?;
            self.compress(&page)?;
        }
        Ok(())
    }

    /// Compresses a file in place, without its name and time.
    pub(super) fn compress(&self, file: &Path) -> Result<()> {
        StepCommand::program("gzip", &self.root)
            .args(["-9", "-n"])
            .args([file])
            .quietly()
    }

    fn program(&self) -> StepCommand {
        StepCommand::new(self.source.program.as_os_str(), "anteroom", &self.root)
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}
