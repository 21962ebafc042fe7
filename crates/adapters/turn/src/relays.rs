//! The sources of relays, and the choice between them for a user.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{Dependency, DependencyState, Health, Pseudonym};
use async_trait::async_trait;

use crate::{
    HostName, HostResolver, ProviderSettings, Relay, RelayError, RelayExperiment, RelaySecret,
    RelaySettings, RelaySettingsError, RelayTtl, RelayUrl, UrlTemplate, coturn,
    provider_api::ProviderApi, relay::Credentials,
};

/// A user, as relays may know it.
#[derive(Clone, Copy, Debug)]
pub struct RelayUser {
    /// The name in the relay's log. It changes each day, so that the relay cannot follow an
    /// account.
    pub name: Pseudonym,
    /// The hundredth of all accounts that the user is in, 0 to 99. It is constant.
    pub percentile: u8,
}

/// Issues credentials for relays. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Relays {
    main: Option<Arc<RelaySource>>,
    experiment: Option<Experiment>,
}

#[derive(Clone, Debug)]
struct Experiment {
    percent: u8,
    source: Arc<RelaySource>,
}

#[derive(Debug)]
struct RelaySource {
    /// The name in the readiness report.
    label: &'static str,
    provider: Provider,
    ttl: RelayTtl,
    host: HostName,
    urls: Vec<RelayUrl>,
    url_templates: Vec<UrlTemplate>,
    resolver: HostResolver,
    /// Whether the last look-up of the host failed.
    host_unknown: AtomicBool,
    state: DependencyState,
}

#[derive(Debug)]
enum Provider {
    Coturn(RelaySecret),
    Http(ProviderApi),
    Static,
}

impl Relays {
    /// Creates a source without relays.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates the sources from their settings. An experiment may stand alone.
    ///
    /// # Errors
    /// When the settings do not fit together.
    pub fn new(
        main: Option<RelaySettings>,
        experiment: Option<RelayExperiment>,
        resolver: &HostResolver,
    ) -> Result<Self, RelaySettingsError> {
        let main = main.map(|settings| RelaySource::new("relays", settings, resolver));
        let experiment = experiment.map(|experiment| {
            let RelayExperiment { percent, relays } = experiment;
            if percent > 100 {
                return Err(RelaySettingsError::Percent(percent));
            }
            let source = Arc::new(RelaySource::new("relays-experiment", relays, resolver)?);
            Ok(Experiment { percent, source })
        });
        Ok(Self {
            main: main.transpose()?.map(Arc::new),
            experiment: experiment.transpose()?,
        })
    }

    /// Issues credentials for a user, valid from `now` on; `None` if no relays are configured.
    ///
    /// If the relay's host cannot be resolved, the answer still has the URLs by name: the client
    /// may use another name server.
    ///
    /// # Errors
    /// When the provider gave no credentials.
    pub async fn issue(
        &self,
        user: RelayUser,
        now: Timestamp,
    ) -> Result<Option<Relay>, RelayError> {
        match self.source_for(user) {
            None => Ok(None),
            Some(source) => source.issue(user.name, now).await.map(Some),
        }
    }

    /// Returns the dependencies for the readiness report: each source, with its state after its
    /// last use.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Arc<dyn Dependency>> {
        let experiment = self
            .experiment
            .as_ref()
            .map(|experiment| &experiment.source);
        self.main
            .iter()
            .chain(experiment)
            .map(|source| Arc::clone(source) as Arc<dyn Dependency>)
            .collect()
    }

    fn source_for(&self, user: RelayUser) -> Option<&RelaySource> {
        match &self.experiment {
            Some(experiment) if user.percentile < experiment.percent => Some(&experiment.source),
            _ => self.main.as_deref(),
        }
    }
}

impl RelaySource {
    fn new(
        label: &'static str,
        settings: RelaySettings,
        resolver: &HostResolver,
    ) -> Result<Self, RelaySettingsError> {
        check_urls(&settings)?;
        let RelaySettings {
            provider,
            ttl,
            host,
            urls,
            url_templates,
        } = settings;
        let provider = match provider {
            ProviderSettings::Coturn { secret } => Provider::Coturn(secret),
            ProviderSettings::Http {
                url,
                token,
                timeout,
            } => Provider::Http(ProviderApi::new(url, &token, timeout)?),
            ProviderSettings::Static => Provider::Static,
        };
        Ok(Self {
            label,
            provider,
            ttl,
            host,
            urls,
            url_templates,
            resolver: resolver.clone(),
            host_unknown: AtomicBool::new(false),
            state: DependencyState::default(),
        })
    }

