//! Shapes of values: types, bounds and members.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    anchor,
    document::{AdditionalProperties, Kind, Schema},
    text::text,
};

/// The type of a value, as a phrase with links to the shapes that have names.
pub(super) fn kind(schema: &Schema) -> Markup {
    html! {
        (kind_without_null(schema))
        @if schema.may_be_null() { " or null" }
    }
}

fn kind_without_null(schema: &Schema) -> Markup {
    if let Some(name) = schema.referred() {
        return shape_link(name);
    }
    let alternatives: Vec<&Schema> = schema.alternatives().chain(&schema.all_of).collect();
    if !alternatives.is_empty() {
        let word = if schema.all_of.is_empty() {
            " or "
        } else {
            " and "
        };
        return html! {
            @for (index, alternative) in alternatives.iter().enumerate() {
                @if index > 0 { (word) }
                (kind(alternative))
            }
        };
    }
    let kinds = schema.kinds.as_slice().iter();
    let kinds: Vec<Kind> = kinds.copied().filter(|kind| *kind != Kind::Null).collect();
    html! {
        @if kinds.is_empty() { "any value" }
        @for (index, one) in kinds.iter().enumerate() {
            @if index > 0 { " or " }
            (plain_kind(schema, *one))
        }
    }
}

fn plain_kind(schema: &Schema, kind: Kind) -> Markup {
    match (kind, &schema.items, &schema.additional_properties) {
        (Kind::Array, Some(items), _) => html! { "list of " (self::kind(items)) },
        (Kind::Object, _, Some(AdditionalProperties::Schema(values))) => {
            html! { "object with values of " (self::kind(values)) }
        }
        (Kind::Array, None, _) => html! { "list" },
        (Kind::Object, _, _) => html! { "object" },
        (Kind::Boolean, _, _) => html! { "boolean" },
        (Kind::Integer, _, _) => html! { "integer" },
        (Kind::Number, _, _) => html! { "number" },
        (Kind::Null, _, _) => html! { "null" },
        (Kind::String, _, _) => match (schema.format.as_deref(), &schema.content_encoding) {
            (_, Some(encoding)) => html! { "string of " (encoding) },
            (Some(format), None) => html! { "string (" (format) ")" },
            (None, None) => html! { "string" },
        },
    }
}

/// A link to a shape that has a name.
pub(super) fn shape_link(name: &str) -> Markup {
    html! { a href={ "#" (anchor::shape(name)) } { (name) } }
}

/// The bounds of a value, as list items; nothing where there are none.
pub(super) fn bounds(schema: &Schema, example: Option<&Value>) -> Markup {
    let bounds = bound_phrases(schema);
    let example = example.or(schema.example.as_ref());
    let has_any = !bounds.is_empty()
        || !schema.values.is_empty()
        || schema.pattern.is_some()
        || schema.default.is_some()
        || example.is_some();
    html! {
        @if has_any {
            ul.bounds {
                @for bound in bounds { li { (bound) } }
                @if !schema.values.is_empty() {
                    li {
                        "one of "
                        @for (index, value) in schema.values.iter().enumerate() {
                            @if index > 0 { ", " }
                            code { (plain(value)) }
                        }
                    }
                }
                @if let Some(pattern) = &schema.pattern { li { "pattern " code { (pattern) } } }
                @if let Some(default) = &schema.default { li { "default " code { (plain(default)) } } }
                @if let Some(example) = example { li { "example " code { (plain(example)) } } }
            }
        }
    }
}

fn bound_phrases(schema: &Schema) -> Vec<String> {
    let mut phrases = Vec::new();
    if schema.deprecated {
        phrases.push("deprecated".to_owned());
    }
    phrases.extend(range(schema.min_length, schema.max_length, " characters"));
    phrases.extend(range(schema.min_items, schema.max_items, " items"));
    // A number that is not negative says no more than its type.
    let least = schema
        .minimum
        .as_ref()
        .filter(|least| least.as_f64() != Some(0.0));
    phrases.extend(range(least, schema.maximum.as_ref(), ""));
    if let Some(factor) = &schema.multiple_of {
        phrases.push(format!("a multiple of {factor}"));
    }
    phrases
}

