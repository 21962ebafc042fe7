//! The reference of all settings, from their types and the comments on them.

use std::fmt::Write as _;

use anyhow::Context as _;
use schemars::{Schema, schema_for};
use serde_json::Value;

use super::Settings;

const HEAD: &str = "# Settings

<!-- Written by `anteroom settings`: change the comments in the code instead. -->

Settings come from a TOML file, from variables and from flags; later ones win, and a name that is
unknown is an error. Commands of clients read `data` and `log` alone and ignore the others. The
variables in which Kubernetes tells of its services, such as `ANTEROOM_SERVICE_HOST`, are ignored. [anteroom.example.toml](../anteroom.example.toml) is such a file, with all
defaults. In a variable, a list is separated by commas. Secrets are no settings: see
[secrets](../operations.md#secrets).
";

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its key in the file.
    pub key: String,
    /// Its type.
    pub kind: String,
    /// `None` if it is off by default.
    pub default: Option<String>,
    /// Its purpose; empty if its comment is missing.
    pub meaning: String,
}

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
            super::load::variable_of_key(&setting.key),
            setting.kind,
            setting.meaning,
        )?;
    }
    Ok(page)
}

/// Returns all settings: those of the file's head, then section by section.
pub(super) fn all() -> anyhow::Result<Vec<Setting>> {
    let schema = schema_for!(Settings);
    let defaults = serde_json::to_value(Settings::default())?;
    let mut settings = Vec::new();
    collect("", schema.as_value(), &schema, &defaults, &mut settings)?;
    Ok(settings)
}

fn collect(
    prefix: &str,
    of: &Value,
    schema: &Schema,
    defaults: &Value,
    settings: &mut Vec<Setting>,
) -> anyhow::Result<()> {
    let members = of.get("properties").and_then(Value::as_object);
    let members = members.context("a section has no settings")?;
    let mut sections = Vec::new();
    for (name, member) in members {
        let key = format!("{prefix}{name}");
        let default = defaults.get(name).unwrap_or(&Value::Null);
        let resolved = resolve(member, schema);
        if resolved.get("properties").is_some() {
            sections.push((format!("{key}."), resolved, default));
            continue;
        }
        let meaning = member.get("description").and_then(Value::as_str);
        settings.push(Setting {
            key,
            kind: kind(resolved, schema),
            default: (!default.is_null()).then(|| default.to_string()),
            meaning: one_line(meaning.unwrap_or_default()),
        });
    }
    for (prefix, section, defaults) in sections {
        collect(&prefix, section, schema, defaults, settings)?;
    }
    Ok(())
}

/// Returns the schema that a reference names; `member` itself if it is no reference.
fn resolve<'a>(member: &'a Value, schema: &'a Schema) -> &'a Value {
    member
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| schema.pointer(pointer))
        .unwrap_or(member)
}

/// Returns the type, for a reader.
fn kind(member: &Value, schema: &Schema) -> String {
    let words: Vec<String> = words(member).map(|word| format!("`{word}`")).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    let named = match member.get("type") {
        Some(Value::Array(names)) => names.iter().find(|name| *name != "null"),
        name => name,
    };
    match named.and_then(Value::as_str) {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => integer(member),
        Some("array") => {
            let item = member
                .get("items")
                .map(|item| kind(resolve(item, schema), schema));
            format!("list of {}", item.unwrap_or_default())
        }
        _ => "text".to_owned(),
    }
}

/// Returns the words that a setting may be; none if it may be any text.
fn words(member: &Value) -> impl Iterator<Item = &Value> {
    let list = |name: &str| member.get(name).and_then(Value::as_array);
    let plain = list("enum").into_iter().flatten();
    // A word with a comment has a schema of its own.
    let commented = list("oneOf").into_iter().flatten();
    plain.chain(commented.filter_map(|word| word.get("const")))
}

fn integer(member: &Value) -> String {
    let bound = |name: &str| member.get(name).and_then(Value::as_u64);
    match (bound("minimum"), bound("maximum")) {
        (Some(least @ 1..), Some(most)) => format!("number from {least} to {most}"),
        (Some(least @ 1..), None) => format!("number from {least}"),
        (_, Some(most)) => format!("number up to {most}"),
        _ => "number".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::settings::load::keys;

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
        let known: BTreeSet<&str> = keys().collect();
        let listed: BTreeSet<&str> = all.iter().map(|setting| setting.key.as_str()).collect();
        assert_eq!(listed, known);
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
