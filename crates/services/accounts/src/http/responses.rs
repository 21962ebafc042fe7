//! The answers that several operations of the login share, for the OpenAPI description.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{
        Content, Header, Object, Ref, RefOr, Response, ResponseBuilder, ResponsesBuilder,
        schema::Type,
    },
};

/// The problems of every operation with a JSON body. An operation with other problems under one of
/// these statuses describes it again after this.
pub(crate) struct BodyProblems;

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problems = [
            (400, "`BAD_REQUEST`: the body broke off"),
            (408, "`REQUEST_TIMEOUT`: the body did not arrive in time"),
            (413, "`PAYLOAD_TOO_LARGE`"),
            (
                415,
                "`UNSUPPORTED_MEDIA_TYPE`: the body is not `application/json`",
            ),
            (500, "`INTERNAL`"),
            (503, "`UNAVAILABLE`, `OVERLOADED`"),
            (504, "`TIMEOUT`"),
        ];
        let responses = problems.into_iter().fold(
            ResponsesBuilder::new(),
            |responses, (status, description)| {
                responses.response(status.to_string(), problem(status, description))
            },
        );
        responses.build().into()
    }
}

/// The problems of a password that an operation takes besides its own input: those of a login.
pub(crate) struct PasswordProblems;

impl IntoResponses for PasswordProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        ResponsesBuilder::new()
            .response("423", problem(423, "`LOGIN_ACCOUNT_LOCKED`"))
            .response("429", problem(429, "`LOGIN_RATE_LIMITED`"))
            .build()
            .into()
    }
}

/// The problems of the operations that end one session or all.
pub(crate) struct LogoutProblems;

impl IntoResponses for LogoutProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        ResponsesBuilder::new()
            .response("401", problem(401, "`LOGOUT_UNAUTHORIZED`"))
            .response("422", problem(422, "`LOGOUT_VALIDATION_ERROR`"))
            .response("429", problem(429, "`LOGOUT_RATE_LIMITED`"))
            .build()
            .into()
    }
}

fn problem(status: u16, description: &str) -> Response {
    let schema = Ref::from_schema_name("ProblemDocument");
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", Content::new(Some(schema)));
    if matches!(status, 423 | 429 | 503) {
        let mut seconds = Header::new(Object::with_type(Type::Integer));
        seconds.description = Some("Seconds until the next try.".to_owned());
        return response.header("Retry-After", seconds).build();
    }
    response.build()
}
