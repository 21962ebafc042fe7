//! The parts of an OpenAPI document that the page shows.
//!
//! Unknown members are an error: the page would leave out silently whatever they say.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Number, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "openapi")]
    pub(super) version: String,
    pub(super) info: Info,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    pub(super) paths: BTreeMap<String, BTreeMap<Method, Operation>>,
    #[serde(default)]
    pub(super) components: Components,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) license: Option<License>,
}

#[derive(Deserialize)]
pub(super) struct License {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    Get,
    Head,
    Options,
    Post,
    Put,
    Patch,
    Delete,
    Trace,
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Trace => "TRACE",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Operation {
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) description: String,
    /// The page names operations by method and path.
    #[serde(default, rename = "operationId")]
    _id: String,
    #[serde(default)]
    pub(super) deprecated: bool,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    pub(super) request_body: Option<Body>,
    pub(super) responses: BTreeMap<String, Response>,
    /// One of these is enough; each is the names of schemes that are wanted together.
    #[serde(default)]
    pub(super) security: Vec<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) location: ParameterLocation,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) deprecated: bool,
    pub(super) schema: Schema,
    pub(super) example: Option<Value>,
}

/// The part of a request that a parameter stands in.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Content>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    pub(super) schema: Option<Schema>,
    pub(super) example: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) description: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Header>,
    #[serde(default)]
    pub(super) content: BTreeMap<String, Content>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    #[serde(default)]
    pub(super) description: String,
    pub(super) schema: Option<Schema>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: BTreeMap<String, Schema>,
    pub(super) security_schemes: BTreeMap<String, SecurityScheme>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SecurityScheme {
    /// Always `http`: other kinds have other members.
    #[serde(rename = "type")]
    _kind: HttpKind,
    pub(super) scheme: String,
    pub(super) bearer_format: Option<String>,
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Deserialize)]
enum HttpKind {
    #[serde(rename = "http")]
    Http,
}

/// The shape of a value: the keywords of JSON Schema.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kinds: Kinds,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) deprecated: bool,
    pub(super) format: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) multiple_of: Option<Number>,
    #[serde(rename = "enum")]
    pub(super) values: Vec<Value>,
    pub(super) default: Option<Value>,
    pub(super) example: Option<Value>,
    pub(super) examples: Vec<Value>,
    pub(super) properties: BTreeMap<String, Self>,
    pub(super) required: Vec<String>,
    pub(super) additional_properties: Option<AdditionalProperties>,
    /// The names of members are always texts.
    #[serde(rename = "propertyNames")]
    _property_names: Option<Value>,
    pub(super) items: Option<Box<Self>>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) one_of: Vec<Self>,
    pub(super) any_of: Vec<Self>,
    pub(super) all_of: Vec<Self>,
}

/// Whether an object may have members besides those that are named, and of which shape.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AdditionalProperties {
    Allowed(bool),
    Schema(Box<Schema>),
}

/// The `type` of a schema: none, one or several.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Kinds {
    #[default]
    Any,
    One(Kind),
    Several(Vec<Kind>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Kinds {
    pub(super) fn as_slice(&self) -> &[Kind] {
        match self {
            Self::Any => &[],
            Self::One(kind) => std::slice::from_ref(kind),
            Self::Several(kinds) => kinds,
        }
    }
}

impl Schema {
    /// The name of the shape that this one refers to.
    pub(super) fn referred(&self) -> Option<&str> {
        let reference = self.reference.as_deref()?;
        Some(reference.rsplit('/').next().unwrap_or(reference))
    }

    /// The alternatives, without `null`.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = &Self> {
        let all = self.one_of.iter().chain(&self.any_of);
        all.filter(|schema| schema.kinds.as_slice() != [Kind::Null])
    }

    pub(super) fn may_be_null(&self) -> bool {
        let is_null = |schema: &Self| schema.kinds.as_slice() == [Kind::Null];
        let alternatives = || self.one_of.iter().chain(&self.any_of);
        self.kinds.as_slice().contains(&Kind::Null) || alternatives().any(is_null)
    }
}
