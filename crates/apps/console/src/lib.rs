//! The parts that the crates of the program share on one machine: the data directory and the file of
//! addresses in it, the `ANTEROOM_*` variables, output to a person, questions, failures and exit
//! statuses. It knows no service.

pub mod context;
pub mod data_dir;
pub mod device_report;
pub mod environment;
pub mod exit_status;
pub mod explanation;
pub mod failure;
pub mod fields;
pub mod files;
pub mod listen;
pub mod os;
pub mod own_account;
mod ownership;
pub mod password;
pub mod progress;
pub mod public_params;
pub mod qr;
pub mod report;
mod service_link;
pub mod shutdown;
pub mod terminal;