    async fn issue(&self, user: Pseudonym, now: Timestamp) -> Result<Relay, RelayError> {
        let given = self.credentials(user, now);
        let (given, urls_with_ips) = tokio::join!(given, self.urls_with_ips());
        match &given {
            Ok(_) => {
                self.state.succeeded();
            }
            // No request was sent, so that the state does not change.
            Err(RelayError::CircuitOpen) => {}
            Err(_) => {
                self.state.failed();
            }
        }
        let (Credentials { username, password }, urls) = given.inspect_err(|error| {
            tracing::error!(%error, relays = self.label, "no credentials for relays");
        })?;
        Ok(Relay {
            username,
            password,
            ttl: self.ttl,
            urls: urls.iter().map(ToString::to_string).collect(),
            urls_with_ips,
            hostname: self.host.to_string(),
        })
    }

    async fn credentials(
        &self,
        user: Pseudonym,
        now: Timestamp,
    ) -> Result<(Credentials, Vec<RelayUrl>), RelayError> {
        match &self.provider {
            Provider::Coturn(secret) => {
                let credentials = coturn::credentials(secret, user, now, self.ttl);
                Ok((credentials, self.urls.clone()))
            }
            Provider::Http(api) => api.credentials(now, self.ttl).await,
            Provider::Static => Ok((Credentials::none(), self.urls.clone())),
        }
    }

    async fn urls_with_ips(&self) -> Vec<String> {
        if self.url_templates.is_empty() {
            return Vec::new();
        }
        let addresses = self.resolver.addresses(&self.host).await;
        if self
            .host_unknown
            .swap(addresses.is_none(), Ordering::AcqRel)
            != addresses.is_none()
        {
            match &addresses {
                None => {
                    tracing::error!(parent: None, relays = self.label, "a relay's host has no address");
                }
                Some(_) => {
                    tracing::info!(parent: None, relays = self.label, "a relay's host has addresses again");
                }
            }
        }
        let addresses = addresses.unwrap_or_default();
        let fill_all = |template: &UrlTemplate| {
            let filled = addresses.iter().map(|address| template.fill(*address));
            filled.collect::<Vec<_>>()
        };
        self.url_templates.iter().flat_map(fill_all).collect()
    }
}

#[async_trait]
impl Dependency for RelaySource {
    fn name(&self) -> &'static str {
        self.label
    }

    /// Most calls, and all other operations, work without a relay.
    fn required(&self) -> bool {
        false
    }

    /// Returns the last known state. It sends no request, because readiness must not cost
    /// credentials.
    async fn check(&self) -> Health {
        let provider = match &self.provider {
            Provider::Http(api) => api.health(),
            Provider::Coturn(_) | Provider::Static => Health::Ok,
        };
        match self.host_unknown.load(Ordering::Acquire) {
            true => provider.max(Health::Degraded),
            false => provider,
        }
    }

    /// Fails while no credentials are issued.
    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state)
    }
}

fn check_urls(settings: &RelaySettings) -> Result<(), RelaySettingsError> {
    let RelaySettings {
        provider,
        urls,
        url_templates,
        ..
    } = settings;
    match (provider, urls.is_empty()) {
        (ProviderSettings::Http { .. }, false) => Err(RelaySettingsError::UrlsFromProvider),
        (ProviderSettings::Coturn { .. } | ProviderSettings::Static, true) => {
            Err(RelaySettingsError::NoUrls)
        }
        (ProviderSettings::Static, false) => {
            let url = urls.iter().find(|url| url.needs_credentials());
            let template = url_templates.iter().find(|url| url.needs_credentials());
            let unusable = url.map(ToString::to_string);
            match unusable.or_else(|| template.map(ToString::to_string)) {
                Some(url) => Err(RelaySettingsError::NoCredentialsFor(url)),
                None => Ok(()),
            }
        }
        (ProviderSettings::Http { .. }, true) | (ProviderSettings::Coturn { .. }, false) => Ok(()),
    }
}
