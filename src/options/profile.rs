//! The shape of a configuration file: unknown keys are errors, every value keeps its position in the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::Spanned;

use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::model::time::Zone;
use crate::query::PanelTemplate;
use crate::source::server::endpoint::JaegerApi;

/// A value and its position in the file; none if the key is absent.
pub(crate) type Provided<T> = Option<Spanned<T>>;

/// The settings of one profile. The top level of a file has the same keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Profile {
    /// Attribute keys that may hold the correlation ID.
    pub(crate) keys: Provided<Vec<String>>,
    /// Services to search where a backend can search only by service.
    pub(crate) services: Provided<Vec<String>>,
    /// Topics whose consumers are not traced.
    pub(crate) external_topics: Provided<Vec<PatternConfig>>,
    /// Hosts that are not traced.
    pub(crate) external_hosts: Provided<Vec<PatternConfig>>,
    /// The share of traces that is stored, above 0 and up to 1.
    pub(crate) sampling: Provided<SamplingShare>,
    /// The zone in which times are shown and parsed.
    pub(crate) timezone: Provided<ZoneConfig>,
    /// The span backend.
    pub(crate) jaeger: JaegerSection,
    /// The log backend.
    pub(crate) loki: LokiSection,
    /// The metrics backend.
    pub(crate) prometheus: PrometheusSection,
    /// What `trace phases` queries.
    pub(crate) phases: PhasesSection,
    /// Charts to show.
    pub(crate) panels: Option<Vec<Spanned<PanelConfig>>>,
}

/// `[jaeger]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JaegerSection {
    /// Base address.
    pub(crate) url: Provided<AddressConfig>,
    /// Which of its APIs to use.
    pub(crate) api: Provided<JaegerApi>,
    /// Address of its web pages, for links.
    pub(crate) ui_url: Provided<String>,
    /// `x-tenant`.
    pub(crate) tenant: Provided<String>,
    /// How to sign in.
    pub(crate) auth: Provided<AuthConfig>,
    /// Certificates.
    pub(crate) tls: Provided<TlsConfig>,
}

/// `[loki]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LokiSection {
    /// Base address.
    pub(crate) url: Provided<AddressConfig>,
    /// Stream selector.
    pub(crate) selector: Provided<String>,
    /// `X-Scope-OrgID`.
    pub(crate) tenant: Provided<String>,
    /// Address of the page that shows log lines, for links.
    pub(crate) ui_url: Provided<String>,
    /// How to sign in.
    pub(crate) auth: Provided<AuthConfig>,
    /// Certificates.
    pub(crate) tls: Provided<TlsConfig>,
}

/// `[prometheus]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PrometheusSection {
    /// Base address.
    pub(crate) url: Provided<AddressConfig>,
    /// `X-Scope-OrgID`.
    pub(crate) tenant: Provided<String>,
    /// Address of its web pages, for links.
    pub(crate) ui_url: Provided<String>,
    /// How to sign in.
    pub(crate) auth: Provided<AuthConfig>,
    /// Certificates.
    pub(crate) tls: Provided<TlsConfig>,
}

/// `[phases]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PhasesSection {
    /// PromQL: how much of each phase is in each status.
    pub(crate) query: Provided<String>,
    /// The label that names the phase.
    pub(crate) phase_label: Provided<String>,
    /// The label that names the status.
    pub(crate) status_label: Provided<String>,
    /// The statuses that mean "in progress".
    pub(crate) in_progress: Provided<Vec<PatternConfig>>,
    /// The phases in their order.
    pub(crate) order: Provided<Vec<String>>,
    /// PromQL: storage references updated per second.
    pub(crate) storage_updates: Provided<String>,
    /// PromQL: storage references that could not be updated per second.
    pub(crate) storage_failures: Provided<String>,
}

