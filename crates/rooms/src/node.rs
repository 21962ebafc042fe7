//! The nodes that share a database.

use url::Url;

/// A node: its region, and the base URL under which clients reach it and no other.
///
/// Call records name the node that owns the call as `<region> <url>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    region: String,
    url: Url,
}

impl Node {
    /// A region is 1 to 64 letters, digits, `-` and `_`; the URL has the scheme `http` or `https`
    /// and neither query nor fragment.
    #[must_use]
    pub fn new(region: &str, url: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let url = Url::parse(url).ok()?;
        let fits = (1..=64).contains(&region.len())
            && region.bytes().all(plain)
            && matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none();
        fits.then(|| Self {
            region: region.to_owned(),
            url,
        })
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The text in call records.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{} {}", self.region, self.url)
    }

    /// From the text in a call record.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let (region, url) = text.split_once(' ')?;
        Self::new(region, url)
    }

    /// The socket of this node.
    pub(crate) fn socket_url(&self) -> String {
        let mut url = self.at(&["v3", "conference", "socket"]);
        let scheme = match url.scheme() {
            "https" => "wss",
            _ => "ws",
        };
        // These schemes may always stand for each other.
        let _ = url.set_scheme(scheme);
        url.into()
    }

    /// Where this node answers for the participants of a call.
    pub(crate) fn participants_url(&self) -> String {
        let mut url = self.at(&["v2", "conference", "participants"]);
        url.query_pairs_mut().append_pair("region", &self.region);
        url.into()
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
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
                "https://a.example/v2/conference/participants?region=eu-1",
            ),
            (
                "http://127.0.0.1:8081/rooms/",
                "ws://127.0.0.1:8081/rooms/v3/conference/socket",
                "http://127.0.0.1:8081/rooms/v2/conference/participants?region=eu-1",
            ),
        ] {
            let node = Node::new("eu-1", url).unwrap();
            assert_eq!(Node::of_text(&node.to_text()), Some(node.clone()));
            assert_eq!(node.socket_url(), socket);
            assert_eq!(node.participants_url(), participants);
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
