//! `PUT /v2/conference/participants`: joins a call on a media server.

use std::sync::Arc;

use anteroom_http_server::{Problem, request_client};
use anteroom_wire::rooms::{JoinBody, JoinedBody, Reason, ReasonBody};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, header};

use super::{
    answers::{not_found, private, redirect},
    authorization::claim_of_headers,
    bodies::json_body,
    description::problem_responses,
    problems,
    room_headers::single,
};
use crate::{
    domain::{
        external_media::{
            join::{JoinedMediaCall, MediaClientParams, join as join_call},
            platform::Platform,
            transport::{ClientTransport, TransportError},
        },
        failure::JoinRefusal,
        node::Region,
    },
    state::RoomsState,
};

problem_responses!(JoinProblems:
    ROOM_ID_INVALID, ROOM_EPOCH_INVALID, ROOM_AUTHORIZATION_INVALID, ROOM_UNAUTHORIZED,
    CALL_JOIN_INCOMPLETE, ROOM_FORBIDDEN, CALL_GUESTS_REFUSED, CALL_START_FORBIDDEN, CALL_USE_SOCKET, CALL_FULL,
    CALL_JOIN_INVALID, UNPROCESSABLE, ROOM_RATE_LIMITED, ROOM_VERIFICATION_LIMITED,
    CALL_MEDIA_UNAVAILABLE, UNAVAILABLE
);

/// Joins the call of a room. Starts a call if the room has none.
#[utoipa::path(
    put,
    path = "/v2/conference/participants",
    tag = "calls",
    params(
        ("X-Room-Id" = Option<String>, Header,
            pattern = "^[!-9;-~]{1,128}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room of a call link."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
        ("region" = Option<String>, Query, description = "The region of the node that redirected \
            the client: 1 to 64 letters, digits, `-` and `_`. The media server is told it in place \
            of this node's own; anything else counts as none."),
    ),
    request_body = JoinBody,
    responses(
        (status = OK, body = JoinedBody, description = "The client is announced."),
        (status = TEMPORARY_REDIRECT, description = "Another node has the call: `Location` is the \
            same request there, with `region`."),
        (status = NOT_FOUND, body = ReasonBody, description = "Why there is no call to join."),
        JoinProblems,
    ),
    security(("presentation" = []), ("group" = []))
)]
pub(crate) async fn join(
    State(state): State<Arc<RoomsState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let claim = claim_of_headers(&state, &head.headers)?;
    let body: JoinBody = json_body(&head.headers, body, &state.http).await?;
    let transport = ClientTransport {
        ice_ufrag: body.ice_ufrag,
        ice_pwd: body.ice_pwd,
        dhe_public_key: body.dhe_public_key,
        hkdf_extra_info: body.hkdf_extra_info,
    };
    transport.check()?;
    let redirected_from = head.uri.query().and_then(Region::of_query);
    let own = state.context.node.region();
    let params = MediaClientParams {
        transport: &transport,
        region: redirected_from.as_ref().map_or(own, Region::as_str),
        platform: platform_of_headers(&head.headers),
    };
    let passkey = body.admin_passkey.as_ref();
    let passkey = passkey.map(anteroom_wire::Base64::as_bytes);
    let media = state.external_media.as_ref();
    match join_call(&state.context, media, claim, passkey, client, &params).await {
        Ok(joined) => Ok(private(joined_body(joined))),
        Err(refusal) => refused(&state, refusal),
    }
}

fn joined_body(call: JoinedMediaCall) -> JoinedBody {
    let answer = call.answer;
    JoinedBody {
        demux_id: call.demux_id.number(),
        port: answer.server_port,
        port_tcp: answer.server_port_tcp,
        port_tls: answer.server_port_tls,
        ips: answer.server_ips,
        hostname: answer.server_hostname,
        ice_ufrag: answer.server_ice_ufrag,
        ice_pwd: answer.server_ice_pwd,
        dhe_public_key: answer.server_dhe_public_key,
        call_creator: call.creator.as_str().to_owned(),
        conference_id: call.era.to_string(),
        client_status: answer.client_status,
    }
}

fn refused(state: &RoomsState, refusal: JoinRefusal) -> Result<Response, Problem> {
    Err(match refusal {
        JoinRefusal::UnknownLink => return Ok(not_found(Reason::Invalid)),
        JoinRefusal::Closed => return Ok(not_found(Reason::Expired)),
        JoinRefusal::Elsewhere(node) => {
            return Ok(redirect(&state.context.node.participants_url(&node)));
        }
        JoinRefusal::Claim(refusal) => refusal.into(),
        JoinRefusal::GuestsRefused => Problem::new(&problems::CALL_GUESTS_REFUSED),
        JoinRefusal::UseSocket => Problem::new(&problems::CALL_USE_SOCKET),
        JoinRefusal::StartForbidden => Problem::new(&problems::CALL_START_FORBIDDEN),
        JoinRefusal::Limited(after) => {
            Problem::new(&problems::ROOM_RATE_LIMITED).retry_after(after)
        }
        JoinRefusal::Full => Problem::new(&problems::CALL_FULL),
        JoinRefusal::MediaUnavailable => Problem::new(&problems::CALL_MEDIA_UNAVAILABLE),
    })
}

impl From<TransportError> for Problem {
    fn from(error: TransportError) -> Self {
        Self::new(match error {
            TransportError::Incomplete => &problems::CALL_JOIN_INCOMPLETE,
            TransportError::Invalid => &problems::CALL_JOIN_INVALID,
        })
    }
}

/// Returns the platform of the one `User-Agent`.
fn platform_of_headers(headers: &HeaderMap) -> Platform {
    let agent = single(headers, &header::USER_AGENT).ok().flatten();
    agent.map_or(Platform::Unknown, Platform::of_user_agent)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_user_agent_that_is_missing_repeated_or_no_text_names_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(platform_of_headers(&headers), Platform::Unknown);
        let android = HeaderValue::from_static("Signal-Android/7.20.1 Android/34");
        headers.append(header::USER_AGENT, android.clone());
        assert_eq!(platform_of_headers(&headers), Platform::Android);
        headers.append(header::USER_AGENT, android);
        assert_eq!(platform_of_headers(&headers), Platform::Unknown);
        let odd = HeaderValue::from_bytes(b"Signal-iOS/\xff").unwrap();
        headers.insert(header::USER_AGENT, odd);
        assert_eq!(platform_of_headers(&headers), Platform::Unknown);
    }
}
