//! `cargo deny` over the workspace: licences, bans and sources, by `deny.toml`.

mod deny;
mod refusals;

use std::path::Path;

use anyhow::{Context, Result};

use self::deny::Deny;
use super::counts::Counts;

/// Checks this workspace, and then that the same configuration refuses each case that it should refuse.
pub(super) fn check(root: &Path) -> Result<Counts> {
    let deny = Deny::install(root)?;
    deny.check(root, &["--locked", "--log-level", "error"])
        .live()
        .context(
            "a dependency breaks deny.toml: change the dependency, or deny.toml with a reason",
        )?;
    let mut counts = Counts::CHECK;
    counts.add(refusals::check(&deny)?);
    Ok(counts)
}
