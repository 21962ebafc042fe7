//! The Debian package in a clean Debian: installed, used, upgraded and purged.

mod checks;
mod debian;
mod service;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use self::debian::Debian;
use super::{counts::Counts, report::say};
use crate::{
    dist::{Dist, Packages},
    programs::{Profile, target_directory},
};

/// Checks the package, if this machine is a Debian on which a root can be created.
pub(super) fn check(root: &Path) -> Result<Counts> {
    let Some(sources) = debian::Sources::of_this_machine(root)? else {
        return Ok(Counts::default());
    };
    let packages = Dist::new(Profile::Dev).run(root)?;
    let first = read(&packages)?;
    let packages = Dist::new(Profile::Dev).run(root)?;
    ensure!(
        read(&packages)? == first,
        "two packages of the same sources differ: {} and the one made before",
        packages.deb.display()
    );
    let debian = Debian::new(root, &target_directory(root)?, &sources)
        .context("the root of Debian cannot be made")?;
    let mut counts = Counts::CHECK;
    say("    ok  equal sources make equal packages");
    for (name, check) in checks::ALL {
        let outcome = check(&debian, &packages);
        counts.note(outcome.is_ok());
        match outcome {
            Ok(()) => say(&format!("    ok  {name}")),
            Err(error) => {
                say(&format!("    FAILED  {name}: {error:#}"));
                // Each check starts from the state that the previous one has left.
                break;
            }
        }
    }
    Ok(counts)
}

/// Returns both packages.
fn read(packages: &Packages) -> Result<[Vec<u8>; 2]> {
    Ok([fs::read(&packages.deb)?, fs::read(&packages.tarball)?])
}
