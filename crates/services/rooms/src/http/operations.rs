//! The operations of the room service, and the routes that request them.

use anteroom_http_server::RouteOperation;
use anteroom_runtime::{Area::GroupCallSignaling, Operation};

const READ_LINK: Operation = Operation::new(GroupCallSignaling, "read-link");
const CHANGE_LINK: Operation = Operation::new(GroupCallSignaling, "change-link");
const DELETE_LINK: Operation = Operation::new(GroupCallSignaling, "delete-link");
const PEEK: Operation = Operation::new(GroupCallSignaling, "peek");
const JOIN_ON_MEDIA_SERVER: Operation = Operation::new(GroupCallSignaling, "join-on-media-server");
/// Clients open a socket in order to join.
const OPEN_SOCKET: Operation = Operation::preparatory(GroupCallSignaling, "open-socket");
const REPLACE_APPROVALS: Operation = Operation::new(GroupCallSignaling, "replace-approvals");
const END_CALL: Operation = Operation::new(GroupCallSignaling, "end-call");

/// Every route of the public router except those that are not operations: health probes, the
/// OpenAPI description and the pages.
pub const OPERATIONS: &[RouteOperation] = &[
    RouteOperation::new("GET", "/v1/call-link", READ_LINK),
    RouteOperation::new("PUT", "/v1/call-link", CHANGE_LINK),
    RouteOperation::new("DELETE", "/v1/call-link", DELETE_LINK),
    RouteOperation::new("GET", "/v2/conference/participants", PEEK),
    RouteOperation::new("PUT", "/v2/conference/participants", JOIN_ON_MEDIA_SERVER),
    RouteOperation::socket("/v3/conference/socket", OPEN_SOCKET),
];

/// Every route of the internal router except its health probe.
pub const INTERNAL_OPERATIONS: &[RouteOperation] = &[
    RouteOperation::new("PUT", "/v1/call-link-approvals", REPLACE_APPROVALS),
    RouteOperation::new("DELETE", "/v2/conference/{room}/{era}", END_CALL),
    RouteOperation::new("DELETE", "/v2/conference", END_CALL),
];
