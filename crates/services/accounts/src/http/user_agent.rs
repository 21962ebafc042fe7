//! The program of a request, too coarse to tell clients apart.

use anteroom_runtime::ClientAddress;
use http::{HeaderMap, header};

use crate::domain::login::events::RequestOrigin;

/// The maximum length of a parsed header, in bytes.
const MAX_BYTES: usize = 1_024;
/// The family of programs that are not in the table.
const OTHER: &str = "other";

/// Product tokens with their families. The first one in a header decides, because browsers also
/// name products that they derive from.
const FAMILIES: [(&str, &str); 21] = [
    ("anteroom/", "Anteroom"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("okhttp/", "okhttp"),
    ("python-requests/", "python-requests"),
    ("node-fetch/", "node-fetch"),
    ("Go-http-client/", "Go-http-client"),
    ("reqwest/", "reqwest"),
    // Only Safari has its version there.
    ("Version/", "Safari"),
];

/// Returns the origin of a request, as events show it.
pub(crate) fn origin(client: ClientAddress, headers: &HeaderMap) -> RequestOrigin {
    RequestOrigin {
        client,
        user_agent: family(headers),
    }
}

/// Returns family and major version, for example `Firefox 128`; `other` for an unknown or missing
/// one.
fn family(headers: &HeaderMap) -> String {
    let header = headers.get(header::USER_AGENT);
    let text = header.and_then(|value| value.to_str().ok());
    text.filter(|text| text.len() <= MAX_BYTES)
        .and_then(known)
        .unwrap_or_else(|| OTHER.to_owned())
}

fn known(text: &str) -> Option<String> {
    FAMILIES.iter().find_map(|(product, family)| {
        if *family == "Safari" && !text.contains("Safari/") {
            return None;
        }
        let version = text
            .split([' ', ';', '(', ')'])
            .find_map(|token| token.strip_prefix(product))?;
        let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
        let is_major = (1..=4).contains(&digits.len());
        is_major.then(|| format!("{family} {digits}"))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn user_agent_as_family_and_major_version() {
        for (text, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox 128",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.6478.61 Safari/537.36",
                "Chrome 126",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68",
                "Edge 126",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari 17",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
                "Chrome 126",
            ),
            ("curl/8.5.0", "curl 8"),
            ("anteroom/0.1.0", "Anteroom 0"),
            ("okhttp/4.12.0", "okhttp 4"),
            ("", "other"),
            ("ann@example.com", "other"),
            ("Firefox/", "other"),
            ("Firefox/x", "other"),
            ("Firefox/123456789", "other"),
            ("Version/3.1", "other"),
            ("My Own Phone of Ann/1", "other"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, HeaderValue::from_str(text).unwrap());
            assert_eq!(family(&headers), expected, "{text}");
        }
        assert_eq!(family(&HeaderMap::new()), "other");
        let mut headers = HeaderMap::new();
        let long = format!("{} Firefox/128.0", "x".repeat(MAX_BYTES));
        headers.insert(header::USER_AGENT, HeaderValue::from_str(&long).unwrap());
        assert_eq!(family(&headers), "other");
        let bytes = HeaderValue::from_bytes(b"Firefox/128 \xff").unwrap();
        headers.insert(header::USER_AGENT, bytes);
        assert_eq!(family(&headers), "other");
    }
}