/// The bounds as a phrase; `unit` is in the plural.
fn range<T: ToString>(least: Option<T>, most: Option<T>, unit: &str) -> Option<String> {
    let counted = |bound: T| match &*bound.to_string() {
        "1" => format!("1{}", unit.trim_end_matches('s')),
        bound => format!("{bound}{unit}"),
    };
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{} to {}", least.to_string(), counted(most))),
        (Some(least), None) => Some(format!("at least {}", counted(least))),
        (None, Some(most)) => Some(format!("at most {}", counted(most))),
        (None, None) => None,
    }
}

/// The members of an object; nothing for other values.
pub(super) fn members(schema: &Schema) -> Markup {
    html! {
        @if !schema.properties.is_empty() {
            dl.members {
                @for (name, member) in &schema.properties {
                    div {
                        dt {
                            code { (name) } " " span.kind { (kind(member)) }
                            @if schema.required.contains(name) { " " strong { "required" } }
                        }
                        dd { (described(member)) (bounds(member, None)) }
                    }
                }
            }
        }
        @if let Some(AdditionalProperties::Allowed(false)) = &schema.additional_properties {
            p.note { "Unknown members are refused." }
        }
    }
}

/// The description of a value, or that of the alternative that has one.
fn described(schema: &Schema) -> Markup {
    let own = Some(schema).into_iter();
    let texts = own
        .chain(schema.alternatives())
        .map(|one| one.description.as_str());
    html! {
        @if let Some(found) = texts.into_iter().find(|text| !text.is_empty()) { (text(found)) }
    }
}

/// A value in a line: texts without quotation marks.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(value: &Value) -> Schema {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn a_type_is_a_phrase() {
        let link = "<a href=\"#shape-Day\">Day</a>";
        let of_days = format!("list of {link}");
        let day = json!({"$ref": "#/components/schemas/Day"});
        for (given, expected) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["string", "null"]}), "string or null"),
            (json!({"type": "string", "format": "uuid"}), "string (uuid)"),
            (
                json!({"type": "string", "contentEncoding": "base64"}),
                "string of base64",
            ),
            (json!({"type": ["integer", "string"]}), "integer or string"),
            (day.clone(), link),
            (json!({"type": "array", "items": day}), &*of_days),
            (
                json!({"oneOf": [{"type": "integer"}, {"type": "null"}]}),
                "integer or null",
            ),
            (
                json!({"allOf": [{"type": "object"}, {"type": "object"}]}),
                "object and object",
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
                "object with values of boolean",
            ),
            (json!({}), "any value"),
        ] {
            assert_eq!(kind(&schema(&given)).into_string(), expected, "{given}");
        }
    }

    #[test]
    fn bounds_are_phrases() {
        for (given, expected) in [
            (json!({"minLength": 1, "maxLength": 9}), "1 to 9 characters"),
            (json!({"minLength": 8}), "at least 8 characters"),
            (json!({"minLength": 1}), "at least 1 character"),
            (json!({"maxItems": 3}), "at most 3 items"),
            (json!({"minimum": 0}), ""),
            (json!({"minimum": 1, "maximum": 5}), "1 to 5"),
            (json!({"multipleOf": 86400}), "a multiple of 86400"),
            (json!({"deprecated": true}), "deprecated"),
        ] {
            assert_eq!(bound_phrases(&schema(&given)).join(", "), expected);
        }
        let given = json!({"enum": ["a", 1], "pattern": "^<$", "default": "a", "example": true});
        let expected = "<ul class=\"bounds\"><li>one of <code>a</code>, <code>1</code></li>\
            <li>pattern <code>^&lt;$</code></li><li>default <code>a</code></li>\
            <li>example <code>true</code></li></ul>";
        assert_eq!(bounds(&schema(&given), None).into_string(), expected);
        assert_eq!(bounds(&schema(&json!({})), None).into_string(), "");
    }

    #[test]
    fn members_say_whether_they_are_required_and_the_rest_is_refused() {
        let shown = members(&schema(&json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {
                "a": {"type": "string", "description": "The `a`."},
                "b": {"oneOf": [{"type": "integer", "description": "Of b."}, {"type": "null"}]},
            },
        })));
        let shown = shown.into_string();
        assert_eq!(shown.matches("<strong>required</strong>").count(), 1);
        for part in [
            "<code>a</code>",
            "The <code>a</code>.",
            "Of b.",
            "are refused",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
