//! The problems of operations, for the OpenAPI description.

use utoipa::{
    PartialSchema as _,
    openapi::{Content, Header, Ref, ResponseBuilder},
};

/// Declares a type for `responses(…)` of an operation: its problems, as `status "codes"`. `waits`
/// adds `Retry-After`. What all operations answer is added to the document later, by
/// [`complete_description`](anteroom_http_server::complete_description).
#[macro_export]
macro_rules! problem_responses {
    ($(#[$doc:meta])* $name:ident: $($status:literal $codes:literal $(waits $($until:literal)?)?,)*) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl ::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<
                String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Response>,
            > {
                ::utoipa::openapi::ResponsesBuilder::new()
                    $(.response(
                        stringify!($status),
                        $crate::described_problem($codes)
                            $(.header("Retry-After", $crate::described_wait(&[$($until)?])))?
                            .build(),
                    ))*
                    .build()
                    .into()
            }
        }
    };
}

/// Returns the description of a problem document with one of these codes.
pub fn described_problem(codes: &str) -> ResponseBuilder {
    let schema = Ref::from_schema_name("ProblemDocument");
    ResponseBuilder::new()
        .description(codes)
        .content("application/problem+json", Content::new(Some(schema)))
}

/// Returns the description of `Retry-After`, which counts to the next request unless `until` says
/// another end.
pub fn described_wait(until: &[&str]) -> Header {
    let mut header = Header::new(u64::schema());
    let meaning = until.first().unwrap_or(&"Seconds until the next request.");
    header.description = Some((*meaning).to_owned());
    header
}

problem_responses! {
    /// The problems of every operation with a JSON body. An operation with other problems under one
    /// of these statuses describes it again after this.
    BodyProblems:
    400 "`BAD_REQUEST`: the body broke off",
    408 "`REQUEST_TIMEOUT`: the body did not arrive in time",
    415 "`UNSUPPORTED_MEDIA_TYPE`: the body is not `application/json`",
    503 "`UNAVAILABLE`",
}

problem_responses! {
    /// The problems of the operations that end one session or all.
    LogoutProblems:
    401 "`LOGOUT_UNAUTHORIZED`",
    422 "`LOGOUT_VALIDATION_ERROR`",
    429 "`LOGOUT_RATE_LIMITED`",
}

problem_responses! {
    /// The problems of a password that an operation takes besides its own input: those of a login.
    PasswordProblems:
    423 "`LOGIN_ACCOUNT_LOCKED`",
    429 "`LOGIN_RATE_LIMITED`",
}
