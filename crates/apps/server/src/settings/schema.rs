//! The description of all settings, from their types and the comments on them.

use anyhow::Context as _;
use schemars::{Schema, schema_for};
use serde_json::Value;

use super::Settings;

/// The TOML type of a variable's or a flag's text.
#[derive(Clone, Copy, Debug)]
pub(super) enum SettingType {
    /// A text, a word or a path.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Switch,
    /// A list, separated by commas.
    List,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its key in the file.
    pub key: String,
    /// Its type.
    pub kind: String,
    /// The TOML type of its value.
    pub value: SettingType,
    /// `None` if it is off by default.
    pub default: Option<String>,
    /// Its purpose; empty if its comment is missing.
    pub meaning: String,
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
            value: value(resolved),
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
    match type_of(member) {
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

/// Returns the TOML type.
fn value(member: &Value) -> SettingType {
    match type_of(member) {
        Some("boolean") => SettingType::Switch,
        Some("integer") => SettingType::Number,
        Some("array") => SettingType::List,
        _ => SettingType::Text,
    }
}

/// Returns the type of a schema, which may also be null.
fn type_of(member: &Value) -> Option<&str> {
    let named = match member.get("type") {
        Some(Value::Array(names)) => names.iter().find(|name| *name != "null"),
        name => name,
    };
    named.and_then(Value::as_str)
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

/// Returns the variable of a setting: its key with `_` for `.`.
pub(super) fn variable_of_key(key: &str) -> String {
    format!("ANTEROOM_{}", key.replace('.', "_").to_uppercase())
}
