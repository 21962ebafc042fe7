//! The OpenAPI description, apart from the endpoints.

use std::collections::BTreeMap;

use anteroom_http_server::{ProblemDocument, ProblemKind};
use utoipa::{
    Modify, OpenApi, ToSchema as _,
    openapi::{
        self, Content, Ref, RefOr, Response, ResponseBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

/// An auth presentation that is past its redemption time: 505 bytes as base64.
const AUTH_PRESENTATION: &str = "AT4jmT3Er5lRXQ+5PlH7LgHbW0p7Tj1A/9FmNZy2/fcHVpA9zkjw30S8pGyVHPKbpeBu5vCelcw5SZOyyYFl\
     eGhyNfAsONXEIV2LvmfxaJGfHZQ11e310WEQnEZWDptcdAMAAAAAAAAAiPvVkxkHvJkNnyOL1w4dCiXYkvvM\
     Xn6ULkFrJ4dv/3+KO418nxOFxyCg6B5+M0b5Dtf7yqUh76vp42WWcXKbVojWMS29LS9iV0ZOWBabTDL1rtA5\
     o2mH2znFTaDLDys14AAAAAAAAAD7mMwEz3bUkcgLf4l37g8yRQ3dTns8hTUbcd3hRTiZBCI6kMbGqI0eebH8\
     iVmZHX4TvM1me7qo+crN/FGzwOYM64PmxMz+nkruArv5k4N4IDtw3reF6vVbqigf4QRL9AeV24QzrUx0U3gF\
     2Pf0FStEkveY6nb/CfHJ5YphtHxyAML6edZEuab2XH3bIk8dLI43B6QP4CqIIWrv4BUhrAcMPArI56jvOd7Z\
     T1YkJ11+1/NICO9jMuZOFP9U1DgfYAeIe882FPq1snftiD7CGvB2Bx3IASMr+ejAYkgvzmikApzyDTodOuJ9\
     gwbAe3sHA3LO7RcCAVDlcmzVXCIOOfEPXoK2zmo7l+6N7fXyxC5SnOLQzFv1vfAJHQlyiivCYGWAdgdrAAAA\
     AA==";

/// Declares the problems of an operation, in the order in which its description lists them. Those
/// of every operation are added to each description.
macro_rules! problem_responses {
    ($operation:ident: $($kind:ident),+) => {
        struct $operation;

        impl utoipa::IntoResponses for $operation {
            fn responses() -> $crate::http::description::Responses {
                $crate::http::description::responses_of(&[$(&$crate::http::problems::$kind),+])
            }
        }
    };
}
pub(super) use problem_responses;

/// The responses of an operation, by status.
pub(super) type Responses = BTreeMap<String, RefOr<Response>>;

/// Returns a response for each status, which lists the codes of the problems with that status.
pub(super) fn responses_of(kinds: &[&ProblemKind]) -> Responses {
    let mut codes = BTreeMap::<_, Vec<_>>::new();
    for kind in kinds {
        let of_status = codes.entry(kind.status.as_str().to_owned()).or_default();
        of_status.push(format!("`{}`", kind.code));
    }
    let response = |codes: Vec<String>| {
        let schema = Ref::from_schema_name(ProblemDocument::name());
        ResponseBuilder::new()
            .description(codes.join(", "))
            .content("application/problem+json", Content::new(Some(schema)))
            .build()
    };
    let responses = codes.into_iter();
    responses
        .map(|(status, codes)| (status, response(codes).into()))
        .collect()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anteroom rooms",
        description = "Call links and the calls in them. Never learns an account.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&Claims),
    tags(
        (name = "links", description = "Call links."),
        (name = "calls", description = "Who is in a call, and how to get in."),
        (name = "health", description = "How the service is."),
    )
)]
pub(super) struct Description;

struct Claims;

impl Modify for Claims {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let mut presentation = Http::new(HttpAuthScheme::Bearer);
        presentation.description = Some(format!(
            "`auth.` and an auth presentation as base64, or, to create a link, `create.` and a \
             create presentation. One of a day that is over: `auth.{AUTH_PRESENTATION}`."
        ));
        let mut group = Http::new(HttpAuthScheme::Basic);
        group.description = Some("Any name, and a token for group calls.".to_owned());
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("presentation", SecurityScheme::Http(presentation));
        components.add_security_scheme("group", SecurityScheme::Http(group));
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::AuthPresentation;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn the_presentation_has_the_form_of_a_real_one() {
        let bytes = STANDARD.decode(AUTH_PRESENTATION).unwrap();
        assert_eq!(bytes.len(), 505);
        assert!(AuthPresentation::from_bytes(&bytes).is_ok());
    }
}
