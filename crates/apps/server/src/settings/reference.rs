//! The reference of all settings, from their types and the comments on them.

use std::fmt::Write as _;

use super::schema::{all, variable_of_key};

const HEAD: &str = "# Settings

<!-- Written by `anteroom settings`: change the comments in the code instead. -->

Settings come from a TOML file, from variables and from flags; later ones win, and a name that is
unknown is an error. Commands of clients read `data` and `log` alone and ignore the others. The
variables in which Kubernetes tells of its services, such as `ANTEROOM_SERVICE_HOST`, are ignored. [anteroom.example.toml](../anteroom.example.toml) is such a file, with all
defaults. In a variable, a list is separated by commas. Secrets are no settings: see
[secrets](../operations.md#secrets).
";

/// Returns the whole page, as Markdown.
pub fn page() -> anyhow::Result<String> {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for setting in all()? {
        let (of, _) = setting.key.rsplit_once('.').unwrap_or(("", ""));
        if section.as_deref() != Some(of) {
            let title = match of {
                "" => "The services",
                of => &format!("`[{of}]`"),
            };
            write!(
                page,
                "\n## {title}\n\n| Setting and variable | Type | Default | Meaning |\n|---|---|---|---|\n"
            )?;
            section = Some(of.to_owned());
        }
        let default = setting
            .default
            .map_or_else(|| "off".to_owned(), |default| format!("`{default}`"));
        writeln!(
            page,
            "| `{}` `{}` | {} | {default} | {} |",
            setting.key,
            variable_of_key(&setting.key),
            setting.kind,
            setting.meaning,
        )?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../../docs/operations/configuration.md");

    #[test]
    fn the_page_in_the_documentation_is_this_one() {
        assert!(
            page().unwrap() == PAGE,
            "docs/operations/configuration.md is old: write it with `anteroom settings`"
        );
    }

    #[test]
    fn every_setting_is_in_it_with_a_meaning() {
        let all = all().unwrap();
        assert!(all.len() > 100, "{}", all.len());
        for setting in &all {
            assert!(
                !setting.meaning.is_empty(),
                "{} has no comment",
                setting.key
            );
            assert!(!setting.meaning.contains('|'), "{}", setting.key);
        }
    }
}
