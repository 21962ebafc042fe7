//! The answers of the middleware to any operation, in a service's OpenAPI document.

use std::collections::BTreeMap;

use axum::{Router, body::Bytes, routing::get};
use http::{StatusCode, header};
use utoipa::openapi::{
    Content, Header, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    path::{Operation, Parameter, PathItem},
    schema::{Object, OneOf, SchemaType, Type},
};

use crate::{
    problem::{PROBLEM_JSON, Problem, ProblemDocument, ProblemKind, problems},
    routes::is_probe,
};

/// The problems of every operation: an internal failure, and a timeout.
const EVERYWHERE: [&ProblemKind; 2] = [&problems::INTERNAL, &problems::TIMEOUT];

/// The problems of every operation except health probes: too many requests at the same time.
const WITHOUT_ROOM: [&ProblemKind; 2] = [&problems::OVERLOADED, &problems::ADDRESS_BUSY];

/// The problems of every operation with a body.
const WITH_A_BODY: [&ProblemKind; 4] = [
    &problems::BAD_REQUEST,
    &problems::REQUEST_TIMEOUT,
    &problems::PAYLOAD_TOO_LARGE,
    &problems::UNSUPPORTED_MEDIA_TYPE,
];

const HEAD_TOO_LARGE: &str = "The request's head is too large: without a body.";

/// Completes a document whose operations list only their own answers.
///
/// Adds to each operation the problems of [`with_middleware`](crate::with_middleware) and, if it has a body, those of
/// [`bounded_body`](crate::bounded_body) and [`require_json`](crate::require_json). Adds to each
/// answer the headers of its status. Removes `null` from values that travel as text and from
/// optional members, where it stands only because the handler's type is an `Option`.
pub fn complete_description(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete_operation(path, operation);
        }
    }
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .entry(<ProblemDocument as utoipa::ToSchema>::name().into_owned())
        .or_insert_with(<ProblemDocument as utoipa::PartialSchema>::schema);
}

/// Returns `GET /openapi.json`. All answers share one text, so that answers that wait for clients
/// take no memory.
pub fn description_router(document: &OpenApi) -> Router {
    let text = serde_json::to_vec(document).map(Bytes::from).ok();
    let answer = || async move {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        text.map(|text| (kind, text))
            .ok_or(Problem::new(&problems::INTERNAL))
    };
    Router::new().route("/openapi.json", get(answer))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        options,
        head,
        patch,
        trace,
        ..
    } = item;
    [get, put, post, delete, options, head, patch, trace]
        .into_iter()
        .flatten()
}

fn complete_operation(path: &str, operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(Parameter {
            schema: Some(RefOr::T(schema)),
            ..
        }) = parameter
        {
            forbid_null(schema);
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        let contents = body.content.values_mut().filter_map(inline);
        for schema in contents.filter_map(|content| content.schema.as_mut()) {
            if let RefOr::T(Schema::OneOf(choices)) = schema
                && let Some(only) = without_null(choices)
            {
                *schema = only;
                body.required = Some(Required::False);
            }
        }
        for kind in WITH_A_BODY {
            add(operation, kind);
        }
    }
    for kind in EVERYWHERE {
        add(operation, kind);
    }
    if !is_probe(path) {
        for kind in WITHOUT_ROOM {
            add(operation, kind);
        }
    }
    let head_too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let answers = &mut operation.responses.responses;
    answers
        .entry(head_too_large.as_str().to_owned())
        .or_insert_with(|| Response::new(HEAD_TOO_LARGE).into());
    add_headers(answers);
}

fn inline<T>(value: &mut RefOr<T>) -> Option<&mut T> {
    match value {
        RefOr::T(value) => Some(value),
        RefOr::Ref(_) => None,
    }
}

/// Adds a problem to the answer with its status, or adds that answer.
fn add(operation: &mut Operation, kind: &ProblemKind) {
    let answers = &mut operation.responses.responses;
    let answer = answers
        .entry(kind.status.as_str().to_owned())
        .or_insert_with(|| {
            let name = <ProblemDocument as utoipa::ToSchema>::name();
            let content = Content::new(Some(Ref::from_schema_name(name)));
            let answer = ResponseBuilder::new().content(PROBLEM_JSON, content);
            answer.build().into()
        });
    let Some(answer) = inline(answer) else { return };
    let code = format!("`{}`", kind.code);
    if answer.description.contains(&code) {
        return;
    }
    if !answer.description.is_empty() {
        answer.description.push_str(", ");
    }
    answer.description.push_str(&code);
}

fn add_headers(answers: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, answer) in answers {
        let (name, kind, meaning) = match status.as_str() {
            "401" => ("WWW-Authenticate", Type::String, "How to authenticate."),
            "307" => ("Location", Type::String, "Where to go instead."),
            "423" | "429" | "503" => ("Retry-After", Type::Integer, "Seconds until the next try."),
            _ => continue,
        };
        let Some(answer) = inline(answer) else {
            continue;
        };
        let is_there = answer
            .headers
            .keys()
            .any(|known| known.eq_ignore_ascii_case(name));
        if !is_there {
            let mut header = Header::new(Object::with_type(kind));
            header.description = Some(meaning.to_owned());
            answer.headers.insert(name.to_owned(), header.into());
        }
    }
}

