//! The platform of a client, by the names that media servers use.

use serde::Serialize;

/// The platform that a `User-Agent` names. No other part of the header leaves the room service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Platform {
    DesktopLinux,
    DesktopMac,
    DesktopWindows,
    Ios,
    Android,
    Internal,
    Unknown,
}

impl Platform {
    /// Parses `<name>-<kind>/<version> <system>`. The first word gives the kind of client, and for
    /// desktops the second gives the operating system.
    pub(crate) fn of_user_agent(text: &str) -> Self {
        let mut words = text.split_ascii_whitespace();
        let product = product_name(words.next().unwrap_or_default());
        let system = words.next().unwrap_or_default();
        let of_word = |word: &str| match word.to_ascii_lowercase().as_str() {
            "desktop" => Some(Self::of_desktop(system)),
            "ios" => Some(Self::Ios),
            "android" => Some(Self::Android),
            "internal" => Some(Self::Internal),
            _ => None,
        };
        product
            .split('-')
            .find_map(of_word)
            .unwrap_or(Self::Unknown)
    }

    fn of_desktop(system: &str) -> Self {
        match product_name(system).to_ascii_lowercase().as_str() {
            "linux" => Self::DesktopLinux,
            "macos" | "mac" | "darwin" => Self::DesktopMac,
            "windows" => Self::DesktopWindows,
            _ => Self::Unknown,
        }
    }
}

/// Returns `Name` of `Name/1.2.3`.
fn product_name(word: &str) -> &str {
    word.split_once('/').map_or(word, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_of_a_user_agent_name_the_platform() {
        use Platform::{Android, DesktopLinux, DesktopMac, DesktopWindows, Internal, Ios, Unknown};
        for (text, expected) in [
            ("Signal-Desktop/7.40.0 Linux", DesktopLinux),
            ("Signal-Desktop/7.40.0 Linux 6.8.0", DesktopLinux),
            ("Signal-Desktop/7.40.0 macOS 14.5", DesktopMac),
            ("Signal-Desktop/7.40.0 macOS/14.5", DesktopMac),
            ("Signal-Desktop/7.40.0 Mac", DesktopMac),
            ("Signal-Desktop/7.40.0 Windows 10.0.22631", DesktopWindows),
            ("signal-desktop/7.40.0 windows", DesktopWindows),
            ("Signal-Desktop/7.40.0  Linux", DesktopLinux),
            ("Signal-Desktop-Beta/7.41.0-beta.1 Linux", DesktopLinux),
            ("Signal-Desktop/7.40.0", Unknown),
            ("Signal-Desktop/7.40.0 Plan9", Unknown),
            ("Signal-iOS/7.30 iOS/17.5", Ios),
            ("Signal-iOS", Ios),
            ("Signal-Android/7.20.1 Android/34", Android),
            ("Signal-Internal/1.0", Internal),
            ("Internal", Internal),
            ("Mozilla/5.0 (X11; Linux x86_64)", Unknown),
            ("okhttp/4.12 Android", Unknown),
            ("curl/8.5.0", Unknown),
            ("Linux", Unknown),
            ("SignalDesktop/7 Linux", Unknown),
            ("", Unknown),
            ("-/-", Unknown),
        ] {
            assert_eq!(Platform::of_user_agent(text), expected, "{text:?}");
        }
    }

    #[test]
    fn platforms_have_the_names_that_media_servers_know() {
        for (platform, name) in [
            (Platform::DesktopLinux, "DesktopLinux"),
            (Platform::DesktopMac, "DesktopMac"),
            (Platform::DesktopWindows, "DesktopWindows"),
            (Platform::Ios, "Ios"),
            (Platform::Android, "Android"),
            (Platform::Internal, "Internal"),
            (Platform::Unknown, "Unknown"),
        ] {
            assert_eq!(serde_json::to_value(platform).unwrap(), name);
        }
    }
}
