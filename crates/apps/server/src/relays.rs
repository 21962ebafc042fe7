//! The relays of the settings.

use std::{num::NonZeroU64, time::Duration};

use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
};
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, ProviderUrl, RelayExperiment, RelaySecret,
    RelaySettings, RelayTtl, RelayUrl, Relays, UrlTemplate,
};
use anyhow::{Context as _, bail};

use crate::settings::{self, RelayProvider, Settings};

/// The variables with the secret of a source of relays.
struct SecretVariables {
    text: &'static str,
    file: &'static str,
}

/// Reads the secrets and sets up the relays of the settings, without a connection.
pub fn open_relays(settings: &Settings, environment: &Environment) -> anyhow::Result<Relays> {
    let longest = settings.http.request_seconds;
    let variables = SecretVariables {
        text: environment::RELAY_SECRET,
        file: environment::RELAY_SECRET_FILE,
    };
    let main = relays(&settings.relays, &variables, environment, longest).context("relays")?;
    let experiment = &settings.relay_experiment;
    let variables = SecretVariables {
        text: environment::RELAY_EXPERIMENT_SECRET,
        file: environment::RELAY_EXPERIMENT_SECRET_FILE,
    };
    let other = relays(&experiment.relays, &variables, environment, longest);
    let other = other.context("relay_experiment.relays")?;
    if other.is_none() && experiment.percent > 0 {
        bail!("relay_experiment.percent: relay_experiment.relays has no provider");
    }
    if main.is_none() && other.is_none() {
        return Ok(Relays::none());
    }
    let other = other.map(|relays| RelayExperiment {
        percent: experiment.percent,
        relays,
    });
    Relays::new(main, other, &HostResolver::system()?).context("relays or relay_experiment")
}

fn relays(
    section: &settings::RelaySettings,
    variables: &SecretVariables,
    environment: &Environment,
    longest: NonZeroU64,
) -> anyhow::Result<Option<RelaySettings>> {
    let is_http = section.provider == RelayProvider::Http;
    if section.api_url.is_some() && !is_http {
        bail!("api_url is only used with provider = \"http\"");
    }
    let provider = match section.provider {
        RelayProvider::None => return Ok(None),
        RelayProvider::Static => ProviderSettings::Static,
        RelayProvider::Coturn => ProviderSettings::Coturn {
            secret: secret(variables, environment)?,
        },
        RelayProvider::Http => ProviderSettings::Http {
            url: api_url(section)?,
            token: secret(variables, environment)?,
            timeout: Duration::from_secs(section.timeout_seconds.get()),
        },
    };
    // A request to the issuer must not time out before the provider.
    if is_http && section.timeout_seconds >= longest {
        bail!("timeout_seconds is not less than http.request_seconds");
    }
    let host = section.hostname.as_deref().context("hostname is missing")?;
    let parse = |url: &String| {
        RelayUrl::parse(url).with_context(|| format!("urls: {url:?} is no stun or turn URL"))
    };
    let parse_template = |url: &String| {
        UrlTemplate::parse(url).with_context(|| {
            format!("urls_with_ips: {url:?} is no stun or turn URL with %s for its host")
        })
    };
    Ok(Some(RelaySettings {
        provider,
        ttl: RelayTtl::from_secs(section.ttl_seconds)
            .context("ttl_seconds is not between 60 and 172800")?,
        host: HostName::parse(host)
            .with_context(|| format!("hostname: {host:?} is no name of a host"))?,
        urls: section.urls.iter().map(parse).collect::<Result<_, _>>()?,
        url_templates: section
            .urls_with_ips
            .iter()
            .map(parse_template)
            .collect::<Result<_, _>>()?,
    }))
}

fn api_url(section: &settings::RelaySettings) -> anyhow::Result<ProviderUrl> {
    let url = section.api_url.as_deref().context("api_url is missing")?;
    // The error does not quote the URL, which may contain a password.
    ProviderUrl::parse(url).context("api_url is no https URL (or http on this machine)")
}