/// Removes `null` from a parameter: a parameter is text and cannot be `null`.
fn forbid_null(schema: &mut Schema) {
    let Schema::Object(object) = schema else {
        return;
    };
    if let SchemaType::Array(types) = &mut object.schema_type {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            object.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// Returns the only choice beside `null`.
fn without_null(choices: &OneOf) -> Option<RefOr<Schema>> {
    let is_null = |choice: &RefOr<Schema>| {
        matches!(choice, RefOr::T(Schema::Object(object))
            if object.schema_type == SchemaType::Type(Type::Null))
    };
    let mut others = choices.items.iter().filter(|choice| !is_null(choice));
    match (others.next(), others.next()) {
        (Some(only), None) if choices.items.len() > 1 => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;
    use utoipa::ToSchema;
    use utoipa_axum::{router::OpenApiRouter, routes};

    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Body {
        name: String,
    }

    #[utoipa::path(
        get,
        path = "/plain",
        params(("X-Epoch" = Option<u32>, Header, description = "Which.")),
        responses(
            (status = OK, description = "It is."),
            (status = UNAUTHORIZED, description = "`NOBODY`"),
            (status = SERVICE_UNAVAILABLE, description = "`UNAVAILABLE`"),
        )
    )]
    async fn plain() {}

    #[utoipa::path(
        post,
        path = "/body",
        request_body(content = Option<Body>),
        responses(
            (status = OK, description = "It is."),
            (status = BAD_REQUEST, description = "`WRONG`", body = ProblemDocument,
                content_type = "application/problem+json"),
            (status = TOO_MANY_REQUESTS, description = "`LIMITED`"),
        )
    )]
    async fn body() {}

    #[utoipa::path(get, path = "/health/live", responses((status = OK, description = "It is.")))]
    async fn live() {}

    fn described() -> Value {
        let mut document = OpenApiRouter::<()>::new()
            .routes(routes!(plain))
            .routes(routes!(body))
            .routes(routes!(live))
            .into_openapi();
        complete_description(&mut document);
        serde_json::to_value(document).unwrap()
    }

    fn statuses(operation: &Value) -> Vec<&str> {
        operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn every_operation_has_the_answers_of_the_shell_and_of_reading_a_body() {
        let paths = &described()["paths"];
        for (operation, expected) in [
            (&paths["/plain"]["get"], "200 401 429 431 500 503 504"),
            (
                &paths["/body"]["post"],
                "200 400 408 413 415 429 431 500 503 504",
            ),
            (&paths["/health/live"]["get"], "200 431 500 504"),
        ] {
            assert_eq!(statuses(operation).join(" "), expected);
        }
        let answers = &paths["/body"]["post"]["responses"];
        assert_eq!(answers["400"]["description"], "`WRONG`, `BAD_REQUEST`");
        assert_eq!(answers["415"]["description"], "`UNSUPPORTED_MEDIA_TYPE`");
        assert_eq!(
            answers["415"]["content"],
            json!({"application/problem+json":
                {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}})
        );
        assert!(answers["431"]["content"].is_null());
    }

    #[tokio::test]
    async fn all_answers_with_the_description_share_one_text() {
        let mut document = OpenApiRouter::<()>::new()
            .routes(routes!(body))
            .into_openapi();
        complete_description(&mut document);
        let router = description_router(&document);
        let answer = async || {
            let request = Request::get("/openapi.json")
                .body(axum::body::Body::empty())
                .unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.headers()["content-type"], "application/json");
            answer.into_body().collect().await.unwrap().to_bytes()
        };
        let (one, other) = (answer().await, answer().await);
        assert_eq!(one.as_ptr(), other.as_ptr());
        let read: Value = serde_json::from_slice(&one).unwrap();
        assert_eq!(read, serde_json::to_value(&document).unwrap());
    }

    #[test]
    fn completing_a_document_twice_changes_nothing() {
        let mut document = OpenApiRouter::<()>::new()
            .routes(routes!(body))
            .into_openapi();
        complete_description(&mut document);
        let once = serde_json::to_value(&document).unwrap();
        complete_description(&mut document);
        assert_eq!(serde_json::to_value(&document).unwrap(), once);
    }

    #[test]
    fn an_answer_names_the_headers_of_its_status() {
        let paths = &described()["paths"];
        let header = |operation: &str, method: &str, status: &str, name: &str| {
            paths[operation][method]["responses"][status]["headers"][name]["schema"]["type"].clone()
        };
        assert_eq!(header("/plain", "get", "401", "WWW-Authenticate"), "string");
        assert_eq!(header("/plain", "get", "503", "Retry-After"), "integer");
        assert_eq!(header("/body", "post", "429", "Retry-After"), "integer");
    }

    #[test]
    fn nothing_that_travels_as_text_or_may_be_left_out_is_null() {
        let paths = &described()["paths"];
        let parameter = &paths["/plain"]["get"]["parameters"][0];
        assert_eq!(parameter["required"], false);
        assert_eq!(parameter["schema"]["type"], "integer");
        let body = &paths["/body"]["post"]["requestBody"];
        assert_eq!(
            body["content"]["application/json"]["schema"],
            json!({"$ref": "#/components/schemas/Body"})
        );
        assert_ne!(body["required"], true);
    }
}
