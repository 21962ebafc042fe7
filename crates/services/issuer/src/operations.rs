//! The operations of the issuer, and the routes that request them.

use anteroom_http_server::RouteOperation;
use anteroom_runtime::{
    Area::{
        DeviceManagement, EncryptedGroupMetadata, GroupCallSignaling, Login, VoipCallSignaling,
    },
    Operation,
};

const ISSUE_CREATE_CREDENTIAL: Operation =
    Operation::new(GroupCallSignaling, "issue-create-credential");
const ISSUE_LINK_CREDENTIALS: Operation =
    Operation::new(GroupCallSignaling, "issue-link-credentials");
const READ_PARAMS: Operation = Operation::new(GroupCallSignaling, "read-params");
const ISSUE_GROUP_CREDENTIALS: Operation =
    Operation::new(EncryptedGroupMetadata, "issue-group-credentials");
const ISSUE_RELAYS: Operation = Operation::new(VoipCallSignaling, "issue-relays");
const IDENTIFY: Operation = Operation::new(Login, "identify");
const ADD_GUEST: Operation = Operation::new(Login, "add-guest");
const SIGN_UP: Operation = Operation::new(Login, "sign-up");
const VERIFY_EMAIL: Operation = Operation::new(Login, "verify-email");
const RESEND_VERIFICATION: Operation = Operation::new(Login, "resend-verification");
const LOG_IN: Operation = Operation::new(Login, "log-in");
const REFRESH: Operation = Operation::new(Login, "refresh");
const LOG_OUT: Operation = Operation::new(Login, "log-out");
const LOG_OUT_EVERYWHERE: Operation = Operation::new(Login, "log-out-everywhere");
const REQUEST_RESET: Operation = Operation::new(Login, "request-password-reset");
const CONFIRM_RESET: Operation = Operation::new(Login, "confirm-password-reset");
const READ_TOKEN_KEYS: Operation = Operation::new(Login, "read-token-keys");
const LIST_DEVICES: Operation = Operation::new(DeviceManagement, "list-devices");
const REGISTER_DEVICE: Operation = Operation::new(DeviceManagement, "register-device");
const RENAME_DEVICE: Operation = Operation::new(DeviceManagement, "rename-device");
const DELETE_DEVICE: Operation = Operation::new(DeviceManagement, "delete-device");

/// Every route except those that are not operations: health probes, the OpenAPI description, and
/// the pages with their files. A sent form is the same operation as its endpoint.
pub const OPERATIONS: &[RouteOperation] = &[
    RouteOperation::new("POST", "/v1/call-link/create-auth", ISSUE_CREATE_CREDENTIAL),
    RouteOperation::new("GET", "/v1/call-link/auth", ISSUE_LINK_CREDENTIALS),
    RouteOperation::new("GET", "/v1/params", READ_PARAMS),
    RouteOperation::new("GET", "/v1/certificate/auth/group", ISSUE_GROUP_CREDENTIALS),
    RouteOperation::new("GET", "/v1/calling/relays", ISSUE_RELAYS),
    RouteOperation::new("GET", "/v2/calling/relays", ISSUE_RELAYS),
    RouteOperation::new("GET", "/v1/accounts/whoami", IDENTIFY),
    RouteOperation::new("POST", "/v1/guests", ADD_GUEST),
    RouteOperation::new("POST", "/auth/signup", SIGN_UP),
    RouteOperation::new("POST", "/account/signup", SIGN_UP),
    RouteOperation::new("POST", "/auth/verify-email", VERIFY_EMAIL),
    RouteOperation::new("POST", "/account/verify", VERIFY_EMAIL),
    RouteOperation::new("POST", "/auth/verify-email/resend", RESEND_VERIFICATION),
    RouteOperation::new("POST", "/account/verify/resend", RESEND_VERIFICATION),
    RouteOperation::new("POST", "/auth/login", LOG_IN),
    RouteOperation::new("POST", "/auth/refresh", REFRESH),
    RouteOperation::new("POST", "/auth/logout", LOG_OUT),
    RouteOperation::new("POST", "/auth/logout-all", LOG_OUT_EVERYWHERE),
    RouteOperation::new("POST", "/auth/password-reset", REQUEST_RESET),
    RouteOperation::new("POST", "/account/reset", REQUEST_RESET),
    RouteOperation::new("POST", "/auth/password-reset/confirm", CONFIRM_RESET),
    RouteOperation::new("POST", "/account/reset/confirm", CONFIRM_RESET),
    RouteOperation::new("GET", "/.well-known/jwks.json", READ_TOKEN_KEYS),
    RouteOperation::new("GET", "/v1/devices", LIST_DEVICES),
    RouteOperation::new("POST", "/v1/devices", REGISTER_DEVICE),
    RouteOperation::new("PATCH", "/v1/devices/{id}", RENAME_DEVICE),
    RouteOperation::new("DELETE", "/v1/devices/{id}", DELETE_DEVICE),
];
