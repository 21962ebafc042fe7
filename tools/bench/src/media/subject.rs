//! A media server under test.

use anteroom_bench_media::messages::NewClient;
use anyhow::Result;

use super::load::MediaLoad;

/// The names of the servers.
pub(super) const ANTEROOM: &str = "anteroom";
pub(super) const JANUS: &str = "janus";

/// A running server with one call.
pub(super) trait MediaSubject {
    /// Returns the id of its process.
    fn process(&self) -> u32;

    /// Connects a client that sends, and receives nothing.
    fn publish(&mut self, load: &mut MediaLoad, client: NewClient) -> Result<()>;

    /// Connects a client that sends nothing, and receives sound and pictures of these others.
    fn watch(&mut self, load: &mut MediaLoad, client: NewClient, senders: &[u32]) -> Result<()>;
}
