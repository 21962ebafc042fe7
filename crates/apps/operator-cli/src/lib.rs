//! What an operator does with `anteroom` on the machine of the services: accounts, devices, rooms, keys,
//! backups, checks, status. The commands work on the databases themselves, beside services that may run.

pub mod account;
pub mod account_add;
pub mod arguments;
pub mod backup;
pub mod device;
mod device_add;
mod device_row;
pub mod doctor;
pub mod keys;
pub mod operator_changes;
mod operator_session;
pub mod restore;
pub mod room;
pub mod status;
