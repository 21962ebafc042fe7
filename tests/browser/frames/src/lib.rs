//! The sealing of frames for the pages of the browser tests: `anteroom-e2ee` as a module of WebAssembly.
//!
//! A test tool: the functions take the keys of an epoch as they come, and the worker of the page
//! (`tests/browser/media/worker.mjs`) calls them. The crate has code for browsers alone.
#![forbid(unsafe_code)]

#[cfg(target_arch = "wasm32")]
pub mod exports;
