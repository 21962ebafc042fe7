//! The page as a whole.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    anchor, codes,
    document::{Document, Method, Operation, Schema, SecurityScheme},
    example::Examples,
    operation, shape,
    text::{first_sentence, text},
};
use crate::card::document as whole_page;

/// The style sheet, relative to the page.
pub(super) const STYLE: &str = "docs/style.css";

/// The tag of operations that have none.
const OTHERS: &str = "others";

/// The page of a description.
pub(super) fn page(description: &Document) -> String {
    let groups = groups(description);
    let title = format!("{}: HTTP API", description.info.title);
    let content = html! {
        div.docs {
            (contents(description, &groups))
            main {
                (introduction(&title, description))
                (access(&description.components.security_schemes))
                @for group in &groups { (section(group, description)) }
                (shapes(&description.components.schemas))
                (codes::section(description))
            }
        }
    };
    whole_page(&title, STYLE, &content)
}

/// The operations of a tag.
struct Group<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<(&'a str, Method, &'a Operation)>,
}

impl<'a> Group<'a> {
    const fn new(name: &'a str, description: &'a str) -> Self {
        Self {
            name,
            description,
            operations: Vec::new(),
        }
    }
}

/// The operations by their first tag, in the order of the tags.
fn groups(description: &Document) -> Vec<Group<'_>> {
    let tags = description.tags.iter();
    let mut groups: Vec<Group<'_>> = tags
        .map(|tag| Group::new(&tag.name, &tag.description))
        .collect();
    let mut others = Group::new(OTHERS, "");
    for (path, item) in &description.paths {
        for (method, operation) in item {
            let tag = operation.tags.first().map_or("", String::as_str);
            let known = groups.iter_mut().find(|group| group.name == tag);
            known
                .unwrap_or(&mut others)
                .operations
                .push((path, *method, operation));
        }
    }
    groups.push(others);
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn contents(description: &Document, groups: &[Group<'_>]) -> Markup {
    let components = &description.components;
    html! {
        nav aria-label="Contents" {
            p.brand { "Anteroom" }
            @for group in groups {
                p { a href={ "#" (anchor::tag(group.name)) } { (group.name) } }
                ul {
                    @for (path, method, operation) in &group.operations {
                        li {
                            a href={ "#" (anchor::operation(*method, path)) } {
                                span.method { (method) } " " (path)
                            }
                            span.hint { (first_sentence(&operation.summary)) }
                        }
                    }
                }
            }
            @if !components.schemas.is_empty() { p { a href="#shapes" { "Shapes" } } }
            p { a href="#codes" { "Problem codes" } }
        }
    }
}

fn introduction(title: &str, description: &Document) -> Markup {
    let info = &description.info;
    html! {
        header {
            h1 { (title) }
            p { (text(&info.description)) }
            p {
                "Version " (info.version)
                @if let Some(license) = &info.license { ", " (license.name) }
                ". The same for programs: " a href="openapi.json" { "OpenAPI " (description.version) }
                "."
            }
            p {
                "A status from 400 on comes with a problem document (RFC 9457, "
                (shape::shape_link("ProblemDocument")) "), unless the operation says otherwise. Its "
                a href="#codes" { "code" } " says what is wrong. 429 and 503 come with "
                code { "Retry-After" } ", the seconds until the next try, and 401 with "
                code { "WWW-Authenticate" } "."
            }
        }
    }
}

fn access(schemes: &BTreeMap<String, SecurityScheme>) -> Markup {
    html! {
        @if !schemes.is_empty() {
            section {
                h2 #access { "Authentication" }
                dl.members {
                    @for (name, scheme) in schemes {
                        div #(anchor::scheme(name)) {
                            dt {
                                (name) " "
                                span.kind {
                                    "HTTP " (scheme.scheme)
                                    @if let Some(format) = &scheme.bearer_format { ", " (format) }
                                }
                            }
                            dd { (text(&scheme.description)) }
                        }
                    }
                }
            }
        }
    }
}

fn section(group: &Group<'_>, description: &Document) -> Markup {
    let examples = Examples {
        shapes: &description.components.schemas,
    };
    html! {
        section {
            h2 #(anchor::tag(group.name)) { (group.name) }
            @if !group.description.is_empty() { p { (text(group.description)) } }
            @for (path, method, operation) in &group.operations {
                (operation::article(*method, path, operation, examples))
            }
        }
    }
}

fn shapes(schemas: &BTreeMap<String, Schema>) -> Markup {
    let examples = Examples { shapes: schemas };
    html! {
        @if !schemas.is_empty() {
            section {
                h2 #shapes { "Shapes" }
                @for (name, schema) in schemas {
                    article #(anchor::shape(name)) {
                        h3 { a href={ "#" (anchor::shape(name)) } { (name) } }
                        @if !schema.description.is_empty() { p { (text(&schema.description)) } }
                        @if schema.properties.is_empty() {
                            p { (shape::kind(schema)) }
                            (shape::bounds(schema, None))
                        } @else {
                            (shape::members(schema))
                            @if let Some(example) = examples.of_shape(schema) {
                                pre { code { (example) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
