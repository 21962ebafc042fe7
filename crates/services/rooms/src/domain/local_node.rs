//! This node among the nodes that share a database.

use anteroom_store::{CallRecord, NodeName, NodeNameError};

use super::node::Node;

/// This node, as an owner of calls.
#[derive(Clone)]
pub(crate) struct LocalNode {
    name: NodeName,
    node: Node,
    has_media_servers: bool,
}

impl LocalNode {
    /// # Errors
    /// The text of the node is too long for call records.
    pub(crate) fn new(node: Node, has_media_servers: bool) -> Result<Self, NodeNameError> {
        Ok(Self {
            name: NodeName::parse(&node.to_text())?,
            node,
            has_media_servers,
        })
    }

    /// Returns the name in call records.
    pub(crate) const fn name(&self) -> &NodeName {
        &self.name
    }

    /// Returns whether this node's calls run on media servers.
    pub(crate) const fn has_media_servers(&self) -> bool {
        self.has_media_servers
    }

    pub(crate) fn region(&self) -> &str {
        self.node.region()
    }

    /// Returns the other node at which the call must be joined; `None` if this node can answer.
    ///
    /// An embedded call lives in one node; a call on a media server can be joined from every node
    /// of its region.
    pub(crate) fn owner_elsewhere(&self, call: &CallRecord) -> Option<Node> {
        if call.node == self.name {
            return None;
        }
        let Some(owner) = Node::of_text(call.node.as_str()) else {
            tracing::warn!("a call's record names its node in an unknown form");
            return None;
        };
        let reachable = self.has_media_servers && owner.region() == self.region();
        (!reachable).then_some(owner)
    }

    /// Returns the URL that redirects a request about participants to the node that owns the call.
    pub(crate) fn participants_url(&self, owner: &Node) -> String {
        owner.participants_url(self.region())
    }
}
