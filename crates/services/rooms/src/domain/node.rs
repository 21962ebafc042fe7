//! The nodes that share a database.

use anteroom_store::{CallRecord, NodeName, NodeNameError};
use url::{Url, form_urlencoded};

/// The query parameter that names the region of the node that redirects a client.
const REGION: &str = "region";

/// The name of a region: 1 to 64 letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region(String);

impl Region {
    const MAX_LENGTH: usize = 64;

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the region in the query of a request, which the redirect of another node adds. A
    /// malformed or repeated parameter counts as none, so that it never fails a join.
    pub(crate) fn of_query(query: &str) -> Option<Self> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut regions = pairs.filter(|(name, _)| name == REGION);
        match (regions.next(), regions.next()) {
            (Some((_, region)), None) => Self::parse(&region),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A node: its region, and the base URL under which clients reach this node alone.
///
/// Call records name the node that owns the call as `<region> <url>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    region: Region,
    url: Url,
}

impl Node {
    /// Creates a node; `None` unless the region has 1 to 64 letters, digits, `-` and `_`, and the
    /// URL has the scheme `http` or `https` and neither query nor fragment.
    #[must_use]
    pub fn new(region: &str, url: &str) -> Option<Self> {
        Some(Self {
            region: Region::parse(region)?,
            url: base_url(url)?,
        })
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.region.as_str()
    }

    /// Returns the text in call records.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{} {}", self.region(), self.url)
    }

    /// Parses the text of a call record.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let (region, url) = text.split_once(' ')?;
        Self::new(region, url)
    }

    /// Returns the URL of this node's socket.
    pub(crate) fn socket_url(&self) -> String {
        let mut url = url_below(&self.url, &["v3", "conference", "socket"]);
        let scheme = match url.scheme() {
            "https" => "wss",
            _ => "ws",
        };
        // `http` and `https` can always be replaced by `ws` and `wss`.
        let _ = url.set_scheme(scheme);
        url.into()
    }

    /// Returns the URL under which this node answers for the participants of a call. Its query
    /// names the region of the redirecting node.
    pub(crate) fn participants_url(&self, sender: &str) -> String {
        let mut url = url_below(&self.url, &["v2", "conference", "participants"]);
        url.query_pairs_mut().append_pair(REGION, sender);
        url.into()
    }
}

/// This node, as an owner of calls.
#[derive(Clone)]
pub(crate) struct LocalNode {
    /// The name in call records.
    pub(crate) name: NodeName,
    node: Node,
    /// Whether this node's calls run on media servers.
    pub(crate) has_media_servers: bool,
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

/// Parses a URL with the scheme `http` or `https`, without query and fragment.
pub(crate) fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    fits.then_some(url)
}

/// Returns the URL of a path below a base URL.
pub(crate) fn url_below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_found_again_from_its_text_and_says_where_calls_are_joined() {
        for (url, socket, participants) in [
            (
                "https://a.example",
                "wss://a.example/v3/conference/socket",
                "https://a.example/v2/conference/participants?region=us-2",
            ),
            (
                "http://127.0.0.1:8081/rooms/",
                "ws://127.0.0.1:8081/rooms/v3/conference/socket",
                "http://127.0.0.1:8081/rooms/v2/conference/participants?region=us-2",
            ),
        ] {
            let node = Node::new("eu-1", url).unwrap();
            assert_eq!(Node::of_text(&node.to_text()), Some(node.clone()));
            assert_eq!(node.socket_url(), socket);
            assert_eq!(node.participants_url("us-2"), participants);
        }
    }

    #[test]
    fn a_region_in_a_query_counts_if_it_stands_once_and_is_a_name() {
        let longest = "r".repeat(64);
        for (query, expected) in [
            ("region=us-2".to_owned(), Some("us-2")),
            ("a=b&region=eu_1&c".to_owned(), Some("eu_1")),
            ("region=eu%2D1".to_owned(), Some("eu-1")),
            (format!("region={longest}"), Some(longest.as_str())),
            (format!("region={longest}r"), None),
            (String::new(), None),
            ("region".to_owned(), None),
            ("region=".to_owned(), None),
            ("region=eu+1".to_owned(), None),
            ("region=%ff".to_owned(), None),
            ("region=%0d%0a".to_owned(), None),
            ("region=eu&region=eu".to_owned(), None),
            ("Region=eu".to_owned(), None),
        ] {
            let region = Region::of_query(&query);
            let region = region.as_ref().map(Region::as_str);
            assert_eq!(region, expected, "{query}");
        }
    }

    #[test]
    fn malformed_names_are_refused() {
        for (region, url) in [
            ("", "https://a.example"),
            ("eu 1", "https://a.example"),
            ("eu", "a.example"),
            ("eu", "ftp://a.example"),
            ("eu", "https://a.example/?x=1"),
        ] {
            assert_eq!(Node::new(region, url), None, "{region} {url}");
        }
    }
}
