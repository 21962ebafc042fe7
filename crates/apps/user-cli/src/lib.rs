//! What a person does with `anteroom`: login, links, credentials and their renewal, devices of one's own, and
//! calls in the terminal. It knows the services only as a client, and keeps what it has in sealed files.

pub mod arguments;
pub mod call;
pub mod credential_auth;
pub mod credential_create;
pub mod credential_renew;
mod credentials;
mod device_secret;
mod guest_visit;
pub mod link;
mod links;
pub mod login;
mod logins;
pub mod logout;
mod notices;
pub mod own_devices;
mod pins;
pub mod relays;
mod renewal;
mod replay_counters;
mod room_session;
mod sealed_file;
mod secret_text;
mod session;
mod statement_file;
mod steps;
pub mod trust;
mod user_directory;
pub mod whoami;
