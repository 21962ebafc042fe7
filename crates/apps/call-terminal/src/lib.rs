//! A call in the terminal: on the full screen, or in plain lines for scripts and screen readers. It knows the
//! call only as the client's library shows it.

mod account;
mod conversation;
mod draft;
pub mod ending;
mod entry;
mod full_screen;
mod input;
mod known_devices;
mod layout;
pub mod own_name;
pub mod participation;
pub mod plain;
mod presence;
mod quotation;
mod role;
pub mod screen;
mod status;
mod tag;
mod typed;
mod unsaid;
mod view;
mod wait;
mod wrap;
