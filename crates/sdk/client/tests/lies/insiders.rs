//! Members that lie: real clients around a device that the test plays itself, with an account, the link and a
//! leaf of its own.

mod asking;
mod call;
mod commits;
mod insider;
mod key_packages;
mod messages;
mod mls_crypto;
mod mls_member;
mod raw_device;
mod refusals;
