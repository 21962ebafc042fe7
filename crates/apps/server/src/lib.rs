//! Settings, and both services put together: databases, adapters, listeners, logging. The program and the
//! harnesses of tests start the services from here. It is the only crate that names adapters and reads the
//! configuration.

pub mod checks;
pub mod database;
pub mod database_explanation;
pub mod databases;
pub mod descriptors;
pub mod disk;
pub mod installation;
pub mod logging;
pub mod mail;
pub mod master_key;
pub mod media;
pub mod oidc;
pub mod params;
pub mod relays;
pub mod serve;
pub mod services;
pub mod settings;
mod supervisor;
mod tls;
