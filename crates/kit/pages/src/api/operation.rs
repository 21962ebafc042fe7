//! One operation: what it takes, and what it answers.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    anchor,
    document::{Content, Header, Method, Operation, Parameter, ParameterLocation, Response},
    example::Examples,
    shape,
    text::{problem_text, text},
};

/// Everything about an operation.
pub(super) fn article(
    method: Method,
    path: &str,
    operation: &Operation,
    examples: Examples<'_>,
) -> Markup {
    let anchor = anchor::operation(method, path);
    html! {
        article #(anchor) {
            h3 {
                a href={ "#" (anchor) } { span.method { (method) } " " code { (path) } }
            }
            @for paragraph in [&operation.summary, &operation.description] {
                @if !paragraph.is_empty() { p { (text(paragraph)) } }
            }
            @if operation.deprecated { p.note { "Deprecated: new clients do not use it." } }
            (access(&operation.security))
            (parameters(&operation.parameters))
            (body(operation, examples))
            h4 { "Answers" }
            dl.answers {
                @for (status, response) in &operation.responses {
                    div { (answer(status, response, examples)) }
                }
            }
        }
    }
}

/// Whether an answer of this status reports a problem.
pub(super) fn reports_problem(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

fn access(security: &[BTreeMap<String, Vec<String>>]) -> Markup {
    html! {
        p.access {
            @if security.is_empty() {
                "Needs no authentication."
            } @else {
                "Authentication: "
                @for (index, together) in security.iter().enumerate() {
                    @if index > 0 { " or " }
                    @if together.is_empty() { "none" }
                    @for (index, name) in together.keys().enumerate() {
                        @if index > 0 { " with " }
                        a href={ "#" (anchor::scheme(name)) } { (name) }
                    }
                }
                "."
            }
        }
    }
}

fn parameters(parameters: &[Parameter]) -> Markup {
    html! {
        @if !parameters.is_empty() {
            h4 { "Parameters" }
            dl.members {
                @for parameter in parameters {
                    div {
                        dt {
                            code { (parameter.name) } " "
                            span.kind { (location(parameter.location)) ", " (shape::kind(&parameter.schema)) }
                            @if parameter.required { " " strong { "required" } }
                            @if parameter.deprecated { " " strong { "deprecated" } }
                        }
                        dd {
                            (text(&parameter.description))
                            (shape::bounds(&parameter.schema, parameter.example.as_ref()))
                        }
                    }
                }
            }
        }
    }
}

const fn location(location: ParameterLocation) -> &'static str {
    match location {
        ParameterLocation::Path => "in the path",
        ParameterLocation::Query => "in the query",
        ParameterLocation::Header => "header",
        ParameterLocation::Cookie => "cookie",
    }
}

fn body(operation: &Operation, examples: Examples<'_>) -> Markup {
    html! {
        @if let Some(body) = &operation.request_body {
            h4 { "Body" }
            @if !body.description.is_empty() { p { (text(&body.description)) } }
            @for (media_type, content) in &body.content {
                p {
                    code { (media_type) }
                    @if let Some(schema) = &content.schema { ", " (shape::kind(schema)) }
                    @if !body.required { ", may be left out" }
                }
                @if let Some(schema) = &content.schema {
                    @let named = schema.referred().and_then(|name| examples.shapes.get(name));
                    (shape::members(named.unwrap_or(schema)))
                }
                (example(content, examples))
            }
        }
    }
}

fn answer(status: &str, response: &Response, examples: Examples<'_>) -> Markup {
    let is_problem = reports_problem(status);
    html! {
        dt { (status) }
        dd {
            @if is_problem { (problem_text(&response.description)) } @else { (text(&response.description)) }
            @for (media_type, content) in &response.content {
                // A problem document has the same shape everywhere, and the codes say what it is.
                @if !(is_problem && media_type == PROBLEM) {
                    p {
                        code { (media_type) }
                        @if let Some(schema) = &content.schema { ", " (shape::kind(schema)) }
                    }
                    (example(content, examples))
                }
            }
            (headers(&response.headers, is_problem))
        }
    }
}

/// The media type of problem documents.
const PROBLEM: &str = "application/problem+json";

/// The headers of an answer. Those of problems are in the introduction.
fn headers(headers: &BTreeMap<String, Header>, is_problem: bool) -> Markup {
    html! {
        @if !is_problem && !headers.is_empty() {
            ul.headers {
                @for (name, header) in headers {
                    li {
                        "Header " code { (name) }
                        @if let Some(schema) = &header.schema { ", " (shape::kind(schema)) }
                        @if !header.description.is_empty() { ": " (text(&header.description)) }
                    }
                }
            }
        }
    }
}

fn example(content: &Content, examples: Examples<'_>) -> Markup {
    html! {
        @if let Some(example) = examples.of_body(content) {
            pre { code { (example) } }
        }
    }
}
