//! Ownership of files. A file that another user can have written must not influence the use of secrets.

use std::{
    fs::{self, File, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use rustix::process::geteuid;

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// The owner and the mode of a file or directory.
#[derive(Clone, Copy)]
struct FileOwnership {
    owner: u32,
    group: u32,
    mode: u32,
    is_directory: bool,
}

/// Opens a file, and checks that only this user (and root) can have written it: the file, its directory and
/// all directories above belong to them, and no one else may write to any of them. A directory above may be
/// shared, as `/tmp` is, if its entries can only be renamed by their owners.
///
/// # Errors
/// The file does not exist or is not readable, or another user can have written it.
pub(crate) fn open_own(path: &Path) -> anyhow::Result<File> {
    let real = fs::canonicalize(path)?;
    let file = File::open(&real)?;
    let user = geteuid().as_raw();
    let check =
        |path: &Path, metadata: &Metadata| match ownership_error(FileOwnership::of(metadata), user)
        {
            None => Ok(()),
            Some(what) => bail!("{} {what}", path.display()),
        };
    check(&real, &file.metadata()?)?;
    for directory in real.ancestors().skip(1) {
        let metadata = fs::metadata(directory)
            .with_context(|| format!("{} cannot be looked at", directory.display()))?;
        check(directory, &metadata)?;
    }
    Ok(file)
}

impl FileOwnership {
    fn of(metadata: &Metadata) -> Self {
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode(),
            is_directory: metadata.is_dir(),
        }
    }
}

/// Returns the fault in the rights of a file or directory from which this user reads addresses, if there is
/// one.
fn ownership_error(ownership: FileOwnership, user: u32) -> Option<&'static str> {
    if ownership.owner != user && ownership.owner != 0 {
        return Some("belongs to another user");
    }
    // Many systems give each user a group of the same number.
    let is_private_group = ownership.group == user || ownership.group == 0;
    let others_write = ownership.mode & OTHERS_WRITE != 0
        || ownership.mode & GROUP_WRITES != 0 && !is_private_group;
    let is_shared_safely = ownership.is_directory && ownership.mode & STICKY != 0;
    (others_write && !is_shared_safely).then_some("can be written by other users")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn only_what_nobody_else_can_write_is_taken() {
        const ME: u32 = 1000;
        for (owner, group, mode, is_directory, accepted) in [
            (ME, ME, 0o600, false, true),
            (ME, ME, 0o644, false, true),
            (0, 0, 0o755, true, true),
            (ME, 100, 0o755, true, true),
            (ME, ME, 0o775, true, true),
            (ME, 100, 0o775, true, false),
            (ME, ME, 0o777, true, false),
            (ME, ME, 0o666, false, false),
            (0, 0, 0o1777, true, true),
            (ME, 100, 0o1777, true, true),
            (ME, ME, 0o1666, false, false),
            (1001, ME, 0o700, true, false),
            (1001, 1001, 0o755, true, false),
            (1001, 1001, 0o1777, true, false),
            (1001, 1001, 0o644, false, false),
            (65534, 65534, 0o755, true, false),
        ] {
            let ownership = FileOwnership {
                owner,
                group,
                mode,
                is_directory,
            };
            let outcome = ownership_error(ownership, ME);
            assert_eq!(
                outcome.is_none(),
                accepted,
                "{owner} {group} {mode:o}: {outcome:?}"
            );
        }
    }

    #[test]
    fn directories_above_count_as_well() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a/b/file");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "text").unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set(&path, 0o644);
        assert!(open_own(&path).is_ok());
        for part in ["a", "a/b", "a/b/file"] {
            let part = dir.path().join(part);
            let before = fs::metadata(&part).unwrap().permissions().mode();
            set(&part, 0o777);
            let shown = open_own(&path).unwrap_err().to_string();
            assert!(shown.contains("can be written by other users"), "{shown}");
            set(&part, before & 0o777);
        }
        // A symbolic link in a shared directory leads to the same file.
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(open_own(&link).is_ok());
        assert!(open_own(&dir.path().join("none")).is_err());
    }
}