impl Profile {
    /// A backend's address.
    pub(crate) fn url(&self, source: Source) -> Option<&Spanned<AddressConfig>> {
        match source {
            Source::Jaeger => self.jaeger.url.as_ref(),
            Source::Loki => self.loki.url.as_ref(),
            Source::Prometheus => self.prometheus.url.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// The address of a backend's web pages.
    pub(crate) fn ui_url(&self, source: Source) -> Option<&Spanned<String>> {
        match source {
            Source::Jaeger => self.jaeger.ui_url.as_ref(),
            Source::Loki => self.loki.ui_url.as_ref(),
            Source::Prometheus => self.prometheus.ui_url.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// A backend's tenant.
    pub(crate) fn tenant(&self, source: Source) -> Option<&Spanned<String>> {
        match source {
            Source::Jaeger => self.jaeger.tenant.as_ref(),
            Source::Loki => self.loki.tenant.as_ref(),
            Source::Prometheus => self.prometheus.tenant.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// How to sign in to a backend.
    pub(crate) fn auth(&self, source: Source) -> Option<&Spanned<AuthConfig>> {
        match source {
            Source::Jaeger => self.jaeger.auth.as_ref(),
            Source::Loki => self.loki.auth.as_ref(),
            Source::Prometheus => self.prometheus.auth.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// A backend's certificates.
    pub(crate) fn tls(&self, source: Source) -> Option<&Spanned<TlsConfig>> {
        match source {
            Source::Jaeger => self.jaeger.tls.as_ref(),
            Source::Loki => self.loki.tls.as_ref(),
            Source::Prometheus => self.prometheus.tls.as_ref(),
            Source::File | Source::Demo => None,
        }
    }
}

/// The keys of a file's top level that are not settings: its profiles, and which of them is the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProfileSelection {
    /// The profile to use unless a flag or variable names one.
    pub(crate) default_profile: Provided<String>,
    /// Profiles by name; they override the top level.
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// How to sign in: where the secret is, never the secret itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthConfig {
    /// User name and password.
    Basic(BasicAuthConfig),
    /// A bearer token in a file.
    BearerFile(PathBuf),
    /// A bearer token in a variable.
    BearerEnv(String),
    /// A header of any name.
    Header(HeaderAuthConfig),
    /// A program that prints a bearer token.
    Command(CommandConfig),
}

/// `{ ca, cert, key }`: files in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TlsFields")]
pub(crate) struct TlsConfig {
    /// Authorities to trust in addition to the system's.
    pub(crate) ca: Option<PathBuf>,
    /// The client certificate and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFields {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TryFrom<TlsFields> for TlsConfig {
    type Error = &'static str;
    fn try_from(fields: TlsFields) -> Result<Self, Self::Error> {
        let client = match (fields.cert, fields.key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err("`cert` and `key` are needed together"),
        };
        Ok(Self { ca: fields.ca, client })
    }
}

/// Where a secret is.
#[derive(Clone, Debug)]
pub(crate) enum SecretConfig {
    /// In a file.
    File(PathBuf),
    /// In a variable.
    Env(String),
}

/// `{ username, password_file | password_env }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BasicFields")]
pub(crate) struct BasicAuthConfig {
    /// The user name.
    pub(crate) username: String,
    /// Where the password is.
    pub(crate) password: SecretConfig,
}

/// `{ name, value_file | value_env }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "HeaderFields")]
pub(crate) struct HeaderAuthConfig {
    /// The header's name.
    pub(crate) name: String,
    /// Where its value is.
    pub(crate) value: SecretConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasicFields {
    username: String,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderFields {
    name: String,
    value_file: Option<PathBuf>,
    value_env: Option<String>,
}

impl TryFrom<BasicFields> for BasicAuthConfig {
    type Error = &'static str;
    fn try_from(fields: BasicFields) -> Result<Self, Self::Error> {
        let password = secret_config(fields.password_file, fields.password_env)
            .ok_or("exactly one of `password_file` and `password_env` is needed")?;
        Ok(Self { username: fields.username, password })
    }
}

impl TryFrom<HeaderFields> for HeaderAuthConfig {
    type Error = &'static str;
    fn try_from(fields: HeaderFields) -> Result<Self, Self::Error> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if fields.name.is_empty() || !fields.name.chars().all(is_token) {
            return Err("`name` is no header name");
        }
        let value = secret_config(fields.value_file, fields.value_env)
            .ok_or("exactly one of `value_file` and `value_env` is needed")?;
        Ok(Self { name: fields.name, value })
    }
}

/// None unless exactly one of the two is given.
fn secret_config(file: Option<PathBuf>, env: Option<String>) -> Option<SecretConfig> {
    match (file, env) {
        (Some(file), None) => Some(SecretConfig::File(file)),
        (None, Some(env)) => Some(SecretConfig::Env(env)),
        _ => None,
    }
}

/// A program and its arguments; not run by a shell. Never empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct CommandConfig(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for CommandConfig {
    type Error = &'static str;
    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(String::is_empty) { Err("a command needs a program") } else { Ok(Self(words)) }
    }
}

/// An address in a file. It may hold a password, so `Debug` does not print it.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct AddressConfig(SecretString);

impl From<String> for AddressConfig {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl AddressConfig {
    /// The address as written, to be parsed, not shown.
    pub(crate) fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// The address as a secret.
    pub(crate) fn into_secret(self) -> SecretString {
        self.0
    }
}

/// A [`Pattern`] in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PatternConfig(pub(crate) Pattern);

impl TryFrom<String> for PatternConfig {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Pattern::parse(&text).map(Self)
    }
}

/// A share, above 0 and up to 1.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct SamplingShare(pub(crate) f64);

impl TryFrom<f64> for SamplingShare {
    type Error = &'static str;
    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if share > 0.0 && share <= 1.0 { Ok(Self(share)) } else { Err("a share is above 0 and at most 1") }
    }
}

/// A [`Zone`] in a file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ZoneConfig(pub(crate) Zone);

impl TryFrom<String> for ZoneConfig {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Zone::parse(&text).map(Self).ok_or("a time zone is `local`, `utc` or an offset such as `+02:00`")
    }
}

/// `[[panels]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PanelConfig {
    name: String,
    query: String,
}

impl From<&PanelConfig> for PanelTemplate {
    fn from(text: &PanelConfig) -> Self {
        Self { name: text.name.clone(), query: text.query.clone() }
    }
}