fn secret(
    SecretVariables { text, file }: &SecretVariables,
    environment: &Environment,
) -> anyhow::Result<RelaySecret> {
    let found = environment.secret(text, file)?;
    let found = found.ok_or_else(|| {
        Failure::failed("there is no secret").next(format!("Set {file} or {text}"))
    })?;
    RelaySecret::new(found).with_context(|| {
        format!("the secret of {file} or {text} is not 16 to 4096 visible ASCII characters")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database_explanation::sentence, settings::RelayExperimentSettings};

    const SECRET: (&str, &str) = ("ANTEROOM_RELAY_SECRET", "0123456789abcdef");
    const OTHER_SECRET: (&str, &str) = ("ANTEROOM_RELAY_EXPERIMENT_SECRET", "fedcba9876543210");

    fn section(text: &str) -> settings::RelaySettings {
        toml::from_str(text).unwrap()
    }

    fn opened(
        main: &str,
        experiment: Option<(u8, &str)>,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Relays> {
        let mut settings = Settings {
            relays: section(main),
            ..Settings::default()
        };
        if let Some((percent, relays)) = experiment {
            settings.relay_experiment = RelayExperimentSettings {
                percent,
                relays: section(relays),
            };
        }
        open_relays(&settings, &Environment::of(variables))
    }

    const COTURN: &str = "provider = 'coturn'\nhostname = 'relay.example'\n\
                          urls = ['turn:relay.example:3478']\nurls_with_ips = ['turn:%s:3478']\n";
    const HTTP: &str = "provider = 'http'\nhostname = 'relay.example'\n\
                        api_url = 'https://api.example/credentials'\n";
    const STATIC: &str = "provider = 'static'\nhostname = 'relay.example'\n\
                          urls = ['stun:relay.example']\n";

    #[test]
    fn every_provider_can_be_set_up_and_so_can_an_experiment() {
        for (main, experiment, watched) in [
            ("", None, 0),
            (COTURN, None, 1),
            (HTTP, None, 1),
            (STATIC, None, 1),
            (COTURN, Some((5, HTTP)), 2),
            (COTURN, Some((0, STATIC)), 2),
            ("", Some((5, COTURN)), 1),
        ] {
            let relays = opened(main, experiment, &[SECRET, OTHER_SECRET]).unwrap();
            assert_eq!(
                relays.dependencies().len(),
                watched,
                "{main} {experiment:?}"
            );
        }
    }

    #[test]
    fn the_examples_of_the_documentation_can_be_set_up() {
        let page = include_str!("../../../../docs/operations/relays.md");
        let examples: Vec<&str> = page
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .collect();
        assert_eq!(examples.len(), 4);
        for example in examples {
            let settings: Settings = toml::from_str(example).unwrap();
            let relays = open_relays(&settings, &Environment::of(&[SECRET, OTHER_SECRET])).unwrap();
            assert_eq!(relays.dependencies().len(), 1, "{example}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_and_no_secret_is_shown() {
        let with = |base: &str, line: &str| format!("{base}{line}\n");
        let short: &[(&str, &str)] = &[("ANTEROOM_RELAY_SECRET", "0123456789abcde")];
        let none: &[(&str, &str)] = &[];
        let secret: &[(&str, &str)] = &[SECRET];
        for (main, variables, expected) in [
            (
                COTURN.to_owned(),
                none,
                "relays: there is no secret. Set ANTEROOM_RELAY_SECRET_FILE",
            ),
            (COTURN.to_owned(), short, "is not 16 to 4096"),
            (HTTP.to_owned(), none, "no secret"),
            (
                COTURN.replace("hostname", "#"),
                secret,
                "relays: hostname is missing",
            ),
            (
                COTURN.replace("'relay.example'", "'turn:relay'"),
                secret,
                "hostname: \"turn:relay\" is no name",
            ),
            (
                COTURN.replace("'turn:relay.example:3478'", "'relay.example'"),
                secret,
                "urls: \"relay.example\" is no stun or turn URL",
            ),
            (
                COTURN.replace("%s", "host"),
                secret,
                "urls_with_ips: \"turn:host:3478\"",
            ),
            (
                with(COTURN, "ttl_seconds = 59"),
                secret,
                "ttl_seconds is not between",
            ),
            (
                with(COTURN, "api_url = 'https://api.example'"),
                secret,
                "api_url is only used with",
            ),
            (
                HTTP.replace("https", "http"),
                secret,
                "api_url is no https URL",
            ),
            (HTTP.replace("api_url", "#"), secret, "api_url is missing"),
            (
                with(HTTP, "timeout_seconds = 20"),
                secret,
                "timeout_seconds is not less than",
            ),
            (
                with(HTTP, "urls = ['turn:relay.example']"),
                secret,
                "those of the provider's answers",
            ),
            (
                STATIC.replace("stun:", "turn:"),
                none,
                "turn:relay.example is no STUN URL",
            ),
        ] {
            let shown = sentence(&opened(&main, None, variables).unwrap_err());
            assert!(shown.contains(expected), "{shown:?} lacks {expected:?}");
            assert!(!shown.contains("0123456789"), "{shown}");
        }
        for (percent, other, expected) in [
            (5, "", "relay_experiment.percent"),
            (101, STATIC, "101 percent"),
            (5, COTURN, "ANTEROOM_RELAY_EXPERIMENT_SECRET"),
        ] {
            let error = opened(COTURN, Some((percent, other)), &[SECRET]).unwrap_err();
            let shown = sentence(&error);
            assert!(shown.contains(expected), "{shown:?} lacks {expected:?}");
        }
    }
}
