//! The link in a pasted command.

/// Returns the link of a pasted command such as the last line of `link create`, or else the text.
pub(super) fn link(text: &str) -> &str {
    let is_program = |word: &str| word.rsplit('/').next() == Some("anteroom");
    let is_command = |text: &str| {
        let line = text.lines().next().unwrap_or_default();
        let start = line.split("http").next().unwrap_or_default();
        start.split_whitespace().any(is_program)
    };
    let mut command = text;
    while !is_command(command) {
        let Some((_, rest)) = command.split_once('\n') else {
            return text;
        };
        command = rest;
    }
    let start = command.find("http");
    let Some((before, link)) = start.and_then(|at| command.split_at_checked(at)) else {
        return text;
    };
    let quoted = before.chars().last().filter(|last| "'\"".contains(*last));
    match quoted {
        Some(quote) => link.split_once(quote).map_or(link, |(link, _)| link),
        None => match link.split_once(char::is_whitespace) {
            // Anything but a flag may be the rest of the link.
            Some((link, rest)) if rest.trim_start().starts_with('-') => link,
            _ => link,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_of_a_pasted_command_is_taken_and_no_link_loses_its_rest() {
        let url = "http://127.0.0.1:8081/call/#key=a&params=b";
        for (text, expected) in [
            (format!("anteroom call join '{url}' --as NAME\n"), url),
            (format!("$ ./anteroom link show \"{url}\""), url),
            (format!("anteroom call join {url} --as Ann"), url),
            (format!("anteroom call join {url}"), url),
            (
                format!("Created.\n\n{url}\n\nanteroom call join '{url}' --as NAME\n"),
                url,
            ),
            (
                "anteroom call join http://a/call/#key=a &params=b".to_owned(),
                "http://a/call/#key=a &params=b",
            ),
            (
                "anteroom call join 'http://a/call/#key=a\n&params=b' --as NAME".to_owned(),
                "http://a/call/#key=a\n&params=b",
            ),
            (url.to_owned(), url),
            ("296c1c70".to_owned(), "296c1c70"),
        ] {
            assert_eq!(link(&text), expected, "{text}");
        }
        let other = format!("see {url}");
        assert_eq!(link(&other), other);
    }
}
