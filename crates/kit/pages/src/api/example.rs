//! Examples of bodies: what the document gives, and a placeholder of the right type for the rest.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{AdditionalProperties, Content, Kind, Schema};

/// The deepest nesting that an example shows: shapes may contain themselves.
const DEPTH: usize = 8;

/// Makes examples; `shapes` are the schemas that others refer to.
#[derive(Clone, Copy)]
pub(super) struct Examples<'a> {
    pub(super) shapes: &'a BTreeMap<String, Schema>,
}

impl Examples<'_> {
    /// The example of a body, on several lines. `None` for a body of any shape.
    pub(super) fn of_body(self, content: &Content) -> Option<String> {
        let value = match (&content.example, &content.schema) {
            (Some(example), _) => example.clone(),
            (None, Some(schema)) => self.of(schema, DEPTH)?,
            (None, None) => return None,
        };
        serde_json::to_string_pretty(&value).ok()
    }

    /// The example of a shape, on several lines.
    pub(super) fn of_shape(self, schema: &Schema) -> Option<String> {
        serde_json::to_string_pretty(&self.of(schema, DEPTH)?).ok()
    }

    fn of(self, schema: &Schema, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if let Some(given) = given(schema) {
            return Some(given.clone());
        }
        if let Some(name) = schema.referred() {
            return self.of(self.shapes.get(name)?, depth);
        }
        if let Some(first) = schema.alternatives().next() {
            return self.of(first, depth);
        }
        if !schema.all_of.is_empty() {
            let parts = schema.all_of.iter().filter_map(|part| self.of(part, depth));
            return Some(merged(parts));
        }
        let kinds = schema.kinds.as_slice();
        let kind = kinds.iter().find(|kind| **kind != Kind::Null);
        match kind.or(kinds.first())? {
            Kind::Null => Some(Value::Null),
            Kind::Boolean => Some(json!(false)),
            Kind::Integer | Kind::Number => {
                Some(schema.minimum.clone().map_or(json!(0), Value::Number))
            }
            Kind::String => Some(json!(placeholder(schema))),
            Kind::Array => {
                let item = schema.items.as_ref().and_then(|item| self.of(item, depth));
                Some(Value::Array(item.into_iter().collect()))
            }
            Kind::Object => Some(Value::Object(self.members(schema, depth))),
        }
    }

    /// The members that are required, and those with an example of their own.
    fn members(self, schema: &Schema, depth: usize) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, member) in &schema.properties {
            if (schema.required.contains(name) || given(member).is_some())
                && let Some(value) = self.of(member, depth)
            {
                members.insert(name.clone(), value);
            }
        }
        if let Some(AdditionalProperties::Schema(shape)) = &schema.additional_properties
            && let Some(value) = self.of(shape, depth)
        {
            members.insert("name".to_owned(), value);
        }
        members
    }
}

/// The example that the document gives, or the first value that is allowed.
fn given(schema: &Schema) -> Option<&Value> {
    let example = schema.example.as_ref().or(schema.examples.first());
    example
        .or(schema.default.as_ref())
        .or(schema.values.first())
}

fn placeholder(schema: &Schema) -> &'static str {
    match (schema.format.as_deref(), schema.content_encoding.as_deref()) {
        (Some("uuid"), _) => "a36c1a6b-a6aa-4861-a755-2391193f5677",
        (_, Some("base64")) => "AAECAwQFBgcICQoL",
        _ => "text",
    }
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let mut members = Map::new();
    for part in parts {
        if let Value::Object(more) = part {
            members.extend(more);
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(schema: &Value) -> Option<Value> {
        let shapes = json!({
            "Name": {"type": "string", "example": "Ann"},
            "Tree": {"type": "object", "required": ["child"],
                "properties": {"child": {"$ref": "#/components/schemas/Tree"}}},
        });
        let shapes = serde_json::from_value(shapes).unwrap();
        let schema: Schema = serde_json::from_value(schema.clone()).unwrap();
        Examples { shapes: &shapes }.of(&schema, DEPTH)
    }

    #[test]
    fn an_example_is_given_or_made_of_the_type() {
        for (schema, expected) in [
            (json!({"type": "string", "example": "a"}), json!("a")),
            (json!({"type": "string", "enum": ["b", "c"]}), json!("b")),
            (json!({"type": "string"}), json!("text")),
            (
                json!({"type": "string", "contentEncoding": "base64"}),
                json!("AAECAwQFBgcICQoL"),
            ),
            (json!({"type": ["integer", "null"], "minimum": 1}), json!(1)),
            (json!({"type": "boolean"}), json!(false)),
            (json!({"type": "null"}), json!(null)),
            (json!({"$ref": "#/components/schemas/Name"}), json!("Ann")),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Name"}}),
                json!(["Ann"]),
            ),
            (
                json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}),
                json!(0),
            ),
            (
                json!({"allOf": [
                    {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}},
                    {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}},
                ]}),
                json!({"a": false, "b": 0}),
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "integer"}}),
                json!({"name": 0}),
            ),
        ] {
            assert_eq!(example(&schema), Some(expected), "{schema}");
        }
    }

    #[test]
    fn an_object_shows_required_members_and_those_with_examples() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "c": {"type": "integer", "example": 7},
        }});
        assert_eq!(example(&schema), Some(json!({"a": 0, "c": 7})));
    }

    #[test]
    fn a_shape_that_contains_itself_ends() {
        let tree = example(&json!({"$ref": "#/components/schemas/Tree"}));
        assert!(tree.unwrap().to_string().len() < 100);
        assert_eq!(example(&json!({"$ref": "#/components/schemas/None"})), None);
        assert_eq!(example(&json!({})), None);
    }
}
