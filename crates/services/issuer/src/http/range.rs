//! The days of a batch in a request.

use std::borrow::Cow;

use anteroom_protocol::Timestamp;
use axum::extract::Query;
use http::Uri;

/// Parses `redemptionStartSeconds` and `redemptionEndSeconds` of a query, each given once and as
/// plain digits. Other members are ignored.
pub(crate) fn requested_days(uri: &Uri) -> Option<(Timestamp, Timestamp)> {
    let Query(members) = Query::<Vec<(Cow<'_, str>, Cow<'_, str>)>>::try_from_uri(uri).ok()?;
    let start = seconds(&members, "redemptionStartSeconds")?;
    let end = seconds(&members, "redemptionEndSeconds")?;
    Some((start, end))
}

fn seconds(members: &[(Cow<'_, str>, Cow<'_, str>)], wanted: &str) -> Option<Timestamp> {
    let mut values = members.iter().filter(|(name, _)| name == wanted);
    let (Some((_, digits)), None) = (values.next(), values.next()) else {
        return None;
    };
    // `parse` would accept a sign.
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_plain.then(|| digits.parse().ok()).flatten()?;
    Some(Timestamp::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::DAY;

    use super::*;

    /// An arbitrary midnight.
    const TODAY: u64 = 20_000 * DAY;

    #[test]
    fn a_query_is_read_strictly() {
        let at = Timestamp::from_secs;
        let (start, end) = (TODAY, TODAY + DAY);
        let good = format!("redemptionStartSeconds={start}&redemptionEndSeconds={end}");
        let swapped = format!("redemptionEndSeconds={end}&redemptionStartSeconds={start}");
        let refused = [
            String::new(),
            format!("redemptionStartSeconds={start}"),
            format!("redemptionEndSeconds={end}"),
            format!("redemptionstartseconds={start}&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=x&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=%2B{start}&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=-{start}&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds={start}.0&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=+{start}&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds=0x10&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds={start}&redemptionEndSeconds=99999999999999999999"),
            format!("{good}&redemptionEndSeconds={end}"),
            format!("redemptionStartSeconds={start};redemptionEndSeconds={end}"),
        ];
        for (query, expected) in [
            (&good, true),
            (&swapped, true),
            (&format!("{good}&x=y"), true),
        ]
        .into_iter()
        .chain(refused.iter().map(|query| (query, false)))
        {
            let uri: Uri = format!("/path?{query}").parse().unwrap();
            let expected = expected.then(|| (at(start), at(end)));
            assert_eq!(requested_days(&uri), expected, "{query}");
        }
        let uri: Uri = "/path".parse().unwrap();
        assert_eq!(requested_days(&uri), None);
    }
}
