//! The data directory: its owner, its rights, the master key, and the space around it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anteroom_console::{data_dir::DataDir, environment::Environment};
use rustix::process::geteuid;

use super::finding::Finding;

use crate::{
    disk::{Disk, LEAST_SPACE},
    master_key,
};

const MIB: u64 = 1024 * 1024;
/// The free space below which the check warns.
const LITTLE_SPACE: u64 = 512 * MIB;

/// Checks the directory and the files that must be readable in it.
pub(super) fn all(data: &DataDir, environment: &Environment) -> Vec<Finding> {
    let path = data.path();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return vec![Finding::ok(
                "data",
                format!("{} is not there: the first start makes it", path.display()),
            )];
        }
        Err(error) => {
            return vec![Finding::problem(
                "data",
                format!("{} cannot be looked at: {error}", path.display()),
                "run this as the service's user",
            )];
        }
    };
    let mut findings = vec![owner(path, metadata.uid(), metadata.mode())];
    findings.push(space(data));
    findings.push(key(data, environment));
    findings.extend(secrets(environment));
    findings
}

fn owner(path: &Path, owner: u32, mode: u32) -> Finding {
    let user = geteuid().as_raw();
    let shown = path.display();
    if owner != user {
        return Finding::problem(
            "data",
            format!("{shown} belongs to the user {owner}, and this is the user {user}"),
            format!(
                "run this as its owner, `sudo -u '#{owner}' anteroom ...`: files that another user \
                 makes there are none that the service can use"
            ),
        );
    }
    if mode & 0o077 != 0 {
        return Finding::warning(
            "data",
            format!("other users of this machine may look into {shown}"),
            format!("chmod 700 {shown}"),
        );
    }
    Finding::ok("data", format!("{shown} is for its owner alone"))
}

fn space(data: &DataDir) -> Finding {
    let free = match Disk::of(data) {
        Ok(disk) => disk.free,
        Err(error) => return Finding::skipped("disk", format!("{error:#}")),
    };
    let what = format!("{} MiB are free for {}", free / MIB, data.path().display());
    let next = "free space on that file system, or move the data to a larger one";
    if free < LEAST_SPACE {
        return Finding::problem("disk", format!("the disk is full: {what}"), next);
    }
    if free < LITTLE_SPACE {
        return Finding::warning("disk", what, next);
    }
    Finding::ok("disk", what)
}

fn key(data: &DataDir, environment: &Environment) -> Finding {
    // Without a file, a variable holds the key.
    let file = master_key::file(data, environment).ok();
    match master_key::find(data, environment) {
        Ok(Some(_)) => match file {
            Some(file) if is_open_to_others(&file) => Finding::warning(
                "master key",
                format!("other users of this machine may read {}", file.display()),
                format!("chmod 600 {}", file.display()),
            ),
            _ => Finding::ok("master key", "it can be read"),
        },
        Ok(None) => Finding::ok("master key", "there is none yet"),
        Err(error) => Finding::of_error(
            "master key",
            &error,
            match file {
                Some(file) => format!(
                    "make {} the key that the databases were made with, readable for the \
                     service's user",
                    file.display()
                ),
                None => {
                    "give ANTEROOM_MASTER_KEY the key that the databases were made with".to_owned()
                }
            },
        ),
    }
}

fn secrets(environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (variable, path) in environment.secret_files() {
        match fs::File::open(&path) {
            Ok(_) if is_open_to_others(&path) => findings.push(Finding::warning(
                "secrets",
                format!("other users of this machine may read {}", path.display()),
                format!("chmod 600 {}", path.display()),
            )),
            Ok(_) => {}
            Err(error) => findings.push(Finding::problem(
                "secrets",
                format!("{variable}: {} cannot be read: {error}", path.display()),
                format!("make {} readable for the service's user", path.display()),
            )),
        }
    }
    findings
}

fn is_open_to_others(path: &PathBuf) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}
