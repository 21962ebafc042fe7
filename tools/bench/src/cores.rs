//! The assignment of processes to cores.

use std::{ffi::OsStr, fs, process::Command};

use anyhow::{Context, Result, bail, ensure};

/// The two halves of the available cores. With an odd number one core is idle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) services: Vec<usize>,
    pub(super) load: Vec<usize>,
}

/// Returns two cores, which services and load share.
pub(super) fn pair() -> Result<[usize; 2]> {
    let cores = allowed()?;
    let pair = cores.first_chunk().context("two cores are needed")?;
    Ok(*pair)
}

impl Cores {
    pub(super) fn halves() -> Result<Self> {
        Self::split(&allowed()?)
    }

    fn split(cores: &[usize]) -> Result<Self> {
        let half = cores.len() / 2;
        if half == 0 {
            bail!("at least two cores are needed: one for the services and one for the load");
        }
        let (services, rest) = cores.split_at(half);
        Ok(Self {
            services: services.to_vec(),
            load: rest.iter().take(half).copied().collect(),
        })
    }

    /// Formats a list of cores for `taskset`.
    pub(super) fn list(cores: &[usize]) -> String {
        let cores: Vec<String> = cores.iter().map(ToString::to_string).collect();
        cores.join(",")
    }
}

/// Returns a program that runs on these cores only.
pub(super) fn pinned(cores: &[usize], program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", &Cores::list(cores)])
        .arg(program);
    command
}

/// Returns the cores that this process may use.
fn allowed() -> Result<Vec<usize>> {
    let pinning = Command::new("taskset").arg("--version").output();
    ensure!(
        pinning.is_ok_and(|output| output.status.success()),
        "taskset is needed to pin programs to cores: it is in Debian's util-linux"
    );
    let status = fs::read_to_string("/proc/self/status").context("no /proc")?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .context("no list of cores")?;
    parse(list.trim())
}

/// Parses a list such as `0-2,5`.
fn parse(list: &str) -> Result<Vec<usize>> {
    let mut cores = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>()?..=last.parse()?);
    }
    Ok(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_read() {
        assert_eq!(parse("0-2,5").unwrap(), [0, 1, 2, 5]);
        assert_eq!(parse("3").unwrap(), [3]);
        assert!(parse("").is_err());
    }

    #[test]
    fn nobody_has_more_than_half_of_the_cores() {
        for (cores, services, load) in [
            (&[0, 1][..], &[0][..], &[1][..]),
            (&[0, 1, 2], &[0], &[1]),
            (&[0, 1, 4, 5], &[0, 1], &[4, 5]),
        ] {
            let halves = Cores::split(cores).unwrap();
            assert_eq!((&halves.services[..], &halves.load[..]), (services, load));
        }
        assert!(Cores::split(&[0]).is_err());
    }
}
